"""Think@n, and the rules by which answers are read from texts."""
