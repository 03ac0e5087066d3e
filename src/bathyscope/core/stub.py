"""Homes of public names, read from the stub that type checkers read, so that each stands once."""

import ast
from pathlib import Path


def homes_in(stub: Path) -> dict[str, str]:
    """Return the module of every name that a stub imports under that very name."""
    return {
        alias.name: node.module
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname == alias.name
    }
