"""Risk of bias: its block of a result, its tables and words."""
