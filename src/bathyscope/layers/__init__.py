"""How deep each token was decided: divergence of every layer's prediction from the last one's."""
