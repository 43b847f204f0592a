"""How sure we are of it: audit of the data, risk of bias, certainty, claims."""
