import base64
import html
import re
import sys
from pathlib import Path

import pytest

import bathyscope as bs
from bathyscope.page.document import page
from bathyscope.runs.base import Run
from tests.page.hand_made import attribution, depth


def test_a_run_shows_itself_in_a_frame_of_its_own(tmp_path: Path) -> None:
    for made in (attribution(), depth()):
        made.save(tmp_path / made.kind)
        run = bs.open_run(tmp_path / made.kind)
        assert isinstance(run, Run)
        shown = run._repr_html_()
        assert shown is not None
        found = re.fullmatch(
            r'<iframe title="([^"]*)" sandbox="([^"]*)".* srcdoc="([^"]*)"></iframe>', shown, re.S
        )
        assert found is not None
        assert found[1].endswith("decided" if run.kind == "depth" else "“3 + 4 = 7. 7”")
        assert "allow-same-origin" not in found[2]
        assert html.unescape(found[3]) == page([run], [run.kind])


def test_without_a_page_a_run_is_text() -> None:
    kept = Run.in_notebook
    try:
        Run.in_notebook = None
        assert attribution()._repr_html_() is None
    finally:
        Run.in_notebook = kept


def test_a_run_and_a_map_have_a_view_in_markdown_with_the_full_account_folded() -> None:
    run = attribution()
    for subject in (run, run.heatmap):
        shown = subject._repr_markdown_()
        assert shown is not None
        first, _, folded = shown.partition("<details>\n<summary>In full</summary>\n\n")
        assert bs.describe(subject, short=True).strip() in first and "## Axes" not in first
        assert "## Axes" in folded and folded.endswith("\n</details>\n")
        assert "\n" not in repr(subject)
    assert repr(run.heatmap) == "<Heatmap: {} × {}, attribution in nats>".format(
        *run.heatmap.values.shape
    )


def test_a_figure_shows_itself_once_whatever_was_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    drawn = bs.figure(attribution())
    shown, _ = formatters.DisplayFormatter().format(drawn)
    picture = shown["image/png"]
    assert (base64.b64decode(picture) if isinstance(picture, str) else picture)[:4] == b"\x89PNG"
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums(), "none of those that notebooks show again"
