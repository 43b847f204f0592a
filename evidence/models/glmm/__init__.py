"""Generalised linear mixed models of counts: one or two groups, exact and approximate."""
