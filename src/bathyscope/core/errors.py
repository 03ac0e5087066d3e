"""What can go wrong, as one family of exceptions.

Every message is one sentence or two for a person: what came, what was expected, what to do.

    BathyscopeError
    ├── InputError     the caller gave something that cannot be used   (exit code 2)
    └── ModelError     a model cannot be obtained, loaded or trusted   (exit code 2)
"""


class BathyscopeError(Exception):
    """Base of every error that bathyscope raises on purpose."""


class InputError(BathyscopeError):
    """A prompt, target, table, path or option cannot be used as given."""


class ModelError(BathyscopeError):
    """A model cannot be found, obtained, loaded, or its anatomy does not hold up to the check."""
