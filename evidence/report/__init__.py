"""What we say: figures, tables, wording, building and verifying."""
