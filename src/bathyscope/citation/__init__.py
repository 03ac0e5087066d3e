"""Support of an answer: which passage, and which sentence of it, each of its sentences owes."""
