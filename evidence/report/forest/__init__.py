"""Forest plots of results: what is drawn, as data, and the marks on the sheet."""
