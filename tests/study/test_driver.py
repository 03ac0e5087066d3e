"""A batch goes on where it was cut off, computes nothing twice, and leaves nothing half there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bathyscope.core.errors import InputError, ModelError, WriteError
from bathyscope.core.forecast import Forecast
from bathyscope.study import parts as parts_module
from bathyscope.study.doing import Batch, Doing
from bathyscope.study.driver import carry_out
from bathyscope.study.packages import arrow, parquet
from bathyscope.study.rows import COLUMNS
from bathyscope.study.store import Study, open_study
from tests.study.stub import StubWork, attribution, question

ASKED = {"settings": {"method": "stub", "seed": 0}, "model": {"sha256": "0"}}


def lines(study: Study) -> dict[str, list[Any]]:
    """Return every line of every table, in an order of their own."""
    return {
        name: sorted(study.table(name).to_pylist(), key=lambda line: json.dumps(line, default=str))
        for name in COLUMNS
    }


def run(
    folder: Path,
    work: StubWork | None = None,
    count: int = 20,
    asked: Any = ASKED,
    **doing: Any,
) -> Batch:
    how = Doing(**{"shard": 3, **doing})
    asked_of = [question(number) for number in range(1, count + 1)]
    return carry_out(asked_of, folder, asked, work or StubWork(), how.made(folder), how)


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, list[Any]]:
    """What an undisturbed batch gives."""
    return lines(run(tmp_path / "whole").study)


def test_a_batch_gives_every_row_once_and_a_second_one_computes_nothing(
    tmp_path: Path, whole: dict[str, list[Any]]
) -> None:
    note = tmp_path / "note"
    note.mkdir()
    first = run(tmp_path / "study", StubWork(note=note))
    assert (first.questions, first.computed, first.kept, first.failed) == (20, 20, 0, {})
    second = run(tmp_path / "study", StubWork(note=note))
    assert (second.computed, second.kept) == (0, 20)
    assert len(list(note.iterdir())) == 20
    assert lines(second.study) == whole
    assert len(whole["cells"]) == 20 * 9 and len(whole["records"]) == 20
    assert run(tmp_path / "study", StubWork(note=note), count=25).computed == 5
    assert len(list(note.iterdir())) == 25


def test_a_failing_record_is_a_row_with_its_sentence_and_may_be_asked_again(
    tmp_path: Path, whole: dict[str, list[Any]]
) -> None:
    done = run(tmp_path / "study", StubWork(failing=("r3", "r9")))
    assert done.failed == {"r3": "It fails.", "r9": "It fails."}
    assert run(tmp_path / "study").computed == 0
    again = run(tmp_path / "study", retry=True)
    assert (again.computed, again.failed) == (2, {})
    assert lines(again.study) == whole


def test_fail_fast_stops_and_what_was_done_stays(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'r\d+' fails.*It fails"):
        run(tmp_path / "study", StubWork(failing=tuple(f"r{n}" for n in range(21))), fail_fast=True)
    assert len(open_study(tmp_path / "study").known()) == 3


def test_joined_parts_hold_the_same_lines(
    tmp_path: Path, whole: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "MOST_SMALL", 3)
    study = run(tmp_path / "study", shard=2).study
    assert len(study.parts.names()) < 6
    assert lines(study) == whole


def test_between_joining_and_removing_no_line_is_there_twice(
    tmp_path: Path, whole: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "MOST_SMALL", 3)
    monkeypatch.setattr(parts_module.Parts, "_clear", lambda self, names: None)  # killed before
    study = run(tmp_path / "study", shard=2).study
    assert len(list((tmp_path / "study" / "parts").glob("0*"))) > len(study.parts.names())
    assert lines(study) == whole


def test_another_option_or_content_is_refused_with_what_differs(tmp_path: Path) -> None:
    run(tmp_path / "study")
    other = {**ASKED, "settings": {"method": "banzhaf", "seed": 0}}
    with pytest.raises(InputError, match=r"settings.method is 'stub' there and 'banzhaf' here"):
        run(tmp_path / "study", asked=other)
    how = Doing()
    changed = [question(3, kind="%")]
    with pytest.raises(InputError, match=r"'r3' has rows.*kind is '/' there and '%' here"):
        carry_out(changed, tmp_path / "study", ASKED, StubWork(), how.made(tmp_path), how)
    with pytest.raises(ModelError, match="sha256"):
        run(tmp_path / "study", StubWork(provenance={"name": "stub", "sha256": "1"}), count=21)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="exists already"):
        run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_nothing_is_left_of_a_study_that_never_began(tmp_path: Path) -> None:
    class Broken(StubWork):
        def begin(self, threads: int | None = None) -> Any:
            raise ModelError("It cannot be loaded.")

    with pytest.raises(ModelError, match="cannot be loaded"):
        run(tmp_path / "study", Broken())
    assert list(tmp_path.iterdir()) == []


def test_a_second_driver_is_refused(tmp_path: Path) -> None:
    study = run(tmp_path / "study").study
    with study.writing(), pytest.raises(InputError, match="Another process is at work"):
        run(tmp_path / "study", count=21)
    assert run(tmp_path / "study", count=21).computed == 1


def test_what_cannot_be_written_leaves_what_was_written(
    tmp_path: Path, whole: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = parquet()
    written = []

    class Full:
        ParquetFile = real.ParquetFile

        @staticmethod
        def write_table(table: Any, path: Path, **how: Any) -> None:
            written.append(path)
            if len(written) > 15:
                path.write_bytes(b"PAR1")
                raise OSError(28, "No space left on device")
            real.write_table(table, path, **how)

    with monkeypatch.context() as patch:
        patch.setattr(parts_module, "parquet", lambda: Full)
        with pytest.raises(WriteError, match="No space left"):
            run(tmp_path / "study")
    assert len(open_study(tmp_path / "study").known()) == 6
    assert lines(run(tmp_path / "study").study) == whole


def test_a_damaged_part_is_named_and_can_be_computed_again(
    tmp_path: Path, whole: dict[str, list[Any]]
) -> None:
    study = run(tmp_path / "study").study
    part = study.folder / "parts" / "000003"
    (part / "records.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match=r"000003.*damaged.*delete the folder"):
        run(tmp_path / "study")
    for file in part.iterdir():
        file.unlink()
    part.rmdir()
    again = run(tmp_path / "study")
    assert again.computed == 3 and lines(again.study) == whole


def raised(part: Path) -> None:
    """Raise every cell by one nat."""
    table = parquet().read_table(part / "cells.parquet")
    place = table.schema.get_field_index("value")
    values = arrow().array([value + 1 for value in table.column("value").to_pylist()])
    parquet().write_table(table.set_column(place, "value", values), part / "cells.parquet")


def without_values(part: Path) -> None:
    (part / "digests.json").unlink()
    table = parquet().read_table(part / "cells.parquet")
    parquet().write_table(table.drop_columns(["value"]), part / "cells.parquet")


def flipped(part: Path) -> None:
    content = bytearray((part / "cells.parquet").read_bytes())
    content[len(content) // 3] ^= 4
    (part / "cells.parquet").write_bytes(content)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (raised, "cells.parquet is damaged .something was changed after it was written"),
        (flipped, "cells.parquet is damaged .something was changed after it was written"),
        (without_values, "cells.parquet is damaged .*value"),
        (lambda part: (part / "cells.parquet").unlink(), "cells.parquet is missing"),
        (lambda part: (part / "digests.json").write_text("[]"), "is damaged"),
        (lambda part: (part / "replaces.json").write_text("5"), "replaces.json is damaged"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_rows_that_were_changed_are_refused(
    change: Callable[[Path], object], sentence: str, tmp_path: Path
) -> None:
    study = run(tmp_path / "study", count=4).study
    assert len(study.table("cells")) == 4 * 9
    change(study.folder / "parts" / "000002")
    with pytest.raises(InputError, match=sentence):
        open_study(study.folder).table("cells")


def test_rows_of_before_there_were_digests_are_read(tmp_path: Path) -> None:
    study = run(tmp_path / "study", count=4).study
    before = lines(study)
    for path in study.folder.rglob("digests.json"):
        path.unlink()
    assert lines(open_study(study.folder)) == before


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"schema": 0}, "has schema 0, but this bathyscope reads 1 to 1"),
        ({"schema": 2}, "has schema 2"),
        ({"asked": {"settings": [1]}}, "does not say what was asked"),
    ],
)
def test_a_study_that_is_none_is_refused(
    changed: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    study = run(tmp_path / "study", count=1).study
    path = study.folder / "study.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(InputError, match=sentence):
        open_study(study.folder)
    (study.folder / "model.json").write_text("[1]")
    with pytest.raises(InputError, match=r"model\.json is damaged .it is no record"):
        _ = study.model


def test_the_maps_of_a_record_are_the_runs_that_were_computed(tmp_path: Path) -> None:
    study = run(tmp_path / "study", StubWork(failing=("r4",))).study
    (opened,) = study.runs("r7")
    assert opened.to_document() == attribution(question(7)).to_document()
    with pytest.raises(InputError, match="'r4' has no map: It fails"):
        study.runs("r4")
    with pytest.raises(InputError, match="no record 'r'; there are r"):
        study.runs("r")


def test_what_is_left_is_said_before_it_begins_and_a_dry_run_leaves_nothing(tmp_path: Path) -> None:
    said: list[Forecast] = []
    dry = run(tmp_path / "study", StubWork(seconds=5.0), dry_run=True, expect=said.append)
    assert dry.expected is not None and dry.expected.evaluations == 20
    assert (dry.computed, dry.kept, said) == (0, 0, [dry.expected])
    assert not (tmp_path / "study").exists()
    first = run(tmp_path / "study", count=15, expect=said.append)
    assert first.computed == 15 and first.expected == said[1]
    before = lines(first.study)
    rest = run(tmp_path / "study", count=20, dry_run=True)
    assert rest.expected is not None and rest.expected.evaluations == 5 and rest.kept == 15
    assert lines(open_study(tmp_path / "study")) == before
    assert run(tmp_path / "study", count=15, dry_run=True).expected == Forecast(0, 0.0, 0.0)
    assert run(tmp_path / "study", count=20).expected is None and len(said) == 2
