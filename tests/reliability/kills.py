"""Commands killed at random moments: is anything finished lost, wrong, or half there?

`python -m tests.reliability.kills --count 100` writes the figures that docs/reliability.md shows.
Each command is first run to its end; then again and again, and killed (SIGKILL, which no program
can catch): half of the times anywhere between its start and its end, half of the times while its
output is being written. After each kill, everything is compared byte by byte with what was there
before and with what the command writes when it is left alone. Where something was left over, or
evaluations were kept, the command is run once more, as if two days later.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
NUMBERS = " ".join(f"[[{number}]]" for number in range(14)) + " sum:"
TEXT = "The cat sat on the mat, and 8 + 5 = 13. " * 6
TOLERANCE = 2e-5  # nats: what is known from the cache meets other prompts in a batch

_ATTRIBUTE = ["attribute", NUMBERS, "--target", " 66", "--budget", "300", "--batch-tokens", "64"]
_COMMANDS = {
    "attribute": [*_ATTRIBUTE, "-o", "out"],
    "attribute --cache": [*_ATTRIBUTE, "--cache", "-o", "out"],
    "depth": ["depth", "What is 8 + 5?", "--response", " 8 + 5 = 13", "-o", "out"],
    "demo": ["demo", "-o", "out"],
    "lens train": ["lens", "fit", TEXT, "--steps", "30", "--sequence-length", "32", "-o", "out"],
}
CASES = {
    f"{name}{' --overwrite' if overwrite else ''}": [*command, *["--overwrite"] * overwrite]
    for name, command in _COMMANDS.items()
    for overwrite in (False, True)
}
Tree = dict[str, str]


@dataclass
class Place:
    """A folder to run commands in, with a cache of its own."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def tree(self) -> Tree:
        """Return the digest of every file that is not inside of a hidden folder."""
        found = {}
        for path in sorted(self.work.rglob("*")):
            name = str(path.relative_to(self.work))
            if path.is_file() and not name.startswith("."):
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def hidden(self) -> list[Path]:
        return [path for path in self.work.iterdir() if path.name.startswith(".")]

    def said(self, stream: str) -> bytes:
        return (self.folder / stream).read_bytes()


@dataclass(frozen=True)
class Whole:
    """A command that was left alone: what it wrote and said, and when."""

    tree: Tree
    output: bytes
    seconds: float
    last_stage: bytes
    seconds_writing: float


def begin(arguments: list[str], place: Place) -> int:
    """Start a command in a process of its own; return its number."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    os.chdir(place.work)
    os.environ["BATHYSCOPE_CACHE"] = str(place.cache)
    for stream, name in ((1, "output"), (2, "errors")):
        os.dup2(os.open(place.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    code = 1
    try:
        from bathyscope.cli.app import app

        app(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def left_alone(arguments: list[str], place: Place) -> Whole:
    """Run a command to its end, watching for how long its output is written."""
    began, seen = time.monotonic(), [0.0]
    process = begin(arguments, place)
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        if place.hidden():
            seen.append(time.monotonic() - began)
        time.sleep(0.001)
    assert ended[1] == 0, place.said("errors").decode()
    seconds = time.monotonic() - began
    writing = 0.001 + sum(b - a for a, b in itertools.pairwise(seen) if b - a < 0.05)
    *_, stage, _ = place.said("errors").splitlines()  # the last line says where the output is
    return Whole(place.tree(), place.said("output"), seconds, stage.split(b":")[0], writing)


def killed(arguments: list[str], place: Place, whole: Whole, chance: random.Random) -> str | None:
    """Run a command and kill it; return what it was doing, or None where it had ended."""
    before = place.tree()
    for stream in ("output", "errors"):
        (place.folder / stream).write_bytes(b"")
    process = begin(arguments, place)
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, 1.05 * whole.seconds))
    else:
        while not (whole.last_stage in place.said("errors") and place.hidden()):
            if os.waitpid(process, os.WNOHANG)[0]:
                return None
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, 1.2 * whole.seconds_writing))
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        return None
    if place.tree() != before:
        return "after it had its name"
    return "while it was written" if place.hidden() else "before it was written"


def faults(place: Place, before: Tree, whole: Whole) -> list[str]:
    """Return what a kill did that it must not do."""
    found, after = [], place.tree()
    old = {name: digest for name, digest in before.items() if _is_output(name)}
    new = {name: digest for name, digest in whole.tree.items() if _is_output(name)}
    others = {name: digest for name, digest in before.items() if not _is_output(name)}
    if not others.items() <= after.items():
        found.append("lost: a finished file beside the output")
    output = {name: digest for name, digest in after.items() if _is_output(name)}
    if output not in (old, new):
        found.append("half-written: the output is neither what was there nor what was asked for")
    told = any(word in place.said("errors") for word in (b"saved:", b"open ", b"translators:"))
    if told and output != new:
        found.append("lost: it was told to be saved, and is not there")
    if not whole.output.startswith(place.said("output")):
        found.append("wrong: other numbers were printed")
    for document in place.work.rglob("run.json"):
        if not str(document.relative_to(place.work)).startswith("."):
            _open(document.parent, found)
    return found


def _is_output(name: str) -> bool:
    return name == "out" or name.startswith("out/")


def _open(folder: Path, found: list[str]) -> None:
    from bathyscope.core.errors import InputError
    from bathyscope.runs.opening import open_run

    try:
        open_run(folder)
    except InputError as error:
        found.append(f"half-written: {error}")


def faults_afterwards(arguments: list[str], place: Place, whole: Whole) -> list[str]:
    """Run the command again, two days later: it must give the same, and clean what was left."""
    found = []
    two_days_ago = time.time() - 2 * 86_400
    for path in [inner for one in place.hidden() for inner in (one, *one.rglob("*"))]:
        os.utime(path, (two_days_ago, two_days_ago))
    stored = place.cache / "evaluations.sqlite"
    if stored.exists():
        with closing(sqlite3.connect(stored)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                found.append("wrong: the cache is damaged")
    again = left_alone([*arguments, *["--overwrite"] * ("--overwrite" not in arguments)], place)
    if "--cache" in arguments:
        if not np.allclose(_values(place.work), _values(place.folder / "whole"), atol=TOLERANCE):
            found.append("wrong: the continued run has other numbers")
    elif {name: again.tree.get(name) for name in whole.tree} != whole.tree:
        found.append("wrong: the same command wrote something else")
    if place.hidden():
        found.append("left: a hidden folder older than a day")
    return found


def _values(folder: Path) -> Any:
    return json.loads((folder / "out" / "run.json").read_text())["heatmap"]["values"]


def trial(
    arguments: list[str], root: Path, old: Path | None, whole: Whole, chance: random.Random
) -> tuple[str | None, int, list[str]]:
    """Kill a command once in a fresh folder; return what it was doing, leftovers, and faults."""
    place = fresh(root, old)
    shutil.copytree(root / "whole" / "work", place.folder / "whole")
    before = place.tree()
    doing = killed(arguments, place, whole, chance)
    if doing is None:
        return None, 0, []
    found, left = faults(place, before, whole), len(place.hidden())
    if left or "--cache" in arguments:
        found += faults_afterwards(arguments, place, whole)
    shutil.rmtree(place.folder)
    return doing, left, found


def fresh(root: Path, old: Path | None) -> Place:
    """Return a place with a finished run beside the output, and an older output where asked."""
    place = Place(Path(tempfile.mkdtemp(dir=root)))
    shutil.copytree(root / "beside", place.work)
    shutil.copytree(root / "cache", place.cache)
    if old is not None:
        (shutil.copytree if old.is_dir() else shutil.copyfile)(old, place.work / "out")
    return place


def prepare(root: Path) -> list[str]:
    """Make a tiny model, a finished run, a warm cache; return the options that name the model."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    from tests.families import SMALL, byte_tokenizer

    torch.set_num_threads(1)
    torch.manual_seed(7)
    config = LlamaConfig(**(SMALL | {"max_position_embeddings": 4096}))
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.25)
    model.save_pretrained(root / "model")
    byte_tokenizer().save_pretrained(root / "model")
    options = ["-m", str(root / "model")]
    _import_everything(root / "imported", options)
    first = Place(root / "first")
    first.work.mkdir(parents=True)
    left_alone(["depth", "a", "--response", "bc", "-o", "finished", *options], first)
    (first.work / "notes.txt").write_text("mine")
    first.work.rename(root / "beside")
    first.cache.rename(root / "cache")
    return options


