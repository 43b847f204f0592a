"""The coherence gate: every built form of a report, read back and compared with its result."""
