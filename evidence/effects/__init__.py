"""What each trial shows: from printed figures to estimates with standard errors."""
