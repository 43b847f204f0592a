"""Synthesis from what was reported only in part."""
