"""Parts of a study: folders of Parquet files that appear whole or not at all.

    parts/000001/records.parquet, cells.parquet, …
    parts/000001/digests.json       the SHA-256 of every file of it; parts of before have none
    parts/000051/replaces.json      the parts whose lines this one holds, joined

A part is never changed. Where several are joined, the new one says which it replaces, so that at
no moment a line is there twice or not at all, whenever the process is killed.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError, WriteError, first_sentence
from bathyscope.core.files.writing import new_folder, sha256
from bathyscope.study.packages import arrow, parquet
from bathyscope.study.rows import COLUMNS, LATER, StudyRows

MOST_SMALL = 48
"""So many parts of single shards are joined to one."""

_REPLACES, _DIGESTS = "replaces.json", "digests.json"


class Parts:
    """The parts in a folder; one process writes, any number reads."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which need not be there yet."""
        self.folder = folder
        self._unchanged: set[Path] = set()

    def names(self) -> list[str]:
        """Return the parts that count, oldest first."""
        if not self.folder.is_dir():
            return []
        found = sorted(path.name for path in self.folder.iterdir() if path.name.isdigit())
        replaced = {name for part in found for name in self._replaced_by(part)}
        return [name for name in found if name not in replaced]

    def add(self, rows: StudyRows) -> None:
        """Write rows as a new part.

        Raises:
            WriteError: They cannot be written; nothing of them is left.
        """
        self._write({name: table_of(name, lines) for name, lines in rows.tables.items()})

    def join(self) -> None:
        """Write the small parts of the end as one, where they are many.

        Raises:
            WriteError: It cannot be written; the parts stay as they are.
        """
        names = self.names()
        small = [name for name in names if not self._replaced_by(name)]
        self._clear(names)
        if len(small) >= MOST_SMALL:
            pa = arrow()
            joined = {
                table: pa.concat_tables([self.read(name, table) for name in small])
                for table in COLUMNS
            }
            self._write(joined, replaces=small)
            self._clear(self.names())

    def read(self, name: str, table: str, columns: Sequence[str] | None = None) -> Any:
        """Return a table of a part.

        Raises:
            InputError: It cannot be read, or was changed after it was written.
        """
        path = self.folder / name / f"{table}.parquet"
        expected = schema(table, columns)
        try:
            self._require_unchanged(path)
            with parquet().ParquetFile(path) as file:
                found = _with_later(file.read(expected.names), expected).select(expected.names)
            if not found.schema.equals(expected):
                raise ValueError("its columns are others")
        except FileNotFoundError:
            raise
        except Exception as error:  # readers of files raise whatever they stumble over
            raise InputError(
                f"{path} is damaged ({first_sentence(error)}); delete the folder {path.parent} and "
                "run the batch again, which computes what is missing."
            ) from error
        return found

    def _require_unchanged(self, path: Path) -> None:
        """Raise ValueError where a file is not the one that was written."""
        if path in self._unchanged:
            return
        digest = sha256(path)  # FileNotFoundError names what is missing
        digests = path.with_name(_DIGESTS)
        if digests.exists():
            known = json.loads(digests.read_text(encoding="utf-8"))
            if not isinstance(known, dict) or known.get(path.name) != digest:
                raise ValueError("something was changed after it was written")
        self._unchanged.add(path)

    def _replaced_by(self, name: str) -> list[str]:
        path = self.folder / name / _REPLACES
        try:
            replaced: list[str] = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(replaced, list) or not all(isinstance(n, str) for n in replaced):
                raise ValueError("it is no list of parts")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} is damaged ({first_sentence(error)}); restore the study from a copy."
            ) from error
        return replaced

    def _write(self, tables: Mapping[str, Any], replaces: Sequence[str] = ()) -> None:
        taken = [int(p.name) for p in self.folder.glob("[0-9]*") if p.name.isdigit()]
        place = self.folder / f"{max(taken, default=0) + 1:06d}"
        with new_folder(place) as new:
            for name, table in tables.items():
                try:
                    parquet().write_table(table, new / f"{name}.parquet", compression="zstd")
                except OSError as error:  # a full disk says so in Arrow's own words
                    raise WriteError(place, first_sentence(error)) from error
            if replaces:
                (new / _REPLACES).write_text(json.dumps(list(replaces)), encoding="utf-8")
            digests = {path.name: sha256(path) for path in sorted(new.iterdir())}
            (new / _DIGESTS).write_text(json.dumps(digests), encoding="utf-8")

    def _clear(self, names: Sequence[str]) -> None:
        """Remove the parts whose lines another holds."""
        for path in self.folder.glob("[0-9]*"):
            if path.name.isdigit() and path.name not in names:
                with suppress(OSError):
                    shutil.rmtree(path)


def schema(table: str, columns: Sequence[str] | None = None) -> Any:
    """Return the Arrow schema of a table, or of some of its columns."""
    pa = arrow()
    kinds = {
        "text": pa.string(),
        "name": pa.dictionary(pa.int32(), pa.string()),
        "whole": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "texts": pa.list_(pa.string()),
        "bytes": pa.binary(),
    }
    wanted = COLUMNS[table] if columns is None else {c: COLUMNS[table][c] for c in columns}
    return pa.schema([(name, kinds[kind]) for name, kind in wanted.items()])


def _with_later(table: Any, expected: Any) -> Any:
    """Return a table with the columns that are newer than it, which hold nothing."""
    for one in expected:
        if one.name in LATER and one.name not in table.column_names:
            table = table.append_column(one, arrow().nulls(len(table), one.type))
    return table


def table_of(name: str, lines: Sequence[Mapping[str, Any]]) -> Any:
    """Return lines as an Arrow table."""
    pa = arrow()
    wanted = schema(name)
    arrays = [pa.array([line[one.name] for line in lines], type=one.type) for one in wanted]
    return pa.Table.from_arrays(arrays, schema=wanted)
