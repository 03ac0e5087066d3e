"""Forecasts: cost of a question, said before it is asked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Forecast:
    """Expected cost, from counts and from the speed that the model was seen to have here.

    Attributes:
        tokens: Tokens that go through the model, prompts' shared beginnings counted once.
        seconds: Time by the clock.
        peak_bytes: Most memory beside the model.
        evaluations: Coalitions that are evaluated at most; None where there is none.
        least: The same where it may end early; None where it does not.
        stops: Of how many evaluations these are a sample, and when it ends; None where it is none.
    """

    tokens: int
    seconds: float
    peak_bytes: float
    evaluations: int | None = None
    least: "Forecast | None" = None
    stops: str | None = None

    @classmethod
    def together(cls, parts: Sequence["Forecast"]) -> Self:
        """Return the cost of several works, one after the other; of none it is nothing.

        Counts and times add up, of memory the most counts. What they are a sample of is left out:
        each of them has games of its own.
        """
        counted = [one.evaluations for one in parts if one.evaluations is not None]
        whole = cls(
            sum(one.tokens for one in parts),
            sum(one.seconds for one in parts),
            max((one.peak_bytes for one in parts), default=0.0),
            sum(counted) if counted else None,
        )
        if all(one.least is None for one in parts):
            return whole
        return replace(whole, least=cls.together([one.least or one for one in parts]))

    @property
    def in_words(self) -> str:
        """One line for a person."""
        least = self.least or self
        parts: list[str] = []
        if self.evaluations is not None:
            count = _between(f"{least.evaluations:,}", f"{self.evaluations:,}")
            parts.append(f"{count} evaluations" + (f" {self.stops}" if self.stops else ""))
        parts += [
            f"{_between(f'{least.tokens:,}', f'{self.tokens:,}')} tokens through the model",
            f"about {_between(_duration(least.seconds), _duration(self.seconds))}",
            f"about {self.peak_bytes / 1e6:,.0f} MB beside the model",
        ]
        return ", ".join(parts)

    def to_document(self) -> dict[str, Any]:
        """Return the same as plain JSON values."""
        return {"kind": "forecast", **asdict(self)}


def _between(least: str, most: str) -> str:
    return most if least == most else f"{least} to {most}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
