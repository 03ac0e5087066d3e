import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bathyscope.attribution import evaluations as module
from bathyscope.attribution.evaluations import stored_evaluations
from bathyscope.core.errors import InputError
from bathyscope.core.noting import noting

ASKED = ((1, 2, 3), (4, 5))
ANSWER = (np.array([-0.5, -1 / 3]), np.array([2.0, 1e-300]))


def test_what_was_stored_comes_back_exactly(tmp_path: Path) -> None:
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        assert ASKED not in evaluations
        evaluations.add(ASKED, ANSWER)
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        assert ASKED in evaluations
        np.testing.assert_array_equal(evaluations[ASKED], ANSWER)
        assert ((1, 2), (3, 4, 5)) not in evaluations


def test_another_model_knows_nothing(tmp_path: Path) -> None:
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        evaluations.add(ASKED, ANSWER)
    with stored_evaluations(tmp_path / "e.sqlite", "model in bfloat16") as evaluations:
        assert ASKED not in evaluations


def test_an_interruption_keeps_what_is_known(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations,
    ):
        evaluations.add(ASKED, ANSWER)
        raise KeyboardInterrupt
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        assert ASKED in evaluations


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.sqlite").write_bytes(b"something else" * 1000)
    with (
        pytest.raises(InputError, match="delete it"),
        stored_evaluations(tmp_path / "e.sqlite", "model"),
    ):
        pass


def stored(file: Path) -> bytes:
    with stored_evaluations(file, "model") as evaluations:
        evaluations.add(ASKED, ANSWER)
    return file.read_bytes()


