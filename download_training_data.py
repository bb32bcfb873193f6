"""Short for `aimusic download`."""

import sys

from aimusic.cli import main

if __name__ == "__main__":
    main(["download", *sys.argv[1:]])
