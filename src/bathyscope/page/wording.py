"""What a page says of its maps in a sentence: what is seen, and what a cell is."""

from collections.abc import Sequence

from bathyscope.core.heatmap import Heatmap
from bathyscope.render.caption import origin_of
from bathyscope.runs.attribution import AttributionRun
from bathyscope.runs.base import Run
from bathyscope.runs.depth import DepthRun
from bathyscope.runs.interactions import InteractionRun

_QUOTED = 80  # characters of an answer in a heading


def heading(subjects: Sequence[Run | Heatmap]) -> str:
    """Return the one sentence at the top of a page."""
    kinds = {type(subject) for subject in subjects}
    tokens = f"each token{_of(subjects)}"
    count = f", in {len(subjects)} maps" if len(subjects) > 1 else ""
    if kinds == {AttributionRun, DepthRun}:
        return f"What drove {tokens}, and how deep it was decided"
    if kinds == {AttributionRun}:
        return f"What drove {tokens}{count}"
    if kinds == {DepthRun}:
        return f"How deep {tokens} was decided{count}"
    if len(kinds) == 1:
        return f"{title(subjects[0])}{count}"
    return f"{len(subjects)} maps of {tokens}"


def title(subject: Run | Heatmap) -> str:
    """Return what a map shows, as a heading."""
    match subject:
        case AttributionRun():
            return "What drove each token"
        case InteractionRun():
            return "What each two parts of the prompt do together"
        case DepthRun():
            return "How deep each token was decided"
        case Heatmap():
            return _capital(subject.quantity.name)
        case _:
            return _capital(subject.heatmap.quantity.name)


def origin(subject: Run | Heatmap) -> str:
    """Return in a sentence that an answer was given; empty where the model wrote it itself."""
    if isinstance(subject, Heatmap):
        return ""
    said = origin_of(subject)
    answer = quoted(subject.heatmap.provenance["target"])
    return f"{answer}: {'; '.join(said)}." if said else ""


def explanation(subject: Run | Heatmap) -> str:
    """Return what rows, columns and cells of a map are."""
    match subject:
        case AttributionRun():
            rows = "Rows: tokens of the answer. Columns: parts of the prompt."
            if subject.heatmap.quantity.neutral is None:
                return f"{rows} A cell: how strongly the token reacts, without a direction."
            return (
                f"{rows} A cell: how much the part raised (+) or lowered (−) the token's "
                f"{_raised(subject)}."
            )
        case InteractionRun():
            return (
                "Rows and columns: parts of the prompt. A cell: how much more (+) or less (−) two "
                "do together than each alone; on the diagonal, the part's own effect."
            )
        case DepthRun():
            return (
                "Rows: layers. Columns: tokens of the answer. A cell: how far the layer's "
                "prediction is from the last one's, from 0 bits, the same, to 1. The line: where "
                "a token settles."
            )
        case _:
            heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
            return f"Rows: {heatmap.rows.name}. Columns: {heatmap.columns.name}."


def _raised(run: AttributionRun) -> str:
    of = run.heatmap.provenance.get("method", {}).get("of", "logprob")
    unit = run.heatmap.quantity.unit
    return {"logprob": f"log-probability, in {unit}", "logit": "logit"}.get(of, "probability")


def _of(subjects: Sequence[Run | Heatmap]) -> str:
    """Return the answer that all maps are about, quoted; empty where they are about several."""
    answers = {
        None if isinstance(subject, Heatmap) else subject.heatmap.provenance.get("target")
        for subject in subjects
    }
    answer = (answers.pop() or "") if len(answers) == 1 else ""
    return f" of {quoted(answer)}" if answer.strip() else ""


def quoted(answer: str) -> str:
    """Return an answer on one line, shortened where it is long."""
    line = " ".join(answer.split())
    return f"“{line if len(line) <= _QUOTED else line[: _QUOTED - 1] + '…'}”"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
