"""The multiverse: every combination of defensible choices of an analysis, answered together."""
