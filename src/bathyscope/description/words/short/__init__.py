"""The short account of each kind of run: one paragraph that says the most important first."""
