"""The pages on the whole project: the body of evidence and what it counts."""
