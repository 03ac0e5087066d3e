"""Single bits of stored files flipped: is anything wrong shown?

`python -m tests.reliability.flips` writes the figures that docs/reliability.md shows. Every kind of
file that bathyscope reads back is written, and again and again one bit of it, anywhere in the file,
is turned. What is then read is right, to the bit, or the file is refused in one sentence; of a
cache, what is computed with it is right.
"""

import argparse
import json
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import bathyscope as bs
from bathyscope.core.errors import BathyscopeError
from bathyscope.core.files.writing import sha256
from bathyscope.core.progress import silent
from bathyscope.layers.lenses.fitted import describe_model
from bathyscope.layers.lenses.jacobian import KIND as JACOBIAN
from bathyscope.layers.lenses.jacobian import JacobianLens, open_jacobian_lens
from bathyscope.layers.lenses.tuned import KIND, TunedLens, open_tuned_lens
from bathyscope.model.gguf import conversion_folder, converted, is_whole
from bathyscope.render.figure.embedded_metadata import read_inscription
from bathyscope.runs.folder import ARRAYS, DOCUMENT, SCORES
from bathyscope.runs.opening import open_run
from bathyscope.tables.reading import read_table
from tests.conftest import byte_tokenizer, random_model, tiny
from tests.reliability.kills import RESULTS, TOLERANCE

MARKED = bs.Prompt.marked("Q: [[9 + 3]]\nA: [[12]]\nQ: [[5]]?\nA:")
MANY = bs.Prompt.marked("".join(f"[[{number}]]+" for number in range(9)))
RUNS: dict[str, Callable[[], Any]] = {
    "attribution": lambda: bs.attribute(tiny("llama"), MARKED, " 00"),
    "sampled": lambda: bs.attribute(tiny("llama"), MANY, " 0", budget=150),
    "interactions": lambda: bs.interact(tiny("llama"), MARKED, " 00"),
    "depth": lambda: bs.depth(tiny("llama"), MARKED.text, " 00é", top_k=2),
    "faithfulness": lambda: bs.evaluate(
        tiny("llama"), MARKED, " 00", methods=["shapley", "leave_one_out"]
    ),
}


@dataclass(frozen=True)
class Stored:
    """A file that is read back.

    Attributes:
        path: Where it lies.
        read: What is read out of it, or computed with it.
        within: How far numbers read from it may be apart, in nats; 0 where to the bit.
    """

    path: Path
    read: Callable[[], Any]
    within: float = 0.0

    def same(self, found: Any, whole: Any) -> bool:
        """Tell whether two readings are the same."""
        if self.within:
            return bool(np.allclose(found, whole, rtol=0, atol=self.within))
        return bool(found == whole)


def of_runs(name: str, root: Path) -> Iterator[Stored]:
    """Yield one file of a run of every kind."""
    for kind, run in RUNS.items():
        folder = root / kind
        if not folder.exists():
            run().save(folder)
        path = folder / name
        reading = partial(_table, path) if name == SCORES else partial(_run, folder)
        yield Stored(path, reading)


def _run(folder: Path) -> tuple[str, dict[str, bytes]]:
    run = open_run(folder)
    arrays = {name: array.tobytes() for name, array in run.arrays().items()}
    return json.dumps(run.to_document()), arrays


def _table(path: Path) -> str:
    return json.dumps(read_table(path).to_document())


def of_figures(ending: str, root: Path) -> Iterator[Stored]:
    """Yield a figure, of which its record is read."""
    path = root / f"figure.{ending}"
    bs.draw(RUNS["attribution"](), path)
    yield Stored(path, lambda: read_inscription(path).to_text())


def of_lenses(root: Path) -> Iterator[Stored]:
    """Yield a tuned lens."""
    model, path = tiny("llama"), root / "lens.safetensors"
    layers, width = model.num_layers - 1, model.hidden_size
    torch.manual_seed(3)
    weight, bias = torch.randn(layers, width, width), torch.randn(layers, width)
    TunedLens(weight, bias, describe_model(KIND, model) | {"steps": 3}).save(path)

    def read() -> Any:
        lens = open_tuned_lens(path, model)
        return lens.about, lens.weight.tolist(), lens.bias.tolist()

    yield Stored(path, read)


def of_jacobian_lenses(root: Path) -> Iterator[Stored]:
    """Yield a Jacobian lens."""
    model, path = tiny("llama"), root / "lens.safetensors"
    torch.manual_seed(3)
    matrices = torch.randn(model.num_layers - 1, model.hidden_size, model.hidden_size)
    JacobianLens(matrices, describe_model(JACOBIAN, model)).with_sample(model, range(9)).save(path)

    def read() -> Any:
        lens = open_jacobian_lens(path, model)
        return lens.about, lens.matrices.tolist()

    yield Stored(path, read)


