"""Questions that are asked together: what each has got so far, or why it has failed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bathyscope.core.errors import BathyscopeError
from bathyscope.core.noting import noting
from bathyscope.core.several import Several
from bathyscope.prompt import Prompt
from bathyscope.runs.base import Run
from bathyscope.runs.think import ThinkRun
from bathyscope.study.questions import StudyQuestion
from bathyscope.study.rows import StudyRows, Told, answered, failed


class Asking:
    """Questions that are asked together: what each has got so far, or why it has failed.

    Attributes:
        questions: The questions, their prompts with the features that the model finds in them.
        told: What the model wrote as an answer, by index.
        thought: Samples of Think@n, by index.
    """

    def __init__(self, questions: Sequence[StudyQuestion]) -> None:
        """Begin; questions that cannot be asked have failed already."""
        self.questions = [*questions]
        self.told: dict[int, Told] = {}
        self.thought: dict[int, ThinkRun] = {}
        self._runs: list[list[Run]] = [[] for _ in questions]
        self._notes: list[list[str]] = [[] for _ in questions]
        self._problems = {i: one.problem for i, one in enumerate(questions) if one.problem}
        self._several = Several(self.fail)

    def fail(self, index: int, error: BathyscopeError) -> None:
        """Note that a question has failed; nothing more is asked of it."""
        self._problems.setdefault(index, str(error))

    @contextmanager
    def answering(self, index: int) -> Iterator[None]:
        """Work on one question: it keeps what is noted meanwhile, and fails by what is raised."""
        with noting() as heard, self._several.answering(index):
            yield
        self._notes[index] += heard

    def prompts(self) -> list[tuple[int, Prompt]]:
        """Return index and prompt of every question that has not failed."""
        alive = (i for i in range(len(self.questions)) if i not in self._problems)
        return [(i, prompt) for i in alive if (prompt := self.questions[i].prompt) is not None]

    def read(self, index: int, prompt: Prompt) -> None:
        """Give a question the prompt that the model finds features in."""
        self.questions[index] = self.questions[index].of(prompt)

    def found(self, index: int, run: Run) -> None:
        """Give a question a map."""
        self._runs[index].append(run)

    def rows(self, index: int, key: str, notes: Sequence[str]) -> StudyRows:
        """Return the rows of a question.

        Args:
            index: Which.
            key: Its content key.
            notes: What was said while all of them were asked.
        """
        question = self.questions[index]
        if index in self._problems:
            return failed(question, key, self._problems[index])
        runs, thought = self._runs[index], self.thought.get(index)
        made = [*runs, *([] if thought is None else [thought])]
        heard = [*self._notes[index], *(note for run in made for note in run.notes), *notes]
        return answered(question, key, runs, self.told.get(index), thought, heard)
