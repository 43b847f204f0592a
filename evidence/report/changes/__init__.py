"""The living diff: which numbers, ratings and sentences moved between data releases, and why."""
