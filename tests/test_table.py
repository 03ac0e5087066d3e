from pathlib import Path

import pytest

from bathyscope.errors import InputError
from bathyscope.table import read_table

FIGURES = Path(__file__).parent / "figures"


def test_rows_with_the_same_label_stay_apart() -> None:
    table = read_table(FIGURES / "division.csv")
    assert table.values.shape == (13, 5)
    assert table.rows.labels.count("0") == 4
    assert table.columns.labels[2] == "4900 / 100 = 49"
    assert table.values[7].tolist() == [0.3820, 0.0909, 1.9074, 0.6336, 0.6902]
    assert table.rows.labels[3] == ","
    assert table.quantity.neutral == 0.0


def test_a_table_without_negatives_is_not_signed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("layer,a\n1,0.5\n2,0.25\n")
    table = read_table(tmp_path / "t.csv")
    assert table.quantity.neutral is None
    assert table.rows.name == "layer"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"just a line\n", "no number table"),
        (b"a,b\n", "no number table"),
        (b"a,b\nx,1\ny,1,2\n", "row 3 has 3 cells"),
        (b"a,b\nx,one\n", "'one' in row 2, column 'b'"),
        (b"a,b\nx,nan\n", "not a finite number"),
        (b"a,b\nx,\n", "not a finite number"),
        (b"\xff\xfe\x00", "no CSV"),
        (b'a,b\n"x,1\n', "no CSV"),
    ],
)
def test_what_is_no_number_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "t.csv")


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
