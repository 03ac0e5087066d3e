"""Records of three kinds of files, and what is said of those that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from bathyscope.core.errors import InputError
from bathyscope.study.reading import StudyRecord, read_study_records

GIVEN: list[dict[str, Any]] = [
    {"id": "a", "prompt": "Q: é\nA:", "answer": "4", "tags": {"kind": "+"}},
    {"id": "b", "prompt": "{{ 7 * 7 }} [[x]]", "answer": "-2"},
]


def lines(*records: Any) -> str:
    return "\n".join(json.dumps(record) for record in records) + "\n"


def read(folder: Path, content: str | bytes, name: str = "p.jsonl") -> list[StudyRecord]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_study_records(path)


def test_every_kind_of_file_gives_the_same_records(tmp_path: Path) -> None:
    expected = [record["prompt"] for record in GIVEN]
    flat = [{k: v for k, v in record.items() if k != "tags"} for record in GIVEN]
    pa.parquet.write_table(pa.Table.from_pylist(flat), tmp_path / "p.parquet")
    table = 'id,prompt,answer\na,"Q: é\nA:",4\nb,{{ 7 * 7 }} [[x]],-2\n'
    for records in (
        read(tmp_path, lines(*GIVEN)),
        read(tmp_path, "\ufeff" + lines(*GIVEN)),
        read(tmp_path, json.dumps(GIVEN), "p.json"),
        read(tmp_path, table, "p.csv"),
        read(tmp_path, table.replace(",", "\t"), "p.tsv"),
        read_study_records(tmp_path / "p.parquet"),
    ):
        assert [record.id for record in records] == ["a", "b"]
        assert [record.text("prompt") for record in records] == expected
        assert [record.text("answer") for record in records] == ["4", "-2"]
        assert not any(record.problem for record in records)
    assert dict(read(tmp_path, lines(*GIVEN))[0].tags) == {"kind": "+"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nothing", "Line 2 of p.jsonl is no JSON"),
        ('{"id": NaN}', "NaN is no JSON value"),
        ("[1, 2]", "object with named fields, not list"),
        ("[" * 100_000, "is no JSON"),
        ('{"id": ["x"]}', "id of a record is a text"),
        ('{"id": true}', "id of a record is a text"),
        (json.dumps({"id": "x" * 300}), "1 to 200 characters"),
        ('{"prompt": {"a": 1}}', "field 'prompt' of a record is a text"),
        ('{"prompt": "\\ud800"}', "no valid Unicode"),
        ('{"tags": [1]}', "tags of a record"),
        (b'{"prompt": "\xff"}', "not UTF-8"),
    ],
)
def test_a_line_that_is_no_record_is_one_with_a_sentence(
    line: str | bytes, sentence: str, tmp_path: Path
) -> None:
    content = line if isinstance(line, bytes) else line.encode()
    records = read(tmp_path, lines(GIVEN[0]).encode() + content + b"\n" + lines(GIVEN[1]).encode())
    assert [record.problem is None for record in records] == [True, False, True]
    assert sentence in str(records[1].problem)


def test_equal_ids_keep_the_first_and_say_where_it_is(tmp_path: Path) -> None:
    twice = {"id": "a", "prompt": "another"}
    records = read(tmp_path, lines(GIVEN[0], GIVEN[0], twice, twice | {"x": 1}, {"id": "a#2"}))
    assert [record.id for record in records] == ["a", "a#2", "a#3", "a#2#2"]
    assert records[0].text("prompt") == GIVEN[0]["prompt"]
    assert "place 1 already; give the one at place 3 another" in str(records[1].problem)


def test_a_csv_with_a_short_line_and_a_file_that_is_none_are_told_apart(tmp_path: Path) -> None:
    records = read(tmp_path, "id,prompt\na,x\nb\nc,y\n", "p.csv")
    assert [record.problem is None for record in records] == [True, False, True]
    for content, name, sentence in (
        ("", "p.jsonl", "holds no record"),
        ("a,a\n1,2\n", "p.csv", "name its columns"),
        ("x", "p.parquet", "no Parquet file"),
        ("x", "p.txt", "does not end in"),
        ("{", "p.json", "is no JSON"),
    ):
        with pytest.raises(InputError, match=sentence):
            read(tmp_path, content, name)
    with pytest.raises(InputError, match="cannot be read"):
        read_study_records(tmp_path / "nowhere.jsonl")
