"""Bayesian meta-analysis: exact by quadrature, and sampled as a second answer."""
