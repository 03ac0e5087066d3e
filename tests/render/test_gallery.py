import html
from html.parser import HTMLParser
from pathlib import Path

import bathyscope as bs
from bathyscope.render.gallery import Exhibit, write_gallery
from tests.runs.test_kinds import SAMPLES


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]


def test_what_comes_from_a_model_stays_text(tmp_path: Path) -> None:
    evil = "# `<script>alert(1)</script>`\n\n</div><img src=x onerror=alert(1)> --> <b>x</b>"
    evil += '\n\n## In full\n\n</details><img src=x onerror=alert(2)><b>y</b> "><b>z</b>'
    write_gallery(
        tmp_path / "p.html", "<script>title", "<script>alert(2)</script>", [Exhibit("a.png", evil)]
    )
    page = Tags()
    page.feed((tmp_path / "p.html").read_text())
    assert "script" not in page.tags and "b" not in page.tags
    assert page.links == ["a.png"]


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    words = bs.describe(SAMPLES["attribution"]())
    write_gallery(tmp_path / "p.html", "t", "i", [Exhibit("a/figure.png", words)] * 3)
    text = (tmp_path / "p.html").read_text()
    assert "http:" not in text and "https:" not in text
    assert text.count("<img ") == 3
    assert text.count("<details>") == text.count("<summary>In full</summary>") == 3


def test_the_short_account_leads_and_is_the_picture_s_alternative_text(tmp_path: Path) -> None:
    run = SAMPLES["depth_groups"]()
    write_gallery(tmp_path / "p.html", "t", "i", [Exhibit("a.png", bs.describe(run))])
    shown, _, folded = (tmp_path / "p.html").read_text().partition("<details>")
    short = bs.describe(run, "text", short=True).strip()
    assert f'alt="{html.escape(short)}"' in shown
    assert short.split("“")[0] in shown.partition("<img")[0]
    assert "Axes" in folded and "Axes" not in shown


def test_what_was_asked_stands_beside_its_figure(tmp_path: Path) -> None:
    asked = bs.Prompt.marked("Q: [[<b>1</b>]]\nA: [[2]]")
    words = bs.describe(SAMPLES["depth"]())
    shown = Exhibit("a.png", words, "Title", asked, " <i>3</i>", " 4", "explore.html#cell=a:0:1")
    write_gallery(tmp_path / "p.html", "t", "i", [shown])
    page = Tags()
    page.feed((tmp_path / "p.html").read_text())
    assert page.tags.count("mark") == 2 and page.tags.count("dt") == 2
    assert "i" not in page.tags and "b" not in page.tags
    assert page.links == ["a.png", "explore.html#cell=a:0:1"]
    assert shown.pieces == [
        ("Q: ", False), ("<b>1</b>", True), ("\nA: ", False), ("2", True)
    ]  # fmt: skip