def of_evaluations(root: Path) -> Iterator[Stored]:
    """Yield a file of evaluations, with which a map is computed."""
    path = root / "evaluations.sqlite"
    known = bs.LanguageModel(random_model("llama"), byte_tokenizer(), {"sha256": "known"})

    def read() -> Any:
        return bs.attribute(known, MARKED, " 00", cache=path).heatmap.values

    read()
    assert len(path.read_bytes()) > 4096, "a cache with nothing in it proves nothing"
    yield Stored(path, read, TOLERANCE)


def of_conversions(root: Path) -> Iterator[Stored]:
    """Yield the files of a converted GGUF model: those of one that is not whole are made again."""
    from tests.model.test_gguf import write_gguf

    source = root / "model.gguf"
    write_gguf(source)
    digest = sha256(source)
    converted(source, digest, silent)
    folder = conversion_folder(digest)
    whole = {path.name: sha256(path) for path in folder.iterdir()}

    def read() -> Any:
        if not is_whole(folder):
            return whole  # it is converted anew before anything is read
        return {name: sha256(folder / name) for name in whole if name != "checksums.json"} | {
            "checksums.json": whole["checksums.json"]
        }

    for name in whole:
        yield Stored(folder / name, read)


FILES: dict[str, Callable[[Path], Iterator[Stored]]] = {
    DOCUMENT: partial(of_runs, DOCUMENT),
    ARRAYS: partial(of_runs, ARRAYS),
    SCORES: partial(of_runs, SCORES),
    "record in a PNG": partial(of_figures, "png"),
    "record in an SVG": partial(of_figures, "svg"),
    "record in a PDF": partial(of_figures, "pdf"),
    "tuned lens": of_lenses,
    "Jacobian lens": of_jacobian_lenses,
    "cache of evaluations": of_evaluations,
    "converted model": of_conversions,
}


def flipped(stored: Stored, whole: bytes, expected: Any, chance: random.Random) -> str:
    """Flip one bit, read, and put the file back; return "refused", "right" or "wrong: ..."."""
    changed, bit = bytearray(whole), chance.randrange(8 * len(whole))
    changed[bit // 8] ^= 1 << bit % 8
    stored.path.write_bytes(changed)
    try:
        found = stored.read()
    except BathyscopeError as error:
        return "refused" if "\n" not in str(error) else f"wrong: more than a sentence ({error})"
    except Exception as error:  # what is looked for
        return f"wrong: bit {bit} of {stored.path.name}: {type(error).__name__}: {error}"
    finally:
        _put_back(stored.path, whole)
    return "right" if stored.same(found, expected) else f"wrong: bit {bit} of {stored.path.name}"


def _put_back(path: Path, whole: bytes) -> None:
    for beside in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        beside.unlink(missing_ok=True)  # of a database that was given up
    path.write_bytes(whole)


def flips(name: str, count: int, seed: int) -> dict[str, Any]:
    """Flip bits of one kind of file, equally often in each; return the figures."""
    chance = random.Random(f"{seed} {name}")
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        stored = list(FILES[name](Path(folder)))
        each = -(-count // len(stored))
        for one in stored:
            whole = one.path.read_bytes()
            expected = one.read()
            whole_again = one.path.read_bytes()
            assert one.same(one.read(), expected), "what is left alone is read alike"
            verdicts.update(
                flipped(one, whole_again if one.within else whole, expected, chance)
                for _ in range(each)
            )
    faults = [verdict for verdict in verdicts if verdict.startswith("wrong")]
    figures = {
        "flips": verdicts.total(),
        "refused": verdicts["refused"],
        "right": verdicts["right"],
        "faults": faults,
    }
    print(f"{name}: {figures}", flush=True)
    return figures


@cache
def quiet() -> None:
    """Leave notes out: they are read by nobody here."""
    warnings.simplefilter("ignore")


def main() -> None:
    """Flip, and keep the figures of each kind of file when they are known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", nargs="*", default=list(FILES), choices=list(FILES))
    parser.add_argument("--output", type=Path, default=RESULTS / "flips.json")
    asked = parser.parse_args()
    quiet()
    kept = json.loads(asked.output.read_text()) if asked.output.exists() else {}
    for name in asked.files:
        kept[name] = flips(name, asked.count, asked.seed)
        asked.output.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if any(kept[name]["faults"] for name in asked.files):
        sys.exit(1)


if __name__ == "__main__":
    main()
