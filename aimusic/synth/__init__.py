"""From a score to sound: instruments, effects, mix and master, all in NumPy and SciPy."""
