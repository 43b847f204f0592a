"""Dependence without a full model: sandwich estimators, aggregation, assumed correlations."""
