"""Summaries of bathyscope's own lenses; free of torch, so that lists can say them."""

GROUP = "bathyscope.lenses"
"""Entry points by which other packages bring lenses."""

SUMMARIES = {
    "norm": "read through the final norm (the usual logit lens)",
    "raw": "read without the final norm",
    "tuned": "read through affine translators trained for each layer (the tuned lens)",
    "jacobian": "read through their average effect on the last layer (the Jacobian lens)",
}
"""Completes "Intermediate layers are …" for a lens by its name."""
