"""Tables for the terminal, by rich."""
