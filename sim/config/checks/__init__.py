"""Checks of a study as a whole, one file for each theme; each yields problems and knows nothing of the others."""
