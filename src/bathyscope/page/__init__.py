"""One interactive HTML file: maps and text of an answer, linked. Knows runs, nothing of models."""
