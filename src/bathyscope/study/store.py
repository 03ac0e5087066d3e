"""A study on disk: what was asked in `study.json`, the answers as rows in `parts`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from bathyscope.core.errors import InputError, ModelError, first_sentence
from bathyscope.core.files.outputs import require_writable
from bathyscope.core.files.writing import new_file, new_folder
from bathyscope.core.heatmap import Heatmap
from bathyscope.core.keywords import keywords_checked
from bathyscope.runs.base import Run
from bathyscope.runs.opening import RUN_KINDS
from bathyscope.study.differences import differences
from bathyscope.study.packages import arrow
from bathyscope.study.parts import Parts, table_of
from bathyscope.study.rows import StudyRows

SCHEMA = 1
"""Version of `study.json` and of the tables."""

DOCUMENT, _MODEL = "study.json", "model.json"
_LOCK = "writing.lock"


class Study:
    """A folder with a batch's rows.

    Attributes:
        folder: Where it lies.
        document: What `study.json` holds: schema, what was asked, model, versions.
    """

    def __init__(self, folder: Path, document: Mapping[str, Any]) -> None:
        """Use a folder whose document has been read; `open_study` opens one."""
        self.folder = folder
        self.document = document
        self.parts = Parts(folder / "parts")

    def __repr__(self) -> str:
        """Return where it lies, on one line."""
        return f"<Study in {self.folder}>"

    def add(self, rows: Sequence[StudyRows]) -> None:
        """Write the rows of some questions as one part, whole or not at all.

        Raises:
            WriteError: They cannot be written.
        """
        together = StudyRows()
        for one in rows:
            together.extend(one)
        self.parts.add(together)
        self.parts.join()
        self.__dict__.pop("_owners", None)

    def table(self, name: str, columns: Sequence[str] | None = None) -> Any:
        """Return one of the tables of `rows.COLUMNS` as an Arrow table, no line twice.

        Of a question that was asked again after it had failed, the later lines count.

        Args:
            name: The table.
            columns: Only these columns; None takes all.

        Raises:
            InputError: A part is damaged.
        """
        for _ in range(3):
            try:
                return self._table(name, columns)
            except FileNotFoundError:  # parts were joined while they were read
                self.__dict__.pop("_owners", None)
        try:
            return self._table(name, columns)
        except FileNotFoundError as error:
            raise InputError(
                f"The study {self.folder} is damaged: {error.filename} is missing; restore it, or "
                "delete its folder and run the batch again."
            ) from error

    def known(self) -> dict[str, tuple[str, str]]:
        """Return content key and status ("ok" or "failed") of every question, by id."""
        table = self.table("records", ("id", "key", "status"))
        ids, keys, status = (table.column(name).to_pylist() for name in table.column_names)
        return {one: (key, state) for one, key, state in zip(ids, keys, status, strict=True)}

    def runs(self, id: str) -> list[Run]:
        """Return the maps of a question, rebuilt from its rows.

        Raises:
            InputError: There is no such question, it failed, or its rows are damaged.
        """
        self.require(id)
        pa = arrow()
        table = self.table("runs")
        lines = table.filter(pa.compute.equal(table.column("id"), id)).to_pylist()
        return [_run(line) for line in lines]

    def record(self, id: str) -> dict[str, Any]:
        """Return the line of a question.

        Raises:
            InputError: There is none of this id.
        """
        pa = arrow()
        table = self.table("records")
        lines: list[dict[str, Any]] = table.filter(
            pa.compute.equal(table.column("id"), id)
        ).to_pylist()
        if not lines:
            near = [one for one in self.known() if one.startswith(id)][:5]
            there = f"; there are {', '.join(near)}" if near else ""
            raise InputError(f"The study {self.folder} has no record {id!r}{there}.")
        return lines[0]

    def require(self, id: str) -> None:
        """Raise InputError where a question is not there, or failed."""
        line = self.record(id)
        if line["status"] != "ok":
            raise InputError(f"The record {id!r} has no map: {line['error']}")

    def require_same(self, asked: Mapping[str, Any]) -> None:
        """Raise InputError where something else was asked than is asked now."""
        found = differences(self.document["asked"], asked)
        if found:
            raise InputError(
                f"The study {self.folder} was begun otherwise: {'; '.join(found[:6])}"
                f"{'; …' if len(found) > 6 else ''}. Ask as it was begun, or name another folder."
            )

    @property
    def model(self) -> dict[str, Any]:
        """The model that answered, plain JSON values; empty where nothing was answered yet."""
        try:
            told: dict[str, Any] = json.loads((self.folder / _MODEL).read_text(encoding="utf-8"))
            if not isinstance(told, dict):
                raise ValueError("it is no record of a model")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.folder / _MODEL} is damaged ({first_sentence(error)})."
            ) from error
        return told

    def require_model(self, provenance: Mapping[str, Any]) -> None:
        """Note the model that answers; refuse answers of another one.

        Raises:
            ModelError: The study's answers are another model's.
        """
        known = self.model
        if not known:
            text = json.dumps(dict(provenance), ensure_ascii=False, indent=1) + "\n"
            with new_file(self.folder / _MODEL) as new:
                new.write_text(text, encoding="utf-8")
            return
        told = ("name", "sha256", "revision", "dtype", "weights", "class")
        found = [name for name in told if known.get(name) != provenance.get(name)]
        if found:
            name = found[0]
            raise ModelError(
                f"The study {self.folder} was answered by {known.get('name')} with {name} "
                f"{known.get(name)}, not by {provenance.get('name')} with {name} "
                f"{provenance.get(name)}."
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep every other process from writing into the study meanwhile.

        Raises:
            InputError: Another process writes into it.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"Another process is at work on the study {self.folder}; wait until it has ended, "
                "or stop it."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _table(self, name: str, columns: Sequence[str] | None) -> Any:
        pa = arrow()
        wanted = columns if columns is None or "id" in columns else ["id", *columns]
        tables = [table_of(name, []).select(wanted or table_of(name, []).column_names)]
        for part in self.parts.names():
            table = self.parts.read(part, name, wanted)
            lost = self._owners[1].get(part)
            if lost:
                gone = pa.compute.is_in(table.column("id"), value_set=pa.array(sorted(lost)))
                table = table.filter(pa.compute.invert(gone))
            tables.append(table)
        joined = pa.concat_tables(tables).unify_dictionaries()
        return joined if columns is None else joined.select(list(columns))

    @cached_property
    def _owners(self) -> tuple[dict[str, str], dict[str, set[str]]]:
        """Return the part that holds each question, and the questions that others lost to it."""
        owner: dict[str, str] = {}
        lost: dict[str, set[str]] = {}
        for part in self.parts.names():
            for one in self.parts.read(part, "records", ("id",)).column("id").to_pylist():
                if one in owner:
                    lost.setdefault(owner[one], set()).add(one)
                owner[one] = part
        return owner, lost


@keywords_checked
def open_study(folder: str | Path) -> Study:
    """Read a study.

    Raises:
        InputError: The folder holds none, a damaged one, or one of a newer bathyscope.
    """
    folder = Path(folder)
    path = folder / DOCUMENT
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{folder} is no study: its {DOCUMENT} cannot be read ({error.strerror})."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({first_sentence(error)}).") from error
    if not isinstance(document, dict) or document.get("kind") != "study":
        raise InputError(f"{path} is not a study of bathyscope's.")
    schema = document.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or not 1 <= schema <= SCHEMA:
        raise InputError(
            f"{folder} has schema {schema!r}, but this bathyscope reads 1 to {SCHEMA}; upgrade it."
        )
    asked = document.get("asked")
    if not isinstance(asked, dict) or not isinstance(asked.get("settings", {}), dict):
        raise InputError(f"{path} is damaged: it does not say what was asked.")
    return Study(folder, document)


def begin_study(folder: Path, document: Mapping[str, Any]) -> Study:
    """Begin a study in a new folder, or in an empty one.

    Raises:
        InputError: The folder holds something else.
        WriteError: It cannot be written.
    """
    whole = {"schema": SCHEMA, "kind": "study", **document}
    text = json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    if folder.is_dir() and not any(folder.iterdir()):
        with new_file(folder / DOCUMENT) as new:
            new.write_text(text, encoding="utf-8")
    else:
        with new_folder(folder) as new:
            (new / DOCUMENT).write_text(text, encoding="utf-8")
    return open_study(folder)


def require_place(folder: Path) -> Study | None:
    """Return the study in a folder; None where one can be begun there.

    Raises:
        InputError: The folder holds something else, or cannot be written.
    """
    if (folder / DOCUMENT).exists():
        return open_study(folder)
    if not (folder.is_dir() and not any(folder.iterdir())):
        require_writable(folder, overwrite=False)
    return None


def _run(line: Mapping[str, Any]) -> Run:
    from safetensors.numpy import load

    try:
        document = json.loads(line["document"])
        heatmap = Heatmap.from_document(document["heatmap"], document["provenance"])
        arrays = {} if line["arrays"] is None else load(line["arrays"])
        return RUN_KINDS[document["kind"]].run.from_document(document, heatmap, arrays)
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise InputError(
            f"The {line['map']} of the record {line['id']!r} is damaged ({first_sentence(error)})."
        ) from error
