import html
import re
from pathlib import Path

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
