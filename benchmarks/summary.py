"""What docs/performance.md says, from the results; `python -m benchmarks.summary` writes it."""

import json
from pathlib import Path
from typing import Any

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

The command line in a process of its own, warm, in seconds of processor time, beside the import of
torch and of one model's classes in transformers, the floor of all that needs a model. `attribute`
explains three tokens of a short prompt and draws its figure; `render` draws a saved run. Rounds:
{rounds}, at a load of {load} on {cores} cores: beside other work both sides are slower.
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
            ATTRIBUTION,
            _table(attribution["ratios"]),
            DEPTH.format(tokens=depth["tokens"]),
            _table(depth["ratios"]),
            GROWTH.format(
                seconds=", ".join(f"{n} tokens {s:.1f} s" for n, s in growth.items()),
                peak=f"{peak:.0f}",
                longest=longest,
            ),
            _section("many", MANY),
            _section("start", START),
            _section("forecast", FORECAST),
            _section("gguf", GGUF),
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
    facts = {**found["machine"], "rounds": found.get("rounds"), **found.get("conversion", {})}
    return words.format(**facts) + _table(found["ratios"])


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
