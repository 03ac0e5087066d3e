"""A model that writes the answer to a prompt once, whoever asks for it."""

import copy
from collections.abc import Iterator, Sequence

from bathyscope.core.errors import InputError
from bathyscope.core.progress import Progress, standard
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.tokens import Continuation


class Remembering(LanguageModel):
    """A model that writes the answer to a prompt once, whoever asks for it.

    Attributes:
        source: The model itself.
        stop: A text at which what it writes ends; none where empty.
    """

    def __init__(self, source: LanguageModel, stop: str) -> None:
        """Share everything with a loaded model."""
        self.__dict__ = copy.copy(source.__dict__)
        self.source, self.stop = source, stop
        self._written: dict[tuple[str, int], Continuation] = {}

    def generate(
        self, prompt: str, max_new_tokens: int, progress: Progress = standard, stop: str = ""
    ) -> Continuation:
        """Continue a prompt greedily, up to the stop; a second time from memory.

        Raises:
            InputError: As of the model, or nothing is written before the stop.
        """
        self.remember([prompt], max_new_tokens, progress)
        return self._recalled(prompt, max_new_tokens)

    def generate_many(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        progress: Progress = standard,
        stop: str = "",
    ) -> Iterator[tuple[int, Continuation]]:
        """Continue many prompts; arguments and errors as of `generate`."""
        self.remember(prompts, max_new_tokens, progress)
        return ((i, self._recalled(one, max_new_tokens)) for i, one in enumerate(prompts))

    def remember(
        self, prompts: Sequence[str], max_new_tokens: int, progress: Progress = standard
    ) -> None:
        """Have written together what nobody has asked for yet.

        Raises:
            InputError: A prompt has no token, or there is no room for its answer.
        """
        new = [one for one in dict.fromkeys(prompts) if (one, max_new_tokens) not in self._written]
        if not new:
            return
        for own, found in self.source.generate_many(new, max_new_tokens, progress, self.stop):
            self._written[new[own], max_new_tokens] = found

    def forget(self) -> None:
        """Drop what was written: other questions have other prompts."""
        self._written.clear()

    def _recalled(self, prompt: str, max_new_tokens: int) -> Continuation:
        found = self._written[prompt, max_new_tokens]
        if not found.target_ids:
            raise InputError(f"The model writes nothing before {self.stop!r}.")
        return found
