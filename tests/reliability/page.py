"""What docs/reliability.md says, from the figures; `python -m tests.reliability.page` writes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.reliability.flips import FILES
from tests.reliability.kills import CASES, RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

BEFORE = """# Reliability

```console
$ make reliability
```

does what is described here and writes the figures of this page.

## What is written, and when

A run, a figure, a page, a lens, a converted model: each is written into a hidden folder beside its
place, `.bathyscope-` and eight characters, and renamed when it is whole. Nobody sees half of one.

- A name that is taken is never taken over. Without `--output`, a run gets the next free number in
  `bathyscope-runs`, whoever else writes there at the same time. With it, a name that another
  process takes meanwhile stays that process's; the result is printed, and the exit code is 1.
- `--overwrite` exchanges old and new at once: at no moment is there nothing, or a mixture. It
  replaces what bathyscope wrote and nothing else: a run, the runs of several targets, a demo, a
  figure, a page, a lens. A folder with any other file in it is refused by that file's name, a
  folder of folders with runs too. In Python, `draw` and `view` replace figures
  and pages of bathyscope unless told `overwrite=False`; `save` does not unless told to.
- Symbolic links in the place of an output are refused and stay as they are.
- An output that could not be written is refused before a model is loaded, with exit code 2: the
  same name is tried with a few bytes. What fails nevertheless, such as a disk that fills up
  meanwhile, ends with one sentence and exit code 1, after the result has been printed.
- Files have the permissions that any new file of yours has (the umask).
- What killed processes leave is removed by the next that writes into the same folder, a day
  later; the folder of a process that lives is never touched.

On Linux names are taken and exchanged by one system call. Elsewhere, and on file systems that lack
it, taking a name is as safe; replacing a *folder* has a moment between two renames, and if a
process is killed in it, the next puts the old folder back.
"""


def page() -> str:
    """Return the whole page: a section for each file of figures."""
    sections = {"kills": kills, "flips": flips}
    return BEFORE + "".join(
        section(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))
        for name, section in sections.items()
    )


def kills(figures: Mapping[str, Any]) -> str:
    """Return the section about processes that are killed."""
    moments = ("before it was written", "while it was written", "after it had its name")
    columns = ("kills", *moments, "leftovers")
    rows = [
        f"| `{case}` | {' | '.join(str(found.get(column, 0)) for column in columns)} "
        f"| {len(found['faults'])} |\n"
        for case, found in sorted(figures.items(), key=lambda item: list(CASES).index(item[0]))
    ]
    total = sum(found["kills"] for found in figures.values())
    faults = sum(len(found["faults"]) for found in figures.values())
    return f"""
## Killed at any moment

`kill -9` at {total} random moments, half of them anywhere between the start of a command and its
end, half of them while its output is written; a tiny random model. After each, every file is
compared with what was there before and with what the command writes when it is left alone. A fault
is a finished file that is gone or changed, an output that is neither the old one nor the new one
whole, something told to be saved that is not there, other numbers on standard output, a run that
does not open, a damaged cache; or, where there are leftovers or a cache, that the same command, run
two days later, gives other numbers or does not clean up. Faults: {faults}.

| command | {" | ".join(columns)} | faults |
|---|{"---|" * len(columns)}---|
{"".join(rows)}"""


def flips(figures: Mapping[str, Any]) -> str:
    """Return the section about bits that are turned."""
    rows = [
        f"| {name} | {found['flips']} | {found['refused']} | {found['right']} "
        f"| {len(found['faults'])} |\n"
        for name, found in sorted(figures.items(), key=lambda item: list(FILES).index(item[0]))
    ]
    faults = sum(len(found["faults"]) for found in figures.values())
    return f"""
## A bit the other way

One bit, anywhere in a file, is turned, and the file is read back: `run.json`, `arrays.safetensors`
and `scores.csv` of five runs of all kinds, records in figures, a tuned lens, a cache of evaluations
(with which a map is then computed), a converted model. It is refused in one sentence, or what is
read is right, to the bit; a damaged cache or conversion is computed anew. Faults: {faults}.

| file | bits | refused | right | faults |
|---|---|---|---|---|
{"".join(rows)}
What a picture or a page *shows* is drawn by other programs, which do not know these digests: keep
the run beside them.
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
