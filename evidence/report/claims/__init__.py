"""The claims page and its files."""
