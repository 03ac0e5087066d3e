"""Plain tables of every format, whole and broken."""

import gzip
import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Heatmap
from bathyscope.tables import reading
from bathyscope.tables.reading import read_table

FIGURES = Path(__file__).parent.parent / "figures"

CSV = "token,a,b,a\n▁/,1.5,-2,nan\n0,0,1e-3,-inf\n0,,4,5\n"
MARKDOWN = """# Not the table

| token | a   | b | a |
|:------|----:|---|---|
| `▁/`  | 1.5 | −2 | nan |
| 0 | 0 | 1e-3 | -inf |
| 0 |  | 4 | 5 |

| is no second table
"""
JSON = """[{"token": "▁/", "a": 1.5, "b": -2, "a": NaN},
{"token": "0", "a": 0, "b": 1e-3, "a": "-inf"},
{"token": 0, "a": null, "b": 4, "a": 5}]"""


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


VALUES = np.array([[1.5, -2, np.nan], [0, 1e-3, -np.inf], [np.nan, 4, 5]])
SAME = {
    "t.csv": CSV.encode(),
    "bom.csv": b"\xef\xbb\xbf" + CSV.encode(),
    "t.tsv": CSV.replace(",", "\t").encode(),
    "t.md": MARKDOWN.encode(),
    "t.json": JSON.encode(),
    "t.jsonl": JSON.replace("\n", "")
    .replace("}, {", "}\n{")
    .replace("},{", "}\n\n{")[1:-1]
    .encode(),
    "t.npz": npz(values=VALUES, rows=["▁/", "0", "0"], columns=["a", "b", "a"]),
    "na.csv": CSV.replace(",,", ",NA,").replace("nan", "<NA>").encode(),
    "none.csv": CSV.replace(",,", ",None,").replace("nan", "null").encode(),
    "semicolon.csv": CSV.replace(",", ";").replace(".", ",").encode(),
    "point.csv": CSV.replace(",", ";").encode(),
    "comma.tsv": CSV.replace(",", "\t").replace(".", ",").encode(),
    "little.csv": b"\xff\xfe" + CSV.encode("utf-16-le"),
    "big.csv": b"\xfe\xff" + CSV.encode("utf-16-be"),
    "t.CSV.gz": gzip.compress(CSV.encode()),
}


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", SAME)
def test_one_table_in_every_format(tmp_path: Path, name: str) -> None:
    table = read_table(written(tmp_path, name, SAME[name]))
    np.testing.assert_array_equal(table.values, VALUES)
    assert table.rows.labels == ("▁/", "0", "0")
    assert table.columns.labels == ("a", "b", "a")
    assert table.quantity.neutral == 0.0
    assert table.provenance["table"] == name
    assert len(table.provenance["sha256"]) == 64


def test_rows_with_the_same_label_stay_apart() -> None:
    table = read_table(FIGURES / "division.csv")
    assert table.values.shape == (13, 5)
    assert table.rows.labels.count("0") == 4
    assert table.columns.labels[2] == "4900 / 100 = 49"
    assert table.values[7].tolist() == [0.3820, 0.0909, 1.9074, 0.6336, 0.6902]
    assert table.rows.labels[3] == ","
    assert table.quantity.neutral == 0.0


def test_a_table_without_negatives_is_not_signed(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "t.csv", "layer,a\n1,0.5\n2,0.25\n"))
    assert table.quantity.neutral is None
    assert table.rows.name == "layer"


def test_records_may_name_their_fields_in_another_order(tmp_path: Path) -> None:
    text = '[{"t": "x", "a": 1, "b": 2}, {"b": 4, "t": "y", "a": 3}]'
    table = read_table(written(tmp_path, "t.json", text))
    assert table.values.tolist() == [[1, 2], [3, 4]]


def test_pipes_and_backticks_in_labels(tmp_path: Path) -> None:
    text = "t | `a\\|b`\n--|--\n`` ` `` | 1\n\\| | 2\n"
    table = read_table(written(tmp_path, "t.md", text))
    assert table.columns.labels == ("a|b",)
    assert table.rows.labels == ("`", "|")
    assert table.values.tolist() == [[1], [2]]


def test_arrays_without_labels_are_numbered(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "t.npz", npz(scores=np.arange(6).reshape(2, 3))))
    assert table.rows.labels == ("1", "2")
    assert table.columns.labels == ("1", "2", "3")


TIDY = "row,row_label,column,column_label,value,standard_error\n"


