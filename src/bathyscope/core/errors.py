"""What can go wrong, as one family of exceptions.

Every message is one sentence or two for a person: what came, what was expected, what to do.

    BathyscopeError
    ├── InputError     the caller gave something that cannot be used   (exit code 2)
    ├── ModelError     a model cannot be obtained, loaded or trusted   (exit code 2)
    └── WriteError     what was computed cannot be written             (exit code 1)
"""

from pathlib import Path


class BathyscopeError(Exception):
    """Base of every error that bathyscope raises on purpose."""


class InputError(BathyscopeError):
    """A prompt, target, table, path or option cannot be used as given."""


class ModelError(BathyscopeError):
    """A model cannot be found, obtained, loaded, or its anatomy does not hold up to the check."""


class WriteError(BathyscopeError):
    """A file or folder cannot be written; nothing of it is left.

    Attributes:
        reason: What the file system said.
    """

    def __init__(self, path: Path, reason: str) -> None:
        """Say so of a path."""
        super().__init__(f"{path} cannot be written ({reason}); nothing half-written is left.")
        self.reason = reason
