"""Descriptions read back: text into sentences, sentences into numbers, nothing left over."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LABEL = r"⟦(\d+)⟧"
# In full, minus signs are true ones in the text, and hyphens once it was taken apart.
NUMBER = r"([+-]?[\d,]*\d(?:\.\d+)?(?:e[+-]\d+)?)"
MARGIN = r"(?: ± ([\d.e+-]+))?"
COUNT = r"([\d,]+)"
PERCENT = r"(\d+\.\d) %"
ORDINAL = r"(\d+)(st|nd|rd|th)"
NOUN = r"(token|feature|row|column|layer)"
THE = rf"the {ORDINAL} {NOUN} {LABEL}"
SHORT = rf"{LABEL} \({ORDINAL}\)"


@dataclass
class Page:
    """A description, taken apart.

    Attributes:
        title: Its first line.
        sections: Sentences or list entries by heading; the overview's is "".
        short: The short account, as sentences; its own rules read it: short_sentences.py.
        labels: What stood in the text as code; ⟦7⟧ stands for the seventh.
        told: Names of the rules that read a sentence, in order.
        notes: The run's own sentences, which are quoted and not computed: test_notes.py.
    """

    title: str
    sections: dict[str, list[str]]
    labels: list[str]
    short: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def label(self, number: str) -> str:
        return self.labels[int(number)]


def page(markdown: str) -> Page:
    """Take a description apart."""
    text, labels = without_code(markdown)
    head, full, *rest = re.split(r"\n\n## ", text.rstrip("\n"))
    title, short = head.split("\n\n")
    heading, overview = full.split("\n\n")
    assert title.startswith("# ") and heading == "In full"
    sections = {"": re.split(r"(?<=[.]) (?=[A-Z])", overview)}
    for part in rest:
        heading, entries = part.split("\n\n")
        sections[heading] = [entry for entry in re.split(r"^- |\n- ", entries) if entry]
    notes = sections.pop("Notes", [])
    sections = {name: [*map(_hyphens, own)] for name, own in sections.items()}
    return Page(title[2:], sections, labels, _said(short), notes=notes)


def _hyphens(sentence: str) -> str:
    """Return a sentence whose numbers Python reads; none may have a hyphen for its sign."""
    assert not re.search(r"(?<![\w⟧])-\d|\de-\d", sentence), sentence
    return re.sub(r"−(?=\d)", "-", sentence)


def short_page(markdown: str) -> Page:
    """Take a short account apart."""
    text, labels = without_code(markdown)
    return Page("", {}, labels, _said(text.rstrip("\n")))


def without_code(markdown: str) -> tuple[str, list[str]]:
    """Return a text with ⟦7⟧ for its seventh piece of code, which may contain anything, and all."""
    labels: list[str] = []

    def keep(match: re.Match[str]) -> str:
        inner = match[2]
        padded = inner[:1] == inner[-1:] == " " and inner.strip()
        labels.append(inner[1:-1] if padded else inner)
        return f"⟦{len(labels) - 1}⟧"

    assert "⟦" not in markdown
    return re.sub(r"(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)", keep, markdown, flags=re.S), labels


def _said(short: str) -> list[str]:
    """Return the sentences of a short account, which is one paragraph."""
    assert "\n" not in short
    return re.split(r"(?<=[.]) (?=[A-Z0-9⟦])", short)


Check = Callable[..., None]
Rule = tuple[str, re.Pattern[str], Check]


class Rules:
    """Which sentences there may be, and how each is checked."""

    def __init__(self, *others: Rule) -> None:
        self.rules = list(others)

    def named(self, *names: str) -> list[Rule]:
        """Return some rules, for use among others."""
        return [rule for rule in self.rules if rule[0] in names]

    def reads(self, pattern: str) -> Callable[[Check], Check]:
        """Register a check: of the page, the truth, and what the pattern's groups hold."""

        def register(check: Check) -> Check:
            self.rules.append((check.__name__, re.compile(pattern), check))
            return check

        return register

    def read(self, page: Page, truth: object) -> None:
        """Check every sentence of a page; each must be read by exactly one rule."""
        for sentence in _sentences(page):
            found = [
                (name, match, check)
                for name, pattern, check in self.rules
                if (match := pattern.fullmatch(sentence))
            ]
            assert len(found) == 1, (sentence, [name for name, _, _ in found])
            name, match, check = found[0]
            check(page, truth, *match.groups())
            page.told.append(name)

    def read_short(self, page: Page, truth: object) -> list[str]:
        """Check every sentence of a page's short account; return the names of their rules."""
        short = Page("", {"": page.short}, page.labels)
        Rules(("# ", re.compile("# "), lambda *_: None), *self.rules).read(short, truth)
        return short.told[1:]


def _sentences(page: Page) -> Iterator[str]:
    yield f"# {page.title}"
    for sentences in page.sections.values():
        yield from sentences


def items(pattern: str, text: str, between: str = "; ") -> list[tuple[str, ...]]:
    """Return the groups of a list's entries, which must be all there is."""
    found = [match.groups() for match in re.finditer(pattern, text)]
    bare = re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)
    assert re.fullmatch(rf"{bare}(?:{between}{bare})*", text), (pattern, text)
    return found


def whole(text: str) -> int:
    """Return a count."""
    return int(text.replace(",", ""))


def ordinal(number: str, ending: str) -> int:
    """Return the position, from 0, that an ordinal names, and check its ending."""
    right = "th"
    if not number.endswith(("11", "12", "13")):
        right = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    assert ending == right
    return int(number) - 1


def says(text: str, value: float) -> bool:
    """Tell whether a number as written is this value, rounded."""
    bare = text.replace(",", "")
    mantissa, _, exponent = bare.partition("e")
    decimals = len(mantissa.partition(".")[2])
    step = 10.0 ** (int(exponent or 0) - decimals)
    return abs(float(bare) - value) <= step / 2 + 1e-9 * abs(value) + 1e-15
