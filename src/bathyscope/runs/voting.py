"""The commonest of several answers, and what decided where several are equally common."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Vote:
    """The outcome of a vote.

    Attributes:
        answer: The commonest answer; None where there is none at all.
        votes: How many gave it.
        tied: All answers that are as common, the winner first; empty where no other is.
    """

    answer: str | None
    votes: int
    tied: tuple[str, ...]

    def tie(self, broken_by: str) -> dict[str, Any] | None:
        """Return which answers tied and what decided, as plain JSON values; None without a tie."""
        if not self.tied:
            return None
        return {"answers": list(self.tied), "votes": self.votes, "broken_by": broken_by}


def vote(answers: Sequence[str | None]) -> Vote:
    """Return the commonest answer; of equally common ones the one that comes first."""
    counted = Counter(answer for answer in answers if answer is not None)
    if not counted:
        return Vote(None, 0, ())
    answer, votes = counted.most_common(1)[0]
    tied = tuple(other for other, count in counted.items() if count == votes)
    return Vote(answer, votes, tied if len(tied) > 1 else ())
