"""Calibration: whether posteriors and intervals are as often right as they say, by simulation."""
