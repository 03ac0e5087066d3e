"""What docs/families.md says, from what was tried; `python -m tests.families_page` writes it.

Every class of transformers' mapping of causal language models is made tiny (`tests.shrinking`) and
compared with its own passes in one piece (`tests.agreement`), each in a process of its own with a
limit of time and memory. The exit code is 1 where a number differs or anything fails.
"""

import json
import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.agreement import CHECKS, Finding, findings
from tests.families import DEEP, FAMILIES, random_model
from tests.shrinking import tiny_model

PAGE = Path(__file__).parent.parent / "docs" / "families.md"
SECONDS, BYTES = 600, 8 << 30

# Configurations that have a name of their own in `tests.families`, beside the types' own names.
SPECIAL = sorted(set(FAMILIES) - {DEEP} - set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES))

BEFORE = """# Families

Embedding, unembedding, layers and final norm are found by structure and verified by number (see
[models](models.md)), so a family need not be listed to work. These are the model types that
transformers {version} maps to a causal language model, and some configurations of special interest
(long rope, sliding windows, softcaps), each made tiny with random weights and compared with its own
forward passes in one piece. `make families` tries them again and writes this page.

*yes* means agreement: log-probabilities of prompts with shared prefixes, in batches of several
sizes, Shapley values and gradients within 2·10⁻⁵ nats, depth maps of short and long texts and
streams of texts of unequal length within 10⁻⁵ bits. *no* means that it is refused with the sentence
below the table. Where prefixes are not shared, every prompt is computed whole: the values are the
same, and take longer.

| type | class | scores | attribution | gradients | depth | streaming |
|---|---|---|---|---|---|---|
"""

AFTER = """
Longrope turns every token of a sequence beyond the original context by other angles, those of its
beginning too. Such sequences are computed whole, apart from the shorter ones, and the values of
early target tokens then depend on where the target ends.
"""


def tried(name: str) -> dict[str, Any]:
    """Try everything on one type or special configuration; return plain JSON values."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # in this process alone: notes are no findings
    try:
        model = random_model(name) if name in SPECIAL else tiny_model(name)
    except Exception as error:  # what cannot be made tiny is not bathyscope's to judge
        why = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        return {"name": name, "class": "", "unbuilt": why}
    found = {key: vars(finding) for key, finding in findings(model).items()}
    return {"name": name, "class": type(model).__name__, "found": found}


def in_a_process(name: str) -> dict[str, Any]:
    """Try one in a process of its own, which is ended where it takes too long or too much."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        signal.alarm(SECONDS)
        with os.fdopen(sending, "w") as pipe:
            json.dump(tried(name), pipe)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if text:
        record: dict[str, Any] = json.loads(text)
        return record
    died = Finding("fails", f"its process ended with {os.waitstatus_to_exitcode(status)}")
    return {"name": name, "class": "", "found": {"load": vars(died)}}


def row(record: dict[str, Any]) -> str:
    """Return the row of the table."""
    cells = " | ".join(_cell(record["found"], key) for key in CHECKS)
    return f"| {record['name']} | {record['class']} | {cells} |\n"


def _cell(found: dict[str, Any], key: str) -> str:
    verdict = (found.get(key) or found["load"])["verdict"]
    return {"agrees": "yes", "refused": "no"}.get(verdict, f"**{verdict}**")


def reasons(record: dict[str, Any]) -> str:
    """Return why something of it is refused, one line for each sentence."""
    by_sentence: dict[str, list[str]] = {}
    for key, finding in record["found"].items():
        if finding["verdict"] != "agrees":
            by_sentence.setdefault(finding["words"], []).append(key)
    return "".join(
        f"- {record['name']} ({', '.join(keys)}): {words}\n" for words, keys in by_sentence.items()
    )


def page(records: Iterable[dict[str, Any]], version: str) -> str:
    """Return the whole page."""
    records = sorted(records, key=lambda record: record["name"])
    built = [record for record in records if "found" in record]
    unbuilt = [record for record in records if "unbuilt" in record]
    missing = sorted({*SPECIAL, *MODEL_FOR_CAUSAL_LM_MAPPING_NAMES} - {r["name"] for r in records})
    return (
        BEFORE.format(version=version)
        + "".join(map(row, built))
        + AFTER
        + "\n## What is refused, and why\n\n"
        + "".join(map(reasons, built))
        + "\n## What could not be made tiny\n\n"
        + "".join(f"- {record['name']}: {record['unbuilt']}\n" for record in unbuilt)
        + (f"\n## Not tried in this run\n\n{', '.join(missing)}\n" if missing else "")
    )


def sound(record: dict[str, Any]) -> bool:
    """Tell whether every number was right or not given."""
    return all(Finding(**finding).sound for finding in record.get("found", {}).values())


def main(chosen: list[str]) -> int:
    """Try all, or those named, print what came of each, and name what is wrong.

    All that were tried together make the page; those named make none.
    """
    from transformers import __version__

    logging.disable(logging.CRITICAL)
    names = chosen or [*SPECIAL, *MODEL_FOR_CAUSAL_LM_MAPPING_NAMES]
    records = []
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for record in pool.map(in_a_process, names):
            records.append(record)
            print(json.dumps(record), flush=True)
    if not chosen:
        PAGE.write_text(page(records, __version__), encoding="utf-8")
    wrong = [record["name"] for record in records if not sound(record)]
    print(f"{len(records)} types, wrong: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
