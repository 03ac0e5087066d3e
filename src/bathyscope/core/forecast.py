"""Forecasts: cost of a question, said before it is asked."""

from dataclasses import asdict, dataclass
from typing import Any


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
