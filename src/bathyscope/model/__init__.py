"""The only place that knows transformers: loading, tokens, anatomy, log-probabilities."""
