"""Dose-response meta-analysis: trends over doses that share a reference, pooled over studies."""
