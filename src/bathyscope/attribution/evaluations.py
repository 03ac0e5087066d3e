"""What prompts are worth to targets, remembered: in memory, or on disk between runs."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bathyscope.errors import InputError
from bathyscope.heatmap import FloatArray

Ids = tuple[int, ...]
Asked = tuple[Ids, Ids]
Answer = tuple[FloatArray, FloatArray]

# Writing to disk after every evaluation would cost more than losing one second of them.
_SECONDS_BETWEEN_COMMITS = 1.0


class Evaluations:
    """ln p and logit of each target token, by the ids of prompt and target."""

    def __init__(self) -> None:
        """Remember in memory only."""
        self._known: dict[Asked, Answer] = {}

    def __contains__(self, asked: Asked) -> bool:
        """Tell whether the scores of a target after a prompt are known."""
        return asked in self._known

    def __getitem__(self, asked: Asked) -> Answer:
        """Return ln p and logit of each target token, float64, nats and logits."""
        return self._known[asked]

    def add(self, asked: Asked, answer: Answer) -> None:
        """Remember the scores of a target after a prompt."""
        self._known[asked] = answer


class StoredEvaluations(Evaluations):
    """The same in a file, by content: model, weights, dtype, prompt ids and target ids.

    The file is an SQLite database, so that an interruption at any time leaves it whole.
    """

    def __init__(self, connection: sqlite3.Connection, model: str) -> None:
        """Use an open database; `stored_evaluations` opens one.

        Args:
            connection: The database, with its table.
            model: What tells the model and its precision from every other.
        """
        super().__init__()
        self._connection = connection
        self._model = model
        self._committed = time.monotonic()

    def __contains__(self, asked: Asked) -> bool:
        """Tell whether the scores are known, looking into the file for new questions."""
        if asked not in self._known:
            found = self._connection.execute(
                "SELECT log_probs, logits FROM evaluations WHERE key = ?", (self._key(asked),)
            ).fetchone()
            if found is None:
                return False
            self._known[asked] = (np.frombuffer(found[0]), np.frombuffer(found[1]))
        return True

    def add(self, asked: Asked, answer: Answer) -> None:
        """Remember the scores in memory and in the file."""
        super().add(asked, answer)
        log_probs, logits = (part.astype(np.float64).tobytes() for part in answer)
        self._connection.execute(
            "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?)",
            (self._key(asked), log_probs, logits),
        )
        if time.monotonic() - self._committed > _SECONDS_BETWEEN_COMMITS:
            self._connection.commit()
            self._committed = time.monotonic()

    def _key(self, asked: Asked) -> bytes:
        return hashlib.sha256(f"{self._model} {asked}".encode()).digest()


@contextmanager
def stored_evaluations(file: Path, model: str) -> Iterator[Evaluations]:
    """Open, or begin, a file of evaluations; whatever ends the work, what is known is kept.

    Raises:
        InputError: The file cannot be opened or is no such file.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS evaluations"
            " (key BLOB PRIMARY KEY, log_probs BLOB, logits BLOB) WITHOUT ROWID"
        )
    except (sqlite3.Error, OSError) as error:
        raise InputError(
            f"The cache of evaluations {file} cannot be used ({error}); delete it or name another."
        ) from error
    try:
        yield StoredEvaluations(connection, model)
    finally:
        connection.commit()
        connection.close()
