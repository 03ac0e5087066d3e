"""This process: one shard after the other."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bathyscope.core.errors import InputError
from bathyscope.study.engines.engine import Engine, EngineOptions, Finished

if TYPE_CHECKING:
    from bathyscope.study.questions import Shard
    from bathyscope.study.work import Work


class Here(Engine):
    """This process, on as many threads as torch uses."""

    name = "here"
    summary = "this process"
    here = True

    def __init__(self, options: EngineOptions) -> None:
        """Take no options: there is one process.

        Raises:
            InputError: More than one is asked for.
        """
        if options.workers not in (None, 1):
            raise InputError(
                f"This process is one worker, not {options.workers}; choose --engine processes."
            )

    def results(self, work: "Work", shards: "Sequence[Shard]") -> Iterator[Finished]:
        """Yield each shard when it is done."""
        worker = work.begin()
        for shard in shards:
            yield Finished(worker(shard), worker.provenance)
