"""Borrowing across populations, and the mixture priors that carry what is borrowed."""
