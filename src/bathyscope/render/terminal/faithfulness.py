"""The scores of maps as a table in the terminal."""

from rich.table import Table
from rich.text import Text

from bathyscope.runs.faithfulness import FaithfulnessRun, RandomReference


def faithfulness_table(run: FaithfulnessRun) -> Table:
    """Return a line for each map, the largest area first, and one for random orders."""
    result = Table(title="faithfulness, nats of the whole target: higher area is better")
    result.add_column("map")
    for name in ("area", "comprehensiveness", "sufficiency", "halves ρ"):
        result.add_column(name, justify="right")
    for ranked in run.maps:
        agreement = ranked.half_agreement
        result.add_row(
            Text(ranked.name),
            f"{ranked.area:+.4f}",
            f"{ranked.comprehensiveness:.4f}",
            f"{ranked.sufficiency:.4f}",
            "–" if agreement is None else f"{agreement:.3f}",
        )
    result.add_section()
    same = f"{run.random.comprehensiveness:.4f}"
    result.add_row("random orders", "0", _with_error(run.random), same, "–", style="dim")
    return result


def _with_error(random: RandomReference) -> str:
    error = random.comprehensiveness_error
    shown = f"{random.comprehensiveness:.4f}"
    return shown if error is None else f"{shown} ± {error:.4f}"
