"""Risk of bias: tools, proposals from answers, judgements, and the low-risk-only analysis."""
