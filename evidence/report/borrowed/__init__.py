"""What is borrowed from other people: its block of a result, its tables and words."""
