"""Rules by which an answer is read from a text, one file each, and the vote over answers."""
