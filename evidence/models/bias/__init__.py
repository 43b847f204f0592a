"""Small-study effects and selective publication: tests, corrections and selection models."""
