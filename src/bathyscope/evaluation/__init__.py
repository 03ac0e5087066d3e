"""From a saved map, or a prompt and some methods, to how faithful the maps are."""
