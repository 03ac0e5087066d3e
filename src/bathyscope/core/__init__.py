"""Foundations of every room: maps, errors, files, progress, intervals, ranks."""
