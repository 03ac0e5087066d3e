"""Estimates with intervals where observations of one record belong together."""
