"""What docs/performance.md says, from the results; `python -m benchmarks.summary` writes it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.judgement import of_others, of_shapley

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"

BEFORE = """# Performance

```console
$ make bench
```

measures bathyscope beside other tools and beside what the machine could do at best: the same
model, the same text, contestants in turns, each in a process of its own. What counts are the
ratios, of the medians over the rounds; seconds differ from machine to machine. Where the ratio of
the fastest turns is far from it, the machine was busy. A goal is the most that a ratio should be.
"""

GOALS = """
## All goals

{met} of {all} are met.
"""

ESTIMATORS = """
## Estimators

Games of known values, {seeds} seeds each ([attribution](attribution.md) has the errors). What
random orders of features would take for the error of sampled `shapley`: evaluations, and time where
an evaluation of orders takes 0.1 s and one of ours, which shares less of its text, as much longer
as it reads more tokens of the demo's prompt, cut into as many features: {least:.2f} to {most:.2f}
times.
Banzhaf values and interactions stand beside what they were sampled from at first: means over pairs,
and blocks of orders. Coverage is that of the cells of the real games.
"""

ATTRIBUTION = """
## Attribution

The demo's prompt of five demonstrations and thirteen target tokens, on the bundled model. All
contestants give the same numbers, which is checked before a ratio is printed. Captum's default runs
the model anew for every target token; `forward_in_tokens=False` asks it for one pass, as bathyscope
does always. The floor is one forward pass over the distinct tokens of the prefix tree, at the speed
of the longest single pass. All but the peers' own runs take the same fast products
([models](models.md)).
"""

DEPTH = """
## Depth

{tokens} tokens of a text. The naive lens is what one writes first: every layer's logits whole,
compared by the definition. The product is that of the map alone, blocked. Settling depths without
the map (`--ratio-only`) come on top of a forward pass, and are set against one.
"""

GROWTH = """
Forward pass and map of longer texts: {seconds}.
The peak of memory above the model's own was {peak} MB at {longest} tokens.
"""

MANY = """
## Many prompts

Sixteen prompts of about 45 tokens are answered with 48 tokens each; 32 of the same kind, with three
features each, are attributed; their responses are looked into. One call for all, beside one for
each; the same answers and, up to rounding, the same maps, which is checked.
"""

START = """
## To the first number

The command line in a process of its own, warm and its modules compiled, in seconds of processor
time, beside the import of torch and of one model's classes in transformers, the floor of all that
needs a model. `attribute` explains three tokens of a short prompt and draws its figure; `render`
draws a saved run. The goals, 3.5 and 1 s, are those of a machine on which the import took
{imported} s. Rounds: {rounds}, at a load of {load} on {cores} cores: beside other work both sides
are slower.
"""

FORECAST = """
## Forecasts

What `--dry-run` says beside what then came, as the larger of both by the smaller.
"""

GGUF = """
## Large GGUF files

A made-up file in Q4_0 with the tensors of a model of 7 billion parameters, {layers} of its 32
layers: {parameters:.1f} billion parameters, {file:.1f} GB. Conversion to bfloat16 took
{seconds:.0f} s and wrote {folder:.1f} GB; its peak of memory was {peak:.0f} MB, the largest tensor
has {largest:.0f} MB in bfloat16.
"""

CHAIN = """
## Chains

