"""`select`: demonstrations chosen from a pool."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from bathyscope.core.errors import InputError
from bathyscope.core.keywords import keywords_checked
from bathyscope.core.noting import note, notes_kept
from bathyscope.core.progress import Progress, standard
from bathyscope.core.registry import working
from bathyscope.problems.problem import Problem
from bathyscope.selection.pool import Item, item_of, read_pool
from bathyscope.selection.selector import Choice, SelectionRequest, Selector
from bathyscope.selection.selectors import SELECTORS
from bathyscope.selection.settings import SelectOverrides, SelectSettings
from bathyscope.selection.tasks import require_task

if TYPE_CHECKING:
    from bathyscope.model.encoder import Encoder
    from bathyscope.model.language_model import LanguageModel
    from bathyscope.selection.demonstrations import Gains


@dataclass(frozen=True)
class Selection:
    """Chosen demonstrations.

    Attributes:
        pool: The items they were chosen from.
        places: Positions of the chosen ones in the pool, in the order in which they are shown.
        clusters: The cluster of each item of the pool, in its order; None where none were made.
        tied_places: For each chosen one all positions that are as good, itself included.
        record: What is needed to choose the same again, as plain JSON values.
        notes: Sentences worth knowing before the choice is used.
    """

    pool: Sequence[Item]
    places: tuple[int, ...]
    clusters: tuple[int, ...] | None
    tied_places: tuple[tuple[int, ...], ...]
    record: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def noted(self, notes: Iterable[str]) -> Self:
        """Return the same with further notes, each once."""
        return replace(self, notes=tuple(dict.fromkeys([*self.notes, *notes])))

    def __repr__(self) -> str:
        """Return which items were chosen, on one line."""
        places = ", ".join(map(str, self.chosen[:8])) + (", …" if len(self.places) > 8 else "")
        return f"<Selection: {len(self.places)} of {len(self.pool)} items: {places}>"

    def _repr_markdown_(self) -> str:
        """Return the demonstrations as they stand before a question, as code."""
        said = f"{len(self.places)} of {len(self.pool)} items, as they are shown:"
        return "\n".join([said, "", *(f"    {line}" for line in self.text.split("\n")), ""])

    @property
    def chosen(self) -> list[int]:
        """Pool indices of the chosen items."""
        return [self.pool[at].index for at in self.places]

    @property
    def ties(self) -> list[list[int]]:
        """For each chosen item the pool indices of those that are as good, itself included."""
        return [[self.pool[at].index for at in tied] for tied in self.tied_places]

    @property
    def items(self) -> list[Item]:
        """The chosen items."""
        return [self.pool[at] for at in self.places]

    @property
    def text(self) -> str:
        """The demonstrations as they stand before a question."""
        from bathyscope.selection.demonstrations import shown

        return shown(self.items)

    def to_document(self) -> dict[str, Any]:
        """Return chosen, clusters and ties: what `--json` prints."""
        clusters = None if self.clusters is None else list(self.clusters)
        return {"chosen": self.chosen, "clusters": clusters, "ties": self.ties}


@keywords_checked
@notes_kept
def select(
    pool: str | Path | Sequence[Item | Problem],
    questions: Sequence[Problem] = (),
    *,
    model: "LanguageModel | None" = None,
    encoder: "str | Path | Encoder | None" = None,
    progress: Progress = standard,
    settings: SelectSettings | None = None,
    **overrides: Unpack[SelectOverrides],
) -> Selection:
    """Demonstrations chosen from a pool of worked examples.

    Args:
        pool: A file of items (docs/select.md), or items or problems with solutions.
        questions: Questions with right answers that the choice may look at; `similar`,
            `attribution` and `greedy` need some. Never those that the choice is judged by.
        model: A language model, for `attribution` and `greedy`; None loads the embedded one.
        encoder: For selectors by clusters or likeness: a folder, a hub id or an encoder; None
            takes all-MiniLM-L6-v2.
        progress: Told of the steps.
        settings: How to choose; fields may be given as keywords instead.
        **overrides: Fields of `SelectSettings`.

    Raises:
        InputError: The pool cannot be used, or not for what is asked.
        ModelError: The encoder or the model cannot be loaded.
    """
    chosen = SelectSettings.chosen(settings, overrides)
    selector = SELECTORS.require(chosen.by)
    items = _items(pool)
    asked = _asked(selector, chosen, items, questions, model, encoder, progress)
    with working("selector", selector):
        choice = selector.choose(items, asked)
        _require_choice(choice, len(items))
    _note_empty(choice, asked.settings)
    return Selection(
        items,
        tuple(choice.chosen),
        None if choice.clusters is None else tuple(choice.clusters),
        tuple(tuple(tied) for tied in choice.ties),
        {"settings": asked.settings.to_document(), "pool": len(items), **choice.record},
    )


def _items(pool: str | Path | Sequence[Item | Problem]) -> list[Item]:
    if isinstance(pool, str | Path):
        return read_pool(Path(pool))
    return [
        item_of(one, number) if isinstance(one, Problem) else one for number, one in enumerate(pool)
    ]


def _asked(
    selector: Selector,
    settings: SelectSettings,
    items: Sequence[Item],
    questions: Sequence[Problem],
    model: "LanguageModel | None",
    encoder: "str | Path | Encoder | None",
    progress: Progress,
) -> SelectionRequest:
    """Return what a selector is asked, once it is known that it can be."""
    if "questions" in selector.needs and not questions:
        raise InputError(
            f"The selector {selector.name!r} looks at questions with right answers; give some "
            "(--questions FILE), others than those that the choice is to be judged by."
        )
    if "task" in selector.needs:
        require_task(settings.task)
    k = selector.num_chosen(settings) if settings.k is None else settings.k
    if k > len(items):
        raise InputError(
            f"{k} demonstrations cannot be chosen from a pool of {len(items)}; ask for fewer (-k)."
        )

    @cache
    def loaded() -> "Encoder":
        from bathyscope.model.encoder import Encoder, load_encoder

        return encoder if isinstance(encoder, Encoder) else load_encoder(encoder, progress=progress)

    @cache
    def gains() -> "Gains":
        from bathyscope.model.loading import load
        from bathyscope.selection.demonstrations import RightAnswers

        return RightAnswers(model or load(progress=progress), items, questions, progress)

    return SelectionRequest(replace(settings, k=k), questions, loaded, gains, progress)


def _require_choice(choice: Choice, size: int) -> None:
    """Refuse what a selector of another package should not have chosen."""
    if not choice.chosen:
        raise InputError(
            f"None of the {size} items may be shown: questions or rationales are too long, or no "
            "answer is found in them; give a pool of answered questions."
        )
    if len(set(choice.chosen)) < len(choice.chosen):
        raise ValueError("it chose one item twice")
    if not all(isinstance(at, int) and 0 <= at < size for at in choice.chosen):
        raise ValueError(f"it chose what is no position in a pool of {size}")


def _note_empty(choice: Choice, settings: SelectSettings) -> None:
    missing = settings.num - len(choice.chosen)
    if missing > 0:
        note(
            f"{missing} of the {settings.num} clusters have no item that may be shown (its "
            f"question or rationale is too long, or no answer is found in it): "
            f"{len(choice.chosen)} are chosen."
        )
