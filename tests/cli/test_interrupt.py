"""A real Ctrl-C, sent to a real process in the middle of its work."""

import json
import re
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bathyscope.attribution.evaluations import _TABLE
from tests.cli.conftest import call, started, tree

PROMPT = " ".join(f"[[{number}]]" for number in range(20)) + " sum:"


def kept(cache: Path) -> int:
    """Return how many evaluations are on disk."""
    if not cache.exists():
        return 0
    with closing(sqlite3.connect(cache)) as connection:
        try:
            return int(connection.execute(f"SELECT count(*) FROM {_TABLE}").fetchone()[0])
        except sqlite3.OperationalError:  # the table is not there yet
            return 0


def test_ctrl_c_leaves_whole_files_and_the_next_run_goes_on(
    here: Path, llama_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATHYSCOPE_CACHE", str(here / "cache"))
    cache = here / "cache" / "evaluations.sqlite"
    asked = ["attribute", PROMPT, "--target", " 66", "-m", llama_folder, "--seed", "3", "--json"]
    asked += ["--budget", "500", "--batch-tokens", "64"]
    with started(*asked, "-o", "run", "--cache") as process:
        while kept(cache) == 0 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert process.returncode == 130 and output == ""
    assert "interrupted" in errors and "Traceback" not in errors
    measured = sorted((here / "cache" / "measured").glob("*"))
    assert measured and all(json.loads(one.read_text()) for one in measured), "whole, each of them"
    left = [path for path in tree(here) if not path.startswith("cache/measured")]
    assert left == ["cache", "cache/evaluations.sqlite"]
    before = kept(cache)
    assert 0 < before < 500
    continued = call(*asked, "-o", "run", "--cache")
    assert continued.exit_code == 0, continued.output
    told = re.search(r"evaluate coalitions: (\d+) of", continued.stderr)
    assert told is not None and int(told[1]) == before
    uninterrupted = call(*asked, "-o", "whole")
    one, other = (json.loads(result.stdout) for result in (continued, uninterrupted))
    # The same coalitions; their values are rounded otherwise, since they met in other batches.
    for key in ("standard_error", "halves"):
        np.testing.assert_allclose(one[key], other[key], atol=2e-5)
    values = [np.array(run["heatmap"]["values"]) for run in (one, other)]
    np.testing.assert_allclose(values[0], values[1], atol=2e-5)
    methods = [run["provenance"]["method"] for run in (one, other)]
    assert methods[0] == methods[1] | {"cache": True}
    again = json.loads(call(*asked, "-o", "again", "--cache").stdout)
    assert again["heatmap"] == one["heatmap"], "all known: the same bits"
