"""Maps as something to paste elsewhere: the command and the Python that compute them again."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bathyscope.core.heatmap import Span
from bathyscope.model.provenance import dtype_of, was_a_function
from bathyscope.prompt.marks import written_marks
from bathyscope.prompt.segmenters import MARKED, SEGMENTERS
from bathyscope.runs.base import Run


@dataclass(frozen=True)
class Copies:
    """A map as text, empty where it cannot be had so.

    Attributes:
        cli: The command.
        python: The program.
    """

    cli: str
    python: str


Given = Sequence[tuple[str, Any, Any]]
"""Settings: the name in Python, the value, and the default, at which it is left out."""


_LENS = ("lens", "threshold", "depth_fraction")
"""What a record of depth has to say of how layers were read."""


def attribution_copies(run: Run) -> Copies | None:
    """Return what computes an attribution map again; None where its record does not say."""
    said = run.provenance
    if not _is_known(said, "method", "features", "max_new_tokens"):
        return None
    method, sampled = said["method"], said.get("seed") is not None
    if "grouped_from" in said or was_a_function(str(method.get("baseline", ""))):
        return None
    given: Given = (
        ("method", method["name"], "shapley"),
        ("of", method.get("of", "logprob"), "logprob"),
        ("against", said.get("against"), None),
        ("baseline", method.get("baseline", ""), ""),
        ("budget", method.get("budget") if sampled else None, None),
        ("tolerance", method.get("tolerance") if sampled else None, None),
        ("seed", said.get("seed") or 0, 0),
        ("steps", method.get("steps", 50), 50),
        ("path_from", method.get("path_from", "zero"), "zero"),
        *_written(said),
    )
    text, spans = said["prompt"], tuple((start, end) for start, end in said["features"])
    found = _found_again(text, spans, said)
    source = written_marks(text, () if found else spans)
    prompt = f"bs.Prompt({text!r}, {spans!r})"
    if said.get("segmenter") == MARKED and source is not None:
        prompt = f"bs.Prompt.marked({source!r})"
    return Copies(
        _command("attribute", source, "target", said, (*given, ("features", found, ""))),
        _program("attribute", prompt, "target", said, given),
    )


def depth_copies(run: Run) -> Copies | None:
    """Return what computes a depth map again; None where its record does not say."""
    said = run.provenance
    if not _is_known(said, *_LENS) or "layer_statistic" in said:
        return None
    given: Given = (*_lens(said), ("top_k", said.get("top_k", 0), 0))
    return Copies(
        _command("depth", said["prompt"], "response", said, given),
        _program("depth", repr(said["prompt"]), "response", said, given),
    )


def groups_copies(run: Run) -> Copies | None:
    """Return what computes depth by word, sentence or role again; None where nothing says how."""
    said = run.provenance
    if not _is_known(said, *_LENS, "by"):
        return None
    given, by = _lens(said), str(said["by"])
    rules = [str(rule) for rule in said.get("further_roles", ())]
    if not all("=" in rule for rule in rules):  # a role that a function decides
        return None
    grouping: Given = (("by", by, "token"), *(("role", rule, None) for rule in rules))
    written = _program("settle", repr(said["prompt"]), "response", said, given)
    roles = f", [{', '.join(f'RoleRule.parsed({rule!r})' for rule in rules)}]" if rules else ""
    needed = "from bathyscope.core.roles import RoleRule\n" if rules else ""
    return Copies(
        _command("depth", said["prompt"], "response", said, (*given, *grouping)),
        f"{needed}{written}run = bs.group_depths(run, {by!r}{roles})\n",
    )


def _lens(said: Mapping[str, Any]) -> Given:
    """Return how layers were read, and what counts as settled."""
    return (
        ("lens", said["lens"], "norm"),
        ("translators", (said.get("translators") or {}).get("file"), None),
        ("threshold", said["threshold"], 0.5),
        ("depth_fraction", said["depth_fraction"], 0.85),
        ("begin", said.get("begin", "tokenizer"), "tokenizer"),
        *_written(said),
    )


def _is_known(said: Mapping[str, Any], *names: str) -> bool:
    """Tell whether a record has what a command needs, of a model that can be named."""
    model = said.get("model")
    if not isinstance(model, Mapping) or "source" not in model or "adapter" in model:
        return False
    return all(name in said for name in (*names, "prompt", "given"))


def _written(said: Mapping[str, Any]) -> Given:
    """Return how long a text the model was to write, where it wrote one."""
    if said["given"] is not None:
        return ()
    return (("max_new_tokens", said.get("max_new_tokens", 64), 64),)


def _found_again(text: str, spans: tuple[Span, ...], said: Mapping[str, Any]) -> str:
    """Return the name of what finds the same features again; empty where marks are needed."""
    name = str(said.get("segmenter"))
    segmenter = SEGMENTERS.get(name)
    return name if segmenter is not None and tuple(segmenter.find(text)) == spans else ""


def _model(said: Mapping[str, Any]) -> Given:
    model = said["model"]
    return (
        ("model", model["source"], None),
        ("revision", model.get("revision") if model["source"] else None, None),
        ("dtype", dtype_of(model), "float32"),
    )


def _command(
    verb: str,
    source: str | None,
    answer: str,
    said: Mapping[str, Any],
    given: Given,
) -> str:
    """Return the command; empty where the prompt cannot be written with marks."""
    if source is None or "\0" in source:
        return ""
    asked = ((answer, said["given"], None), *given, *_model(said))
    named = [
        f"--{name.replace('_', '-')}={value}" for name, value, plain in asked if value != plain
    ]
    return shlex.join(["bathyscope", verb, *named, "--", source])


def _program(verb: str, prompt: str, answer: str, said: Mapping[str, Any], given: Given) -> str:
    (_, source, _), *others = _model(said)
    loaded = [*([repr(source)] if source else []), *_keywords(others)]
    asked = ["model", prompt, *_keywords(((answer, said["given"], None), *given))]
    return (
        f"import bathyscope as bs\n\nmodel = bs.load({', '.join(loaded)})\n"
        f"run = bs.{verb}({', '.join(asked)})\n"
    )


def _keywords(given: Given) -> list[str]:
    return [f"{name}={value!r}" for name, value, plain in given if value != plain]
