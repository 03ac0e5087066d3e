"""How bathyscope's own lenses read, in words; free of torch, so that descriptions can say it."""

SUMMARIES = {
    "norm": "read through the final norm (the usual logit lens)",
    "raw": "read without the final norm",
    "tuned": "read through affine translators trained for each layer (the tuned lens)",
}
"""Completes "Intermediate layers are …" for a lens by its name."""
