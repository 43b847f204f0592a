"""A report as a tree of blocks, written once, and its four forms: HTML, PDF, DOCX, Markdown."""