def older(root: Path, command: list[str], options: list[str]) -> Path:
    """Return an earlier output of a command, which differs from what it writes now."""
    changes = {" 66": " 99", " 8 + 5 = 13": " 8 + 5 = 14", "30": "20"}
    place = fresh(root, None)
    if command[0] == "demo":  # it asks the same always: an older model stands for the change
        left_alone([*command, *options, "--dtype", "float64"], place)
    else:
        left_alone([changes.get(one, one) for one in command] + options, place)
    return place.work / "out"


def kills_of(case: str, count: int, root: Path, options: list[str], seed: int) -> dict[str, Any]:
    """Kill one command so many times; return the figures."""
    chance = random.Random(f"{seed} {case}")
    arguments = [*CASES[case], *options]
    alone = [one for one in arguments if one != "--overwrite"]
    old = older(root, [one for one in CASES[case] if one != "--overwrite"], options)
    shutil.rmtree(root / "whole", ignore_errors=True)
    place = Place(root / "whole")
    fresh(root, None).folder.rename(place.folder)
    whole = left_alone(alone, place)
    doing: Counter[str] = Counter()
    found: list[str] = []
    leftovers = 0
    while doing.total() < count:
        kept = old if "--overwrite" in arguments else None
        did, left, faulty = trial(arguments, root, kept, whole, chance)
        doing.update([did] if did else [])
        leftovers += left
        found += faulty
    print(f"{case}: {count} kills, {dict(doing)}, {leftovers} leftovers, {found}", flush=True)
    return {"kills": count, **doing, "leftovers": leftovers, "faults": found}


def run(count: int, seed: int, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kill each of some commands equally often, `count` times together or a few more."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TQDM_DISABLE"] = "1"
    each = -(-count // len(names))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        options = prepare(root)
        for name in names:
            yield name, kills_of(name, each, root, options, seed)


def _import_everything(output: Path, options: list[str]) -> None:
    """Run a command here, so that the processes begun from this one have what commands import."""
    from typer.testing import CliRunner

    from bathyscope.cli.app import app

    asked = ["depth", "a", "--response", "bc", "-o", str(output), *options]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output


def main() -> None:
    """Run, and keep the figures of each command when they are known, beside those of others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--output", type=Path, default=RESULTS / "kills.json")
    asked = parser.parse_args()
    asked.output.parent.mkdir(exist_ok=True)
    kept = json.loads(asked.output.read_text()) if asked.output.exists() else {}
    for name, figures in run(asked.count, asked.seed, asked.cases):
        kept[name] = figures
        asked.output.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if any(kept[name]["faults"] for name in asked.cases):
        sys.exit(1)


if __name__ == "__main__":
    main()
