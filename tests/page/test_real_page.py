"""The page of a real answer: why did the model write the slash, and how deep was it decided?"""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.model.language_model import LanguageModel
from bathyscope.runs.base import Run
from tests.page.conftest import Open

pytestmark = pytest.mark.real


def test_the_slash_of_the_division(
    smollm: LanguageModel, demo_runs: dict[str, Run], open_page: Open
) -> None:
    drove = demo_runs["given-division"]
    deep = bs.depth(smollm, drove.prompt or "", response=drove.text, top_k=5)
    page = open_page([drove, deep], names=["drove", "deep"])
    assert page.locator("#cell .entry code").all_text_contents() == ["▁/", "4900 / 100 = 49"]
    assert page.locator('[aria-pressed="true"]').all_text_contents() == ["/"]
    for number, values in enumerate((drove.heatmap.values, deep.heatmap.values)):
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").nth(number).click()
        written = Path(download.value.path()).read_text(encoding="utf-8")
        read = [float(line["value"]) for line in csv.DictReader(io.StringIO(written))]
        assert np.array(read).tobytes() == values.tobytes()
