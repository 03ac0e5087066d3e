"""Maps as pictures, tables and words. Knows maps and runs, nothing of models."""
