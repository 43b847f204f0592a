"""Multilevel and multivariate meta-analysis: several effects a study, at any number of levels."""
