"""Depth: what each layer would say, and where tokens settle."""
