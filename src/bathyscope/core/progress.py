"""Progress of long work, told without knowing who listens."""

from typing import Protocol

from bathyscope.core.keywords import keywords_checked


class Progress(Protocol):
    """Receives the state of one stage of work each time it changes."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note.

        Args:
            stage: What is being done, in words a person reads.
            done: Units finished so far.
            total: Units in all, or None where that is not known.
        """


class _Switch:
    """Switch of the bars that are shown where nobody else listens."""

    shown = True


@keywords_checked
def progress(shown: bool = True) -> None:
    """Show bars for work of more than two seconds, or none from now on.

    They are shown unless this is called with False: in a notebook by tqdm, in a terminal by rich,
    elsewhere not at all. Whoever gives a verb a listener of its own (`progress=`) hears of every
    step and sees no bar.

    Args:
        shown: False for silence.
    """
    _Switch.shown = bool(shown)


def standard(stage: str, done: int, total: int | None) -> None:
    """Show a bar, as `progress` says: the default of every library function."""
    if _Switch.shown:
        from bathyscope.core.bars import BARS

        BARS(stage, done, total)


def silent(stage: str, done: int, total: int | None) -> None:
    """Listen to nothing."""
