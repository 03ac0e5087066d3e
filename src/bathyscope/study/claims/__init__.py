"""Claims about a study: a small language, and what becomes of it."""
