"""A study reported: claims in words and pictures, and a page with every record."""

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from bathyscope.core.errors import InputError
from bathyscope.core.files.writing import new_folder
from bathyscope.core.progress import Progress, standard
from bathyscope.description.markdown import escaped
from bathyscope.page.document import source_hash
from bathyscope.page.document import view as write_view
from bathyscope.render.html import filled
from bathyscope.study import pictures
from bathyscope.study.claims.finding import Finding
from bathyscope.study.claims.view import StudyView
from bathyscope.study.claims.words import describe_finding, describe_shares, interval, p_value
from bathyscope.study.policies import Policy, Thought
from bathyscope.study.tables import layer_profiles, mean_map, mean_maps, ratio_bins

PAGES = 100
"""So many records have a page with their maps; counter-examples come first."""

_MOST_PANELS = 12

_SHOWN = 160  # characters of a text in the table


@dataclass
class StudyReport:
    """A study reported: claims, pictures, and a page of every record.

    Attributes:
        view: The study.
        findings: Its claims.
        thought: Think@n over it; None where it has no samples.
        comparisons: What another study differs in, in words.
        rows: Groups the tokens of the mean map.
        columns: Groups its features.
    """

    view: StudyView
    findings: Sequence[Finding]
    thought: Thought | None = None
    comparisons: Sequence[str] = ()
    rows: str = "row.role"
    columns: str = "auto"
    _drawn: list[dict[str, str]] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return of what study it is and how many claims it judges, on one line."""
        claims = len(self.findings)
        return f"<StudyReport of {self.view.study.folder}: {claims} claim{'s' * (claims != 1)}>"

    def _repr_markdown_(self) -> str:
        """Return the claims as they stand, one an entry of a list."""
        said = [f"- {escaped(describe_finding(one))}" for one in self.findings]
        return "\n".join(said or ["No claim was asked about."]) + "\n"

    def paragraphs(self) -> list[str]:
        """Return what is said of the study: which effects are shares, its claims, comparisons."""
        shares = describe_shares(self.view)
        return [
            *([] if shares is None else [shares]),
            *map(describe_finding, self.findings),
            *self.comparisons,
        ]

    def write(
        self, folder: Path, *, overwrite: bool = False, pages: int = PAGES,
        progress: Progress = standard,
    ) -> None:  # fmt: skip
        """Write the report as a folder with `index.html`.

        Raises:
            InputError: The folder exists and may not be replaced.
            WriteError: It cannot be written.
        """
        with new_folder(folder, overwrite=overwrite) as new:
            self._drawn = []
            self._draw(new)
            links = self._maps(new, pages, progress)
            (new / "index.html").write_text(self._page(links), encoding="utf-8")

    def _draw(self, folder: Path) -> None:
        if any(not math.isnan(g.estimate.value) for f in self.findings for g in f.groups):
            pictures.forest(self.findings, folder / "forest.png")
            self._add("forest.png", "Estimates with 95 % intervals; a tick is what chance gives.")
        for name, draw in (
            ("roles.png", self._mean_map), ("multiples.png", self._multiples),
            ("profile.png", self._profile), ("bins.png", self._bins),
        ):  # fmt: skip
            try:
                words = draw(folder / name)
            except InputError:  # the study has nothing of the kind
                continue
            if words:
                self._add(name, words)

    def _add(self, file: str, words: str) -> None:
        self._drawn.append({"file": file, "words": words})

    def _mean_map(self, path: Path) -> str:
        pictures.mean_heatmap(mean_map(self.view, self.rows, self.columns), path)
        return "Mean attribution over records by role, with its spread from record to record."

    def _multiples(self, path: Path) -> str | None:
        by = next((f.claim.by for f in self.findings if f.claim.by is not None), None)
        if by is None:
            return None
        parts = mean_maps(self.view, by, self.rows, self.columns)
        if not 2 <= len(parts) <= _MOST_PANELS:
            return None
        pictures.small_multiples(parts, path)
        return (
            f"The same for the records of each group by {ast.unparse(by)}, in brackets "
            "how many records; all on one scale."
        )

    def _profile(self, path: Path) -> str:
        pictures.profile_lines(layer_profiles(self.view, self.rows), path)
        return "Mean divergence of each layer from the last, by role, with 95 % bands."

    def _bins(self, path: Path) -> str | None:
        if self.thought is not None:
            bins = self.thought.bins
        else:
            ratio = self.view.get("record", "ratio", "depth").astype(float)
            right = self.view.get("record", "right", "depth").astype(float)
            known = ~np.isnan(ratio) & ~np.isnan(right)
            if known.sum() < 10:
                return None
            bins = ratio_bins(ratio[known], right[known], self.view.clusters[known])
        pictures.bins_line(bins, path)
        return "Share of right answers over the deep-thinking ratio, in bins of equal size."

    def _order(self) -> list[int]:
        """Return the records, those that speak against a claim first."""
        least = np.full(len(self.view.ids), np.inf)
        for finding in self.findings:
            scale = float(np.std(list(finding.support.values()) or [1.0])) or 1.0
            own = [finding.support.get(one, math.inf) / scale for one in self.view.ids]
            least = np.minimum(least, own)
        return [int(i) for i in np.argsort(least, kind="stable")]

    def _maps(self, folder: Path, pages: int, progress: Progress) -> dict[str, str]:
        """Write a page with the maps of the first records; return the links to them."""
        chosen = [self.view.ids[i] for i in self._order()[:pages]]
        links: dict[str, str] = {}
        if chosen:
            (folder / "maps").mkdir()
        for number, one in enumerate(chosen, start=1):
            progress("pages of records", number, len(chosen))
            runs = self.view.study.runs(one)
            if runs:
                links[one] = f"maps/{number}.html"
                write_view(runs, folder / links[one], names=[run.kind for run in runs])
        if chosen and not links:
            (folder / "maps").rmdir()
        return links

    def _page(self, links: dict[str, str]) -> str:
        script = (resources.files(__package__) / "templates" / "sorting.js").read_text("utf-8")
        columns, lines = self._records(links)
        failed = self.view.failed
        return filled(
            "bathyscope.study",
            "study.html",
            title=f"bathyscope: {self.view.study.folder.name}",
            introduction=(
                f"{len(self.view.ids)} records were answered by "
                f"{self.view.study.model.get('name', 'a model')}; {len(failed)} failed."
            ),
            paragraphs=self.paragraphs(),
            pictures=self._drawn,
            table=[] if self.thought is None else policy_lines(self.thought),
            columns=columns,
            records=lines,
            script=script,
            script_hash=source_hash(script),
        )

    def _records(self, links: dict[str, str]) -> tuple[list[str], list[list[dict[str, Any]]]]:
        table = self.view.records.to_pylist()
        names = [f"claim {n}: support" for n in range(1, len(self.findings) + 1)]
        own = [n for n in ("answer", "gold", "right", "ratio", "log_prob", "effect", "text")
               if any(line[n] is not None for line in table)]  # fmt: skip
        lines = []
        for index in self._order():
            line = table[index]
            supports = [finding.support.get(line["id"]) for finding in self.findings]
            first = _cell(line["id"]) | {"link": links.get(line["id"])}
            rest = [*supports, *(line[name] for name in own), line["prompt"]]
            lines.append([first, *map(_cell, rest)])
        for one, sentence in self.view.failed.items():
            blank = [_cell(None)] * (len(names) + len(own))
            lines.append([_cell(one), *blank, _cell(sentence)])
        return ["record", *names, *own, "prompt"], lines


def _cell(value: Any) -> dict[str, Any]:
    if value is None:
        return {"kind": "", "value": "", "text": "", "link": None}
    if isinstance(value, bool):
        text = "yes" if value else "no"
        return {"kind": "", "value": int(value), "text": text, "link": None}
    if isinstance(value, float):
        return {"kind": "number", "value": value, "text": f"{value:.3g}", "link": None}
    text = str(value)
    shown = text if len(text) <= _SHOWN else "…" + text[-_SHOWN:]
    return {"kind": "text", "value": shown, "text": shown, "link": None}


def policy_lines(thought: Thought) -> list[list[str]]:
    """Return ways of answering as lines of texts: accuracy, tokens, difference, test."""
    return [_line(policy) for policy in thought.policies]


def _line(policy: Policy) -> list[str]:
    beside, test = policy.against, policy.test
    return [
        policy.name,
        interval(policy.accuracy, "", share=True),
        interval(policy.tokens, "tokens", share=False),
        "" if beside is None else interval(beside, "", share=False),
        "" if test is None else f"{p_value(test.p)} ({test.first_only} : {test.second_only})",
    ]
