"""Claims held against the evidence: what was found, the verdict, and the wording it allows."""
