"""Faithfulness: what removing what a map marks does to the answer."""