def test_a_flipped_bit_is_recomputed_or_noted_never_told(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    whole = stored(file)
    places = [at for part in ANSWER for at in _range(whole, part.tobytes())]
    assert len(places) == 32, "the numbers stand in the file once, where they can be flipped"
    for at in places:
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        file.write_bytes(flipped)
        with stored_evaluations(file, "model") as evaluations:
            assert ASKED not in evaluations
            evaluations.add(ASKED, ANSWER)
        with stored_evaluations(file, "model") as evaluations:
            assert ASKED in evaluations
            np.testing.assert_array_equal(evaluations[ASKED], ANSWER)


def _range(whole: bytes, part: bytes) -> range:
    start = whole.index(part)
    assert whole.count(part) == 1
    return range(start, start + len(part))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_not_accepted_from_disk(tmp_path: Path, number: float) -> None:
    file = tmp_path / "e.sqlite"
    stored(file)
    key, _log_probs, logits, _ = rows(file)[0]
    bad = np.array([number, -1]).tobytes()
    change(file, "UPDATE checked_evaluations SET log_probs = ?, digest = ?",
           bad, module._digest(key, bad, logits))  # fmt: skip
    with stored_evaluations(file, "model") as evaluations:
        assert ASKED not in evaluations
    change(file, "DELETE FROM checked_evaluations")
    with stored_evaluations(file, "model") as evaluations:
        evaluations.add(ASKED, (np.array([number, -1]), ANSWER[1]))
        assert ASKED in evaluations, "in memory it stays what the model said"
    assert rows(file) == []


def rows(file: Path) -> list[tuple[bytes, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT * FROM checked_evaluations").fetchall()


def change(file: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, values)


def test_rows_without_a_digest_are_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    stored(file)
    change(file, "CREATE TABLE evaluations (key BLOB PRIMARY KEY, log_probs BLOB, logits BLOB)")
    change(file, "INSERT INTO evaluations SELECT key, logits, logits FROM checked_evaluations")
    change(file, "DELETE FROM checked_evaluations")
    with stored_evaluations(file, "model") as evaluations:
        assert ASKED not in evaluations
        evaluations.add(ASKED, ANSWER)
    with stored_evaluations(file, "model") as evaluations:
        assert ASKED in evaluations


def test_values_of_other_types_are_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    for value in (None, "text", 3, b"", b"odd"):
        stored(file)
        change(file, "UPDATE checked_evaluations SET logits = ?", value)
        with stored_evaluations(file, "model") as evaluations:
            assert ASKED not in evaluations


def _foreign_table(file: Path) -> None:
    change(file, "CREATE TABLE checked_evaluations (colour TEXT)")


def _full(file: Path) -> None:
    change(file, "CREATE TRIGGER full BEFORE INSERT ON checked_evaluations "
                 "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")  # fmt: skip


def _table_gone(file: Path) -> None:
    change(file, "DROP TABLE checked_evaluations")


@pytest.mark.parametrize("damage", [_foreign_table, _full, _table_gone])
def test_a_failure_after_opening_is_one_note(tmp_path: Path, damage: object) -> None:
    file = tmp_path / "e.sqlite"
    if damage is _foreign_table:
        _foreign_table(file)
    other = ((9,), (9,))
    with noting() as notes, stored_evaluations(file, "model") as evaluations:
        if damage is not _foreign_table:
            damage(file)  # type: ignore[operator]
        assert ASKED not in evaluations
        evaluations.add(ASKED, ANSWER)
        evaluations.write()  # type: ignore[attr-defined]
        assert other not in evaluations
        evaluations.add(other, ANSWER)
        np.testing.assert_array_equal(evaluations[ASKED], ANSWER)
        np.testing.assert_array_equal(evaluations[other], ANSWER)
    assert len(notes) == 1
    assert "computing goes on without it" in notes[0]


@pytest.mark.parametrize("when", ["opening", "writing"])
def test_a_file_locked_for_long_is_one_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(module, "_SECONDS_TO_WAIT", 0.05)
    file = tmp_path / "e.sqlite"
    if when == "writing":
        stored(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with noting() as notes:
            with stored_evaluations(file, "another") as evaluations:
                evaluations.add(ASKED, ANSWER)
            np.testing.assert_array_equal(evaluations[ASKED], ANSWER)
        assert len(notes) == 1 and re.search("locked.*goes on without it", notes[0])


def test_nothing_is_held_between_evaluations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process can write at any time that this one spends in the model."""
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_COMMITS", -1)
    with stored_evaluations(tmp_path / "e.sqlite", "model") as evaluations:
        evaluations.add(ASKED, ANSWER)
        monkeypatch.setattr(module, "_SECONDS_BETWEEN_COMMITS", 1000)
        evaluations.add(((7,), (7,)), ANSWER)
        with closing(sqlite3.connect(tmp_path / "e.sqlite", timeout=0)) as other, other:
            other.execute("DELETE FROM checked_evaluations")
            assert other.total_changes == 1, "one row was written, the other waits in memory"


PROCESS = """
import sys
from pathlib import Path
import numpy as np
from bathyscope.attribution import evaluations as module
module._SECONDS_BETWEEN_COMMITS = 0
with module.stored_evaluations(Path(sys.argv[1]), "model") as evaluations:
    for i in range(200):
        asked = ((int(sys.argv[2]),), (i,))
        assert asked not in evaluations
        evaluations.add(asked, (np.full(1, -1.0), np.full(1, float(i))))
"""


def test_processes_side_by_side_keep_all_their_work(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", PROCESS, str(file), str(number)])
        for number in range(3)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with stored_evaluations(file, "model") as evaluations:
        assert all(((n,), (i,)) in evaluations for n in range(3) for i in range(200))


def test_a_file_that_may_only_be_read_is_read_and_noted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened as SQLite opens what the file system lets nobody write; root may write anything."""
    file, other = tmp_path / "e.sqlite", ((9,), (9,))
    before = stored(file)
    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **rest: real(f"{path.as_uri()}?mode=ro", uri=True)
    )
    with noting() as notes:
        with stored_evaluations(file, "model") as evaluations:
            assert ASKED in evaluations, "what is there is used"
            evaluations.add(other, ANSWER)
            evaluations.write()  # type: ignore[attr-defined]
            evaluations.add(((8,), (8,)), ANSWER)
            np.testing.assert_array_equal(evaluations[other], ANSWER)
    assert len(notes) == 1 and file.read_bytes() == before
    assert re.search("readonly.*computing goes on without it", notes[0])


def test_a_file_that_vanishes_is_one_note(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    stored(file)
    other = ((9,), (9,))
    with noting() as notes:
        with stored_evaluations(file, "model") as evaluations:
            file.unlink()
            evaluations.add(other, ANSWER)
            evaluations.write()  # type: ignore[attr-defined]
            evaluations.add(((8,), (8,)), ANSWER)
            np.testing.assert_array_equal(evaluations[other], ANSWER)
    assert len(notes) == 1 and not file.exists()
    assert re.search("No such file.*computing goes on without it", notes[0])
    stored(file)
    with stored_evaluations(file, "model") as evaluations:
        assert ASKED in evaluations, "the next begins anew"
