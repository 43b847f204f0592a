"""The second answer, from all that was said: its block of a result, its tables and words."""
