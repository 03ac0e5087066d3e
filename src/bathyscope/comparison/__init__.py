"""Two maps beside each other: which entries are the same, and what changed between them."""
