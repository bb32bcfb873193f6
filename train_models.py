"""Short for `aimusic train`."""

import sys

from aimusic.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
