"""Ratios of bathyscope against other tools, measured side by side."""
