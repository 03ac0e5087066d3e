"""Tasks: what the authors of Pattern-CoT and Auto-CoT fixed for each data set."""

from dataclasses import dataclass

from bathyscope.core.errors import InputError, advice

_ARITHMETIC = ("+", "-", "*", "/", "%", "÷", "=")


@dataclass(frozen=True)
class Task:
    """A data set as both procedures know it.

    Attributes:
        name: What its authors' programs call it.
        symbols: What a reasoning pattern is made of, in this order; None where Pattern-CoT has no
            list for it.
        num_clusters: How many demonstrations there are to be.
        is_arithmetic: Whether an answer must be found at the end of its rationale.
        most_lines: Auto-CoT's limit for a rationale.
    """

    name: str
    symbols: tuple[str, ...] | None
    num_clusters: int = 8
    is_arithmetic: bool = False
    most_lines: int = 5

    def required_symbols(self) -> tuple[str, ...]:
        """Return the symbols.

        Raises:
            InputError: Pattern-CoT has none for this task.
        """
        if self.symbols is None:
            having = ", ".join(task.name for task in TASKS.values() if task.symbols)
            raise InputError(
                f"Pattern-CoT has no symbols for the task {self.name!r}; it has them for {having}: "
                "choose one of these, or --by auto-cot."
            )
        return self.symbols


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "gsm8k",
            ("more", "less", "twice", "half", "+", "-", "*", "/"),
            is_arithmetic=True,
        ),
        *(
            Task(name, _ARITHMETIC, is_arithmetic=True)
            for name in ("svamp", "addsub", "multiarith", "singleeq")
        ),
        Task("aqua", ("+", "-", "*", "/", "π", "√", "sqrt", "^", "°", "log", ":", "="), 4),
        Task("coin_flip", ("heads up", "tails up")),
        Task(
            "bigbench_date",
            # The last one is spelled so by its authors; right spellings do not count.
            (" day ", "week", "month", "year", "ago", "yesterday", "tommorrow"),
        ),
        Task("object_tracking", ("swap", "switch", "trade", "exchange")),
        Task("last_letters", None, 4, most_lines=7),
        Task("commonsensqa", None, 7),
        Task("strategyqa", None, 6),
    )
}
"""The tasks by the names that the authors' programs take."""


def require_task(name: str | None) -> Task:
    """Return a task by its name; - and _ are one.

    Raises:
        InputError: There is none of this name, or none is named.
    """
    if name is None:
        raise InputError(f"This needs a --task, whose rules hold; {advice('', TASKS)}.")
    written = name.lower().replace("-", "_")
    if written not in TASKS:
        raise InputError(f"The task {name!r} is not known; {advice(written, TASKS)}.")
    return TASKS[written]
