"""The folder where converted models, compiled functions and evaluations are kept."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return bathyscope's cache: `BATHYSCOPE_CACHE`, else the user's cache folder (XDG)."""
    chosen = os.environ.get("BATHYSCOPE_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("bathyscope")
