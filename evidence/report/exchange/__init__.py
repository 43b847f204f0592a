"""Exchange with other software: what goes out, and how what comes in is rerun."""