Steps: {steps}, of 15 tokens each, with a prompt of two parts: {tokens} tokens ([chain](chain.md)).
Threads: {threads}, at a load of {load} on {cores} cores: beside other work seconds are longer, and
ratios to a pass over the text are not.
"""

AFTER = """
Measured with {cores} cores, torch {torch}, transformers {transformers}, captum {captum}, inseq
{inseq}, deep-think-tokens {deep}; {rounds} rounds, medians.
"""


def page() -> str:
    """Return the whole page."""
    attribution, depth = (_result(name) for name in ("attribution", "depth"))
    versions = attribution["machine"]["versions"] | depth["machine"]["versions"]
    growth = depth["growth_seconds"]
    longest, peak = max(depth["peak_memory_mb"].items(), key=lambda item: int(item[0]))
    return "".join(
        [
            BEFORE,
            _goals(),
            ATTRIBUTION,
            _table(attribution["ratios"]),
            DEPTH.format(tokens=depth["tokens"]),
            _table(depth["ratios"]),
            GROWTH.format(
                seconds=", ".join(f"{n} tokens {s:.1f} s" for n, s in growth.items()),
                peak=f"{peak:.0f}",
                longest=longest,
            ),
            _estimators(),
            _section("many", MANY),
            _section("start", START),
            _section("forecast", FORECAST),
            _section("gguf", GGUF),
            _section("chain", CHAIN),
            AFTER.format(
                cores=depth["machine"]["threads"],
                deep=versions["deep-think-tokens"],
                rounds=depth["rounds"],
                **{name: versions[name] for name in ("torch", "transformers", "captum", "inseq")},
            ),
        ]
    )


def _section(name: str, words: str) -> str:
    """Return what one benchmark found; nothing where it has not been run."""
    if not (RESULTS / f"{name}.json").exists():
        return ""
    found = _result(name)
    facts = {**found, **found["machine"], **found.get("conversion", {})}
    return words.format(**facts) + _table(found["ratios"])


def _goals() -> str:
    """Return every goal beside what was measured."""
    judged = [ratio for ratio in _all_ratios() if ratio["goal"] is not None]
    met = sum(ratio["verdict"] == "met" for ratio in judged)
    rows = [
        f"| {ratio['name']} | {ratio['median']:.2g} | {ratio['goal']:.3g} | {ratio['verdict']} |\n"
        for ratio in judged
    ]
    head = "\n| ours / theirs | ratio | at most | |\n|---|---|---|---|\n"
    return GOALS.format(met=met, all=len(judged)) + head + "".join(rows)


def _all_ratios() -> list[dict[str, Any]]:
    """Return the ratios of all benchmarks that have been run, in the order of the page."""
    found = [ratio for name in ("attribution", "depth") for ratio in _result(name)["ratios"]]
    found += _judged()
    for name in ("many", "start", "forecast", "gguf", "chain"):
        found += _result(name)["ratios"] if (RESULTS / f"{name}.json").exists() else []
    if (RESULTS / "page.json").exists():
        found += [_of_page(measure) for measure in _result("page")["measures"]]
    return found


def _judged() -> list[dict[str, Any]]:
    ratios = list(of_shapley(_result("estimators")["rows"], _result("sharing")["rows"]))
    if (RESULTS / "indices.json").exists():
        ratios += of_others(_result("indices")["rows"])
    return [asdict(ratio) | {"verdict": ratio.verdict} for ratio in ratios]


def _of_page(measure: dict[str, Any]) -> dict[str, Any]:
    """Return a measure of the interactive page as a ratio to its goal."""
    value, goal = measure["value"], measure["goal"]
    ratio = value / goal if goal else float("inf") if value else 0.0  # of some there is to be none
    name = f"the page: {measure['name']} / {goal:g} {measure['unit']}".strip()
    verdict = "met" if ratio <= 1 else "MISSED"
    return {"name": name, "median": ratio, "goal": 1.0, "verdict": verdict}


def _estimators() -> str:
    shared = _result("sharing")
    longer = [row["ours"] / row["orders"] for row in shared["rows"]]
    words = ESTIMATORS.format(
        seeds=_result("estimators")["seeds"], least=min(longer), most=max(longer)
    )
    return words + _table(_judged())


def _result(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _table(ratios: list[dict[str, Any]]) -> str:
    rows = [
        f"| {ratio['name']} | {ratio['median']:.2g} | {ratio['best']:.2g} | {_goal(ratio)} | "
        f"{ratio['ours']:.3g} and {ratio['theirs']:.3g} {ratio['unit']} |\n"
        for ratio in ratios
    ]
    return "".join(
        [
            "\n| ours / theirs | ratio | of the fastest turns | goal | |\n|---|---|---|---|---|\n",
            *rows,
        ]
    )


def _goal(ratio: dict[str, Any]) -> str:
    return "" if ratio["goal"] is None else f"{ratio['goal']:.3g}, {ratio['verdict']}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
