"""Files as maps: which reader reads which file."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bathyscope.core.errors import InputError
from bathyscope.core.files.reading import contents
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.runs.folder import require_own_scores
from bathyscope.tables.arrays import read_npz
from bathyscope.tables.delimited import read_csv, read_tsv
from bathyscope.tables.documents import read_json, read_json_lines
from bathyscope.tables.grid import NotATable
from bathyscope.tables.markdown import read_markdown

READERS: dict[str, Callable[[bytes], Heatmap]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".md": read_markdown,
    ".npz": read_npz,
}
"""How a file is read, by the ending of its name; `.gz` may follow it."""

MAX_BYTES = 64 * 2**20
"""The most bytes that are read of a file, and the most that a compressed one may become."""

_GZIP = b"\x1f\x8b"


@keywords_checked
def read_table(path: str | Path) -> Heatmap:
    """Read a table of numbers as a map; the ending of its name says how.

    `.csv`, `.tsv`, `.md`: a line of column labels, then lines of a label and numbers, or (CSV and
    TSV) tidy lines as in a run's `scores.csv`. `.json`, `.jsonl`: records whose first field is the
    label; what inseq saves; the fields of a Captum result. `.npz`: `values`, `rows`, `columns`.
    Labels may repeat. An empty cell is NaN; NaN and infinities stay what they are.

    Raises:
        InputError: The file cannot be read, is too large, is no rectangular table of numbers, or
            lies in a run's folder and is not as the run wrote it.
    """
    path = Path(path)
    require_own_scores(path)
    reader = _reader(path)
    content = _content(path)
    try:
        heatmap = reader(_unpacked(content))
    except NotATable as error:
        raise InputError(f"{path} is no number table: {error}") from error
    origin = {"table": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    return replace(heatmap, provenance={**origin, **heatmap.provenance})


def _reader(path: Path) -> Callable[[bytes], Heatmap]:
    ending = path.suffix.lower()
    if ending == ".gz":
        ending = Path(path.stem).suffix.lower()
    if ending not in READERS:
        raise InputError(
            f"{path} does not end in {', '.join(READERS)}; save the table as one of these."
        )
    return READERS[ending]


def _content(path: Path) -> bytes:
    content = contents(path, MAX_BYTES)
    if len(content) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES:,} bytes; take a part of the table.")
    return content


def _unpacked(content: bytes) -> bytes:
    """Return what gzip has packed, read no further than is allowed; other content as it is."""
    if not content.startswith(_GZIP):
        return content
    try:
        decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        unpacked = decompressor.decompress(content, MAX_BYTES + 1)
    except zlib.error as error:
        raise NotATable(f"it is damaged ({error}).") from error
    if len(unpacked) > MAX_BYTES:
        raise NotATable(f"unpacked it is larger than {MAX_BYTES:,} bytes; take a part of it.")
    if not decompressor.eof:
        raise NotATable("it is cut off.")
    return unpacked
