"""What was printed: sources, numbers, studies, questions, and the words they may use."""
