"""Games, budgets, and methods that share a game's value among its features. NumPy only."""
