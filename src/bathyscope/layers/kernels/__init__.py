"""Rows of logits compared: compiled C, and PyTorch as reference and fallback."""
