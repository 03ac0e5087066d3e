"""Maps from files and objects of other tools: one file for each format, one way in for each."""
