"""Progress of long work, told without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Receives the state of one stage of work each time it changes."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note.

        Args:
            stage: What is being done, in words a person reads.
            done: Units finished so far.
            total: Units in all, or None where that is not known.
        """


def silent(stage: str, done: int, total: int | None) -> None:
    """Listen to nothing: the default of every library function."""
