"""Results: a map with the numbers that belong to it, saved and opened whole."""
