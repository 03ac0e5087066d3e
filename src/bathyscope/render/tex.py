"""A map as a LaTeX table."""

import unicodedata
from collections.abc import Iterator, Sequence

from bathyscope.render.figure.cells import in_form
from bathyscope.render.figure.content import Content, content_of
from bathyscope.render.labels import relabelled
from bathyscope.render.lettering import Lettering
from bathyscope.render.look import Look
from bathyscope.render.numbers import number_format
from bathyscope.runs.base import Run

ENDING = ".tex"

_HEAD = "% LaTeX table by bathyscope; it needs \\usepackage{booktabs}"
_SHORT = 8  # letters: longer labels of columns are turned
_DEGREES = 60
# What would begin a command, end a cell, be taken for an option of \\\\, or melt into a ligature.
_COMMANDS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\string" + '"{}',
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "-": "{-}", ",": "{,}",
    "[": "{[}", "*": "{*}", "¡": "!`{}", "¿": "?`{}", "«": r"$\ll$", "»": r"$\gg$",
    "␣": r"\textvisiblespace{}", "⏎": r"$\hookleftarrow$", "⇥": r"$\mapsto$",
    "␍": r"\textbackslash{}r", "…": r"\ldots{}", "“": "``{}", "”": "''{}", "‘": "`{}", "’": "'{}",
    "–": "--{}", "—": "---{}", "\N{NO-BREAK SPACE}": "~", "−": "$-$", "×": r"$\times$",
    "÷": r"$\div$", "±": r"$\pm$", "·": r"$\cdot$", "∞": r"$\infty$", "→": r"$\to$",
    "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$", "√": r"$\surd$",
    "°": r"\textdegree{}", "€": r"\texteuro{}", "£": r"\pounds{}", "§": r"\S{}", "¬": r"$\neg$",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ρ": r"$\rho$", "φ": r"$\phi$", "λ": r"$\lambda$",
    "α": r"$\alpha$", "β": r"$\beta$", "σ": r"$\sigma$", "μ": r"$\mu$", "π": r"$\pi$",
    "θ": r"$\theta$", "Σ": r"$\Sigma$", "Δ": r"$\Delta$", "∑": r"$\sum$",
    "²": "$^2$", "³": "$^3$", "½": r"$\frac12$", "¼": r"$\frac14$", "¾": r"$\frac34$",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r",
    "\u030c": "v", "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u030b": "H", "\u0327": "c",
}  # fmt: skip


def latex_table(run: Run, look: Look | None = None) -> str:
    """Return a map as a LaTeX table, with what a figure says of it as its caption.

    It needs the package booktabs, and graphicx where labels of columns are long. Every character
    of a label is escaped; those that pdfLaTeX does not know stand as they are, and a comment
    names them.

    Args:
        run: The run.
        look: Fields that a table has: window, transpose, totals, digits, labels.

    Raises:
        InputError: Something else is asked for.
    """
    look = look or Look()
    look.require_only(
        ("window", "transpose", "totals", "digits", "labels"),
        "A LaTeX table has no colours, no fonts, no width of its own, and no marks on its cells",
    )
    content = content_of(relabelled(run, look.labels), look, Lettering((), frozenset()))
    form = number_format(content.numbers, look.digits)
    lines = [*_body(content, form), *_caption(content)]
    foreign = sorted({c for c in "".join(lines) if ord(c) > 127})
    turned = any(r"\rotatebox" in line for line in lines)
    head = [f"{_HEAD} and graphicx" if turned else _HEAD]
    if foreign:
        head.append(f"% XeLaTeX or LuaLaTeX, with a font that has: {' '.join(foreign)}")
    return "\n".join([*head, r"\begin{table}", r"\centering", *lines, r"\end{table}", ""])


def escaped(text: str) -> str:
    """Return text as LaTeX sets it, character for character."""
    out, before = [], ""
    for character in unicodedata.normalize("NFC", text):
        space_again = character == " " and before in (" ", "")
        out.append(r"\ " if space_again else _escaped(character))
        before = character
    return "".join(out)


def _escaped(character: str) -> str:
    if character in _COMMANDS:
        return _COMMANDS[character]
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        letter = {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0])
        return rf"\{_ACCENTS[parts[1]]}{{{letter}}}"
    return character


def _body(content: Content, form: str) -> Iterator[str]:
    """Yield the table itself."""
    view, totals = content.view, content.totals(form)
    across, count = view.labels_across, len(view.places_across)
    side = None if totals is None or totals.side is None else totals.side.lines
    yield rf"\begin{{tabular}}{{l*{{{count}}}{{r}}{'' if side is None else 'r'}}}"
    yield r"\toprule"
    if view.across.name:
        yield rf" & \multicolumn{{{count}}}{{c}}{{{escaped(view.across.name)}}} \\"
        yield rf"\cmidrule(lr){{2-{count + 1}}}"
    long = max(map(len, across)) > _SHORT
    names = [
        rf"\rotatebox{{{_DEGREES}}}{{{escaped(one)}}}" if long else escaped(one) for one in across
    ]
    yield _line([escaped(view.down.name), *names, *([] if side is None else ["sum"])])
    yield r"\midrule"
    for place, row in enumerate(in_form(view, form)):
        more = [] if side is None else [side[place]]
        yield _line([escaped(view.labels_down[place]), *map(escaped, [*row, *more])])
    if totals is not None and totals.foot is not None:
        yield r"\midrule"
        corner = [] if side is None else [totals.everything]
        yield _line(["sum", *map(escaped, [*totals.foot.lines, *corner])])
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _line(entries: Sequence[str]) -> str:
    return " & ".join(entries) + r" \\"


def _caption(content: Content) -> Iterator[str]:
    """Yield what a figure says of its map."""
    quantity = content.run.heatmap.quantity
    said = [content.heading, quantity.legend or quantity.name, " · ".join(content.lines())]
    letters = content.view.letters
    whole = ". ".join(letters.line(one) for one in said if one)
    yield rf"\caption{{{escaped(whole)}}}"
