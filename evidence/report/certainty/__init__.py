"""Certainty after GRADE: its block of a result, Summary of Findings, evidence profile."""
