import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.core.heatmap import Axis
from bathyscope.page.document import modules, page
from tests.page.hand_made import attribution, depth, evidence

HOSTILE = "<script>alert(1)</script></script>--><!--&lt;{{script}}\u2028"


def data_of(document: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', document, re.S)
    assert found is not None
    return json.loads(found[1])


def test_a_page_holds_its_maps_and_asks_for_nothing_else() -> None:
    document = page([attribution(), depth()], ["one", "two"])
    data = data_of(document)
    assert [each["name"] for each in data["maps"]] == ["one", "two"]
    assert data["heading"] == "What drove each token of “3 + 4 = 7. 7”, and how deep it was decided"
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:|//)", document)
    assert "@import" not in document and "url(" not in document.replace("url(#", "")


def test_evidence_stands_where_an_axis_has_a_place_for_each_token() -> None:
    known = [replace(run, evidence=evidence()) for run in (attribution(), depth())]
    contrast = replace(known[0].heatmap, rows=Axis("target token", tuple("abcdefg")))
    maps = [*known, attribution(), replace(known[0], heatmap=contrast)]
    told = [each["evidence"] for each in data_of(page(maps))["maps"]]
    assert [one and one["along"] for one in told] == ["rows", "columns", None, None]
    assert told[0]["ranks"][:3] == [14, 2, 1] and told[0]["greedy"][:2] == ["▁8", "▁8"]


def test_the_same_maps_give_the_same_bytes() -> None:
    assert page([attribution(), depth()]) == page([attribution(), depth()])


def test_text_from_outside_never_becomes_markup() -> None:
    drove = attribution(prompt=f"{HOSTILE} and more", features=((0, len(HOSTILE)),))
    deep = depth(tokens=(HOSTILE, " b"))
    document = page([drove, deep], [HOSTILE, "two"])
    assert document.count("<script") == 2
    assert document.count("</script>") == 2
    assert "<!--" not in document and "alert(1)<" not in document
    data = data_of(document)
    assert data["maps"][0]["name"] == HOSTILE
    assert data["maps"][0]["columns"]["labels"] == [HOSTILE]
    assert "<script" not in data["maps"][1]["words"]


def test_the_policy_lets_these_scripts_run_and_no_others() -> None:
    document = page([depth()])
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', document)
    script = re.search(r'<script type="module">(.*?)</script>', document, re.S)
    style = re.search(r"<style>(.*?)</style>", document, re.S)
    assert policy and script and style
    for part in (script, style):
        digest = base64.b64encode(hashlib.sha256(part[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in html.unescape(policy[1])
    assert "default-src 'none'" in html.unescape(policy[1])
    assert "unsafe" not in policy[1] and "http" not in policy[1]


def test_modules_are_put_together_whole() -> None:
    source = modules()
    assert not re.search(r"^(import|export)\b", source, re.M)
    assets = Path(bs.__file__).parent / "page" / "assets"
    for module in assets.glob("*.js"):
        assert module.read_text(encoding="utf-8").splitlines()[0] in source, module
        assert len(module.read_text(encoding="utf-8").splitlines()) <= 400, module


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    for call, message in {
        lambda: bs.view([], tmp_path / "a.html"): "at least one run",
        lambda: bs.view(depth(), tmp_path / "a.pdf"): r"does not end in \.html",
        lambda: bs.view([[1.0]], tmp_path / "a.html"): "A list is no result",  # type: ignore[list-item]
        lambda: bs.view([depth()], tmp_path / "a.html", names=["a", "b"]): "1 maps need as many",
    }.items():
        with pytest.raises(bs.InputError, match=message):
            call()
    assert list(tmp_path.iterdir()) == []
