"""The demo: three maps of the bundled model, and a page."""
