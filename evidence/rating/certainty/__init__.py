"""Certainty of a body of evidence after GRADE: computed inputs, a suggestion, a judgement."""
