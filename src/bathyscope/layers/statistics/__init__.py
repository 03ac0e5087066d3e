"""Layer statistics: what else a layer's prediction is asked. One file for each."""
