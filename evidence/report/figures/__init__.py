"""Figures of a meta-analysis: each is a Plot, drawn with the numbers it was drawn from."""
