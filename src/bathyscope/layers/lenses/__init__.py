"""Lenses: how the state of an intermediate layer is read. One file for each."""
