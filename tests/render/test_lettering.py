import re
import unicodedata

import numpy as np
import pytest

import bathyscope as bs
from bathyscope.core.errors import InputError
from bathyscope.core.heatmap import Axis, Heatmap, Quantity
from bathyscope.render import lettering as module
from bathyscope.render.lettering import lettering, on_one_line, package_with, shortened


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("$x_1$ \\frac", "$x_1$ \\frac"),
        (" 8 ", "▁8▁"),
        ("  ", "▁▁"),
        ("a\nb\tc", "a⏎b⇥c"),
        ("a\u200db\ufeff", "a\\u200db\\ufeff"),
        ("\u202eabc", "\\u202eabc"),
        ("\x07", "\\x07"),
        ("é 1/2", "é 1/2"),
        ("שלום", "שלום"),
    ],
)
def test_everything_is_visible(label: str, shown: str) -> None:
    assert on_one_line(label) == shown


def test_long_labels_are_cut_between_characters() -> None:
    assert shortened("x" * 48) == "x" * 48
    assert shortened("x" * 49) == "x" * 47 + "…"
    assert shortened("日" * 60) == "日" * 23 + "…"
    assert shortened("日" * 60, str.isascii) == "\\u65e5" * 7 + "…"
    assert unicodedata.normalize("NFC", shortened("e\u0301" * 60)) == "é" * 47 + "…"


def test_escapes_are_cut_whole() -> None:
    r"""Wherever a label is cut, what is left of `\u200d` or `\x07` is all of it or nothing."""
    letters, escape = lettering([]), re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
    label = "".join(rf"{chr(97 + index)}\u200d\x07\U0001f600" for index in range(9))
    assert "\\" not in escape.sub("", shortened(label)) and len(shortened(label)) > 40
    for inches in np.linspace(0.05, 6, 60):
        shown = letters.fitted(label, inches)
        assert "\\" not in escape.sub("", shown)
        assert letters.inches(shown)[0] <= inches or shown == "…"
        if shown != label:
            rest = escape.split(label.removeprefix(shown[:-1]), maxsplit=1)[0]
            assert shown.endswith("…") and label.startswith(shown[:-1]) and len(rest) <= 1
    assert letters.fitted("e\u0301" * 9, 0.3).rstrip("…").endswith("e\u0301")


def test_a_font_is_taken_by_its_name() -> None:
    letters = lettering(["a␣日"], "DejaVu Serif")
    assert letters.families[:2] == ("DejaVu Serif", "DejaVu Sans")
    assert (
        bs.figure(
            Heatmap(np.eye(1), Axis("t", ("x",)), Axis("f", ("y",)), Quantity("a")),
            font="DejaVu Serif",
        )
        .axes[0]
        .texts[0]
        .get_fontfamily()[0]
        == "DejaVu Serif"
    )
    with pytest.raises(InputError, match="'Dejavu Serf' is not installed; did you mean 'DejaVu Se"):
        lettering([], "Dejavu Serf")


def test_what_no_font_draws_becomes_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_upright", lambda: [])  # as where only matplotlib's own is there
    letters = lettering(["日 a", "x\r", "😀"])
    assert letters.missing == {"日", "␍"}
    assert letters.label("日 a") == "\\u65e5 a"
    assert letters.label("x\r") == "x\\r"


def test_a_font_that_has_a_glyph_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fonts are asked in turn, and the first that has something new is taken."""
    real = module._characters
    fonts = {"A": frozenset("日"), "B": frozenset("日本"), "C": frozenset("本")}
    monkeypatch.setattr(module, "_upright", lambda: ["A", "B", "C"])
    monkeypatch.setattr(module, "_characters", lambda name: fonts.get(name) or real(name))
    assert lettering(["日本x"]).families == ("DejaVu Sans", "A", "B")
    assert lettering(["x"]).families == ("DejaVu Sans",)


def test_no_placeholder_font_stands_in() -> None:
    assert not any(name.startswith("Last Resort") for name in module._upright())


@pytest.mark.parametrize(
    ("character", "package"),
    [
        ("日", "fonts-noto-cjk"),
        ("ハ", "fonts-noto-cjk"),
        ("한", "fonts-noto-cjk"),
        ("，", "fonts-noto-cjk"),
        ("🧬", "fonts-symbola"),
        ("न", "fonts-noto-core"),
        ("ไ", "fonts-noto-core"),
        ("\U00012000", "fonts-noto-core"),
    ],
)
def test_packages(character: str, package: str) -> None:
    assert package_with(character) == package


def test_missing_glyphs_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_upright", lambda: [])
    labels = ("日", "本\U00012000", "a", "b\r")
    heatmap = Heatmap(np.eye(4), Axis("token", labels), Axis("feature", labels), Quantity("a"))
    with pytest.warns(UserWarning, match="fonts-noto-cjk, fonts-noto-core;") as caught:
        bs.figure(heatmap)
    assert len(caught) == 1
    assert "'日本\U00012000'" in str(caught[0].message)


def test_lines_are_wrapped_by_their_measured_width() -> None:
    letters = lettering(["a"])
    lines = letters.wrapped("mmmm " * 20 + "iiii " * 20 + "mmmm", 2.0).split("\n")
    assert len(lines) > 3
    assert all(letters.inches(line)[0] <= 2.0 for line in lines)
    assert len(lines[-2]) > len(lines[0]), "narrow letters: more of them"
    assert letters.wrapped("m" * 100, 1.0) == "m" * 100
    broken = letters.wrapped("a " + "m" * 100, 1.0, breaking=True).split("\n")
    assert "".join(broken).replace(" ", "") == "a" + "m" * 100
    assert all(letters.inches(line)[0] <= 1.0 for line in broken)
