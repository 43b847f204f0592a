"""Meta-regression: mixed-effects models with moderators of the effect and of its spread."""
