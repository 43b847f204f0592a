"""Network meta-analysis: several treatments compared at once, directly and indirectly."""
