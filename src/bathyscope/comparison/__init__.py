"""Comparison of two maps: which entries are the same, and what changed between them."""