def test_tidy_lines_come_in_any_order(tmp_path: Path) -> None:
    text = TIDY + "1,x,0,a,3,.1\n0,x,1,a,2,.1\n1,x,1,a,4,.1\n0,x,0,a,-1,.1\n"
    table = read_table(written(tmp_path, "scores.csv", text))
    assert table.values.tolist() == [[-1, 2], [3, 4]]
    assert table.rows.labels == ("x", "x")


def test_tidy_lines_with_decimal_commas_keep_their_labels(tmp_path: Path) -> None:
    text = TIDY.replace(",", ";") + "0;1,5;0;2,5;3,25;0,1\n0;1,5;1;b;-1;0,1\n"
    table = read_table(written(tmp_path, "scores.csv", text))
    assert table.values.tolist() == [[3.25, -1]]
    assert (table.rows.labels, table.columns.labels) == (("1,5",), ("2,5", "b"))


def test_whole_positions_may_be_written_as_fractions(tmp_path: Path) -> None:
    text = TIDY + "0.0,x,0,a,3,.1\n0.0,x,1.0,b,2,.1\n"
    assert read_table(written(tmp_path, "s.csv", text)).values.tolist() == [[3, 2]]


@pytest.mark.parametrize("size", [1e308, -1e308, 1e31])
def test_numbers_whose_sums_would_overflow_are_refused(tmp_path: Path, size: float) -> None:
    for name, text in (
        ("t.csv", f"t,a,b\nx,{size},{size}\n"),
        ("t.json", json.dumps([{"t": "x", "a": size, "b": -size}])),
    ):
        with pytest.raises(InputError, match=r"at most 1e.30 can be summed and drawn. Rescale"):
            read_table(written(tmp_path, name, text))


