"""Plausibility audit: checks that find what extraction and typesetting get wrong."""
