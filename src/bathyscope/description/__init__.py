"""Descriptions of maps in words, computed from their numbers."""