@pytest.mark.parametrize("shape", [(1, 1), (3, 4000), (4000, 1)])
def test_narrow_and_wide_tables(tmp_path: Path, shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    lines = ["t," + ",".join("a" for _ in range(shape[1]))]
    lines += ["x," + ",".join(map(repr, row)) for row in values.tolist()]
    table = read_table(written(tmp_path, "t.csv", "\n".join(lines)))
    np.testing.assert_array_equal(table.values, values)


DEEP = "[" * 200_000
REFUSED: list[tuple[str, bytes | str, str]] = [
    ("e.csv", "", "it is empty"),
    ("e.json", "", "not complete JSON"),
    ("e.md", "", "holds no tables"),
    ("e.npz", b"", "no .npz archive"),
    ("e.jsonl", "\n", "holds no record"),
    ("line.csv", "just a line\n", "expected a line of column labels"),
    ("header.csv", "a,b\n", "expected a line of column labels"),
    ("ragged.csv", "a,b\nx,1\ny,1,2\n", "row 3 has 3 cells where the first has 2"),
    ("ragged.md", "a|b\n-|-\nx|1\ny|1|2\n", "row 2 has 3 cells"),
    ("word.csv", "a,b\nx,one\n", "'one' in row 2, column 'b' is not a number"),
    ("underscore.csv", "a,b\nx,1_000\n", "'1_000' in row 2"),
    ("none.csv", "a,b\nx,\n", "none of its cells is a finite number"),
    ("binary.csv", b"\x80\xfe\x00", "not UTF-8 text"),
    ("half.csv", b"\xff\xfe\x00", "not UTF-16 text"),
    ("quote.csv", 'a,b\n"x,1\n', "unexpected end of data"),
    ("two.md", "a|b\n-|-\nx|1\n\na|b\n-|-\nx|1\n", "holds 2 tables"),
    ("cut.json", '[{"a": "x", "b": 1}', "not complete JSON"),
    ("deep.json", DEEP, "nested too deeply"),
    ("digits.json", "1" * 10_000, "a number in it is too long"),
    ("number.json", '[{"a": "x", "b": ' + "1" * 400 + "}]", "is not a number"),
    ("other.json", '{"a": 1}', "expected a list of records"),
    ("text.json", '"a"', "expected a list of records"),
    ("numbers.json", "[1, 2]", "entry 1 is no record"),
    ("fields.json", '[{"a": "x", "b": 1}, {"a": "y"}]', "record 2 has the fields 'a'"),
    ("true.json", '[{"a": "x", "b": true}]', "'True' in row 1"),
    ("list.json", '[{"a": ["x"], "b": 1}]', "where a label is expected"),
    ("bare.json", "[{}]", "expected a line of column labels"),
    ("pickle.npz", npz(values=np.array([[1, None]])), "pickled objects, which are never read"),
    ("shape.npz", npz(values=np.arange(3)), "expected rows × columns of real numbers"),
    ("complex.npz", npz(values=np.array([[1j]])), "expected rows × columns of real numbers"),
    ("which.npz", npz(a=np.eye(2), b=np.eye(2)), "it has a, b"),
    ("labels.npz", npz(values=np.eye(2), rows=["a"], columns=["b", "c"]), "1 row labels and 2"),
    ("label.npz", npz(values=np.eye(1), rows=np.array([[1.0]])), "no list of texts"),
    ("empty.npz", npz(values=np.zeros((0, 3))), "0 row labels"),
    ("cut.npz", npz(values=np.eye(9))[:200], "no .npz archive"),
    ("twice.csv", TIDY + "0,x,0,a,1\n0,x,0,a,2\n", "line 3 contradicts"),
    ("names.csv", TIDY + "0,x,0,a,1\n0,y,1,a,2\n", "line 3 contradicts"),
    ("gap.csv", TIDY + "0,x,0,a,1\n2,x,0,a,2\n", "do not fill rows and columns"),
    ("half.csv", TIDY + "0.5,x,0,a,1\n", "line 2 does not hold"),
    ("digit.csv", TIDY + "1_0,x,0,a,1\n", "line 2 does not hold"),
    (
        "tidy.jsonl",
        '{"row": true, "row_label": "x", "column": 0, "column_label": "a", "value": 1}',
        "line 2 does not hold",
    ),
    ("true.csv", "a,b\nx,True\n", "'True' in row 2"),
    ("true.npz", npz(values=np.array([[True]])), "expected rows × columns of real numbers"),
    ("marks.csv", "t;a;b\nx;1.234,5;2\n", "'1.234,5' in row 2"),
    ("both.csv", "t;a;b\nx;1,5;2.5\n", "'1,5' in row 2"),
    ("short.csv", TIDY + "0,x,0\n", "line 2 does not hold"),
    ("cut.csv.gz", gzip.compress(b"a,b\nx,1\n")[:-9], "cut off"),
    ("bad.csv.gz", b"\x1f\x8bnonsense", "damaged"),
    ("table.xlsx", "", "does not end in .csv, .tsv"),
    ("table", "", "does not end in .csv, .tsv"),
]


@pytest.mark.parametrize(("name", "content", "message"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_is_no_number_table_is_refused(
    tmp_path: Path, name: str, content: bytes | str, message: str
) -> None:
    with pytest.raises(InputError, match=name) as caught:
        read_table(written(tmp_path, name, content))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "none.csv")


def test_every_cut_of_every_format_is_refused_or_read(tmp_path: Path) -> None:
    for name, content in SAME.items():
        for length in range(0, len(content), 7):
            try:
                assert isinstance(read_table(written(tmp_path, name, content[:length])), Heatmap)
            except InputError as error:
                assert name in str(error)


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("values.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(
                member, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
            )
            for _ in range(300):
                member.write(bytes(2**20))
    assert len(bomb.getvalue()) < 2**20
    with pytest.raises(InputError, match="at most 268,435,456 are unpacked"):
        read_table(written(tmp_path, "bomb.npz", bomb.getvalue()))
    packed = gzip.compress(bytes(reading.MAX_BYTES + 1))
    with pytest.raises(InputError, match="unpacked it is larger than"):
        read_table(written(tmp_path, "bomb.csv.gz", packed))
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="larger than 100 bytes"):
        read_table(written(tmp_path, "long.csv", "a,b\n" + "x,1\n" * 100))


def test_a_header_that_promises_more_than_there_is(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive, archive.open("values.npy", "w") as member:
        np.lib.format.write_array_header_1_0(
            member, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**7)}
        )
        member.write(bytes(64))
    with pytest.raises(InputError, match=r"lie.npz is no number table"):
        read_table(written(tmp_path, "lie.npz", content.getvalue()))


def test_a_table_of_too_many_cells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bathyscope.tables.grid.MAX_CELLS", 5)
    with pytest.raises(InputError, match="2 × 3 cells; at most 5"):
        read_table(written(tmp_path, "t.csv", "t,a,b,c\nx,1,2,3\ny,1,2,3\n"))


def test_json_knows_nan_and_infinity(tmp_path: Path) -> None:
    text = json.dumps([{"t": "x", "a": math.inf, "b": math.nan, "c": 1}])
    table = read_table(written(tmp_path, "t.json", text))
    np.testing.assert_array_equal(table.values, [[math.inf, math.nan, 1]])
