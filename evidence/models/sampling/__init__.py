"""Hierarchical models without a closed form, built in PyMC and sampled with nutpie."""
