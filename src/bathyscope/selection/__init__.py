"""Choosing demonstrations from a pool of worked examples, and whether the choice pays."""
