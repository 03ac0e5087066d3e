"""Facts as sentences. Every sentence says a fact that was handed over, and none but these."""
