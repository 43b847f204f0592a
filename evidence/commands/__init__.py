"""The commands of the command line, by subject: what each takes, and what it does."""
