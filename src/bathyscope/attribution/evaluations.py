"""Memory of evaluations, scores of targets after prompts: in memory, or on disk between runs."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import FloatArray
from bathyscope.core.noting import note
from bathyscope.model.prefix_tree import Ids

Question = tuple[Ids, Ids]
Answer = tuple[FloatArray, FloatArray]

# Writing to disk after every evaluation would cost more than losing one second of them.
_SECONDS_BETWEEN_COMMITS = 1.0

# How long to wait for another process; each holds the file for one short transaction only.
_SECONDS_TO_WAIT = 20.0

# Rows of the first version, in the table "evaluations", have no digest: they are never read.
_TABLE = "checked_evaluations"


class Evaluations:
    """ln p and logit of each target token, by the ids of prompt and target."""

    def __init__(self) -> None:
        """Remember in memory only."""
        self._known: dict[Question, Answer] = {}

    def __contains__(self, asked: Question) -> bool:
        """Tell whether the scores of a target after a prompt are known."""
        return asked in self._known

    def __getitem__(self, asked: Question) -> Answer:
        """Return ln p and logit of each target token, float64, nats and logits."""
        return self._known[asked]

    def add(self, asked: Question, answer: Answer) -> None:
        """Remember the scores of a target after a prompt."""
        self._known[asked] = answer

    def forget(self) -> None:
        """Let go of what can be had again; a game keeps its own values."""
        self._known.clear()


class StoredEvaluations(Evaluations):
    """The same in a file, by content: model, weights, dtype, prompt ids and target ids.

    The file is an SQLite database, so that an interruption at any time leaves it whole. Rows are
    believed only with the digest they were written with. Whatever fails becomes one note, and
    from then on evaluations are remembered in memory only: nothing computed is lost to a cache.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection, model: str) -> None:
        """Use an open database; `stored_evaluations` opens one.

        Args:
            file: Where it lies, for messages.
            connection: The database, with its table.
            model: What tells the model and its precision from every other.
        """
        super().__init__()
        self._file = file
        self._connection: sqlite3.Connection | None = connection
        self._model = model
        self._waiting: list[tuple[bytes, bytes, bytes, bytes]] = []
        self._written = time.monotonic()

    def __contains__(self, asked: Question) -> bool:
        """Tell whether the scores are known, looking into the file for new questions."""
        if asked not in self._known:
            found = self._looked_up(asked)
            if found is None:
                return False
            self._known[asked] = found
        return True

    def add(self, asked: Question, answer: Answer) -> None:
        """Remember the scores in memory and, where they are numbers, in the file."""
        super().add(asked, answer)
        if self._connection is None or not _are_numbers(answer):
            return
        key = self._key(asked)
        log_probs, logits = (part.astype(np.float64).tobytes() for part in answer)
        self._waiting.append((key, log_probs, logits, _digest(key, log_probs, logits)))
        if time.monotonic() - self._written > _SECONDS_BETWEEN_COMMITS:
            self.write()

    def write(self) -> None:
        """Write what is new in one transaction, which holds the file no longer than it takes."""
        if self._connection is None:
            return
        try:
            self._file.stat()  # SQLite would go on writing into a file that has lost its name
            with self._connection:
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?, ?)", self._waiting
                )
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        self._waiting.clear()
        self._written = time.monotonic()

    def forget(self) -> None:
        """Let go of what the file holds."""
        self.write()
        super().forget()

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self.write()
        if self._connection is not None:
            self._connection.close()

    def _looked_up(self, asked: Question) -> Answer | None:
        """Return what the file knows; None for a row that is not as it was written."""
        if self._connection is None:
            return None
        key = self._key(asked)
        try:
            row = self._connection.execute(
                f"SELECT log_probs, logits, digest FROM {_TABLE} WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        if row is None or not all(isinstance(part, bytes) for part in row):
            return None
        log_probs, logits, digest = row
        if digest != _digest(key, log_probs, logits):
            return None
        answer = np.frombuffer(log_probs), np.frombuffer(logits)
        return answer if _are_numbers(answer) else None

    def _give_up(self, error: Exception) -> None:
        connection, self._connection = self._connection, None
        _note(self._file, error)
        try:
            if connection is not None:
                connection.close()
        except sqlite3.Error:
            pass  # said already

    def _key(self, asked: Question) -> bytes:
        return hashlib.sha256(f"{self._model} {asked}".encode()).digest()


@contextmanager
def stored_evaluations(file: Path, model: str) -> Iterator[Evaluations]:
    """Open, or begin, a file of evaluations; whatever ends the work, what is known is kept.

    Raises:
        InputError: The file cannot be opened or is no such file.
    """
    try:
        connection = _opened(file)
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            _note(file, error)
            yield Evaluations()
            return
        raise InputError(
            f"The cache of evaluations {file} cannot be used ({error}); delete it or name another."
        ) from error
    evaluations = StoredEvaluations(file, connection, model)
    try:
        yield evaluations
    finally:
        evaluations.close()


def _opened(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=_SECONDS_TO_WAIT)
    try:
        # Of several processes that begin a file at once, one sets the mode, for all of them.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_TABLE}"
            " (key BLOB PRIMARY KEY, log_probs BLOB, logits BLOB, digest BLOB) WITHOUT ROWID"
        )
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _are_numbers(answer: Answer) -> bool:
    """Tell whether an answer may be kept: a model that tells no logits has NaN for them."""
    log_probs, logits = answer
    return bool(np.isfinite(log_probs).all() and (np.isfinite(logits) | np.isnan(logits)).all())


def _digest(key: bytes, log_probs: bytes, logits: bytes) -> bytes:
    """Return what ties the scores to their question; both scores are of one length."""
    return hashlib.sha256(key + log_probs + logits).digest()


def _note(file: Path, error: Exception) -> None:
    note(f"The cache of evaluations {file} failed ({error}); computing goes on without it.")
