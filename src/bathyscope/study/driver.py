"""The driver: gives questions to an engine, writes what comes back, and knows what is left."""

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import InputError
from bathyscope.core.forecast import Forecast
from bathyscope.core.versions import version_of
from bathyscope.study.differences import differences
from bathyscope.study.doing import Batch, Doing
from bathyscope.study.engines.engine import Engine, Finished
from bathyscope.study.questions import StudyQuestion
from bathyscope.study.rows import StudyRows
from bathyscope.study.store import Study, begin_study, require_place
from bathyscope.study.work import Begun

if TYPE_CHECKING:
    from bathyscope.study.questions import Shard
    from bathyscope.study.work import Work


def carry_out(
    asked_of: Sequence[StudyQuestion],
    folder: Path,
    asked: Mapping[str, Any],
    work: "Work",
    engine: Engine,
    doing: Doing,
) -> Batch:
    """Return a batch of questions, by whatever work.

    Args:
        asked_of: The questions.
        folder: The study's folder.
        asked: All that decides what comes out, plain JSON values.
        work: What answers.
        engine: Where.
        doing: How.
    """
    there = require_place(folder)
    study = there or begin_study(folder, {"asked": asked, "versions": _versions()})
    study.require_same(asked)
    try:
        with study.writing():
            return _Driver(study, asked, doing).run(asked_of, work, engine)
    finally:
        if there is None and not study.parts.names():
            shutil.rmtree(folder, ignore_errors=True)  # nothing is left of what never began


class _Driver:
    """Gives questions to an engine and writes what comes back."""

    def __init__(self, study: Study, asked: Mapping[str, Any], doing: Doing) -> None:
        self.study, self.asked, self.doing = study, asked, doing
        self.failed: dict[str, str] = {}
        self.computed = 0

    def run(self, asked_of: Sequence[StudyQuestion], work: "Work", engine: Engine) -> Batch:
        """Answer what is not answered yet."""
        known = self.study.known()
        keyed = [(question, question.key(self.asked)) for question in asked_of]
        self._require_unchanged(keyed, known)
        missing = [self._missing(shard, known) for shard in self._shards(keyed)]
        todo = [shard for shard in missing if shard]
        left = sum(map(len, todo))
        kept = len(keyed) - left
        expected, work = self._expected(todo, work, engine)
        if self.doing.dry_run:
            return Batch(self.study, len(keyed), 0, kept, self._failures(asked_of), expected)
        self.doing.progress("records", kept, len(keyed))
        finished = engine.results(work, todo) if todo else iter(())
        try:
            for one in finished:
                self._take(one, kept, len(keyed))
        finally:
            if close := getattr(finished, "close", None):
                close()
        failed = self._failures(asked_of)
        return Batch(self.study, len(keyed), self.computed, kept, failed, expected)

    def _expected(
        self, todo: "Sequence[Shard]", work: "Work", engine: Engine
    ) -> "tuple[Forecast | None, Work]":
        """Return what is left will cost in this process, where that is asked, and its work."""
        doing = self.doing
        if not doing.dry_run and (doing.expect is None or not engine.here or not todo):
            return None, work
        if not todo:
            return Forecast.together([]), work
        worker = work.begin()
        expected = worker.forecast(todo)
        if doing.expect is not None:
            doing.expect(expected)
        return expected, Begun(worker)

    def _take(self, finished: Finished, kept: int, total: int) -> None:
        if finished.provenance:
            self.study.require_model(finished.provenance)
        self.study.add(finished.rows)
        self.computed += len(finished.rows)
        self.doing.progress("records", kept + self.computed, total)
        for rows in finished.rows:
            self._note_failure(rows)

    def _note_failure(self, rows: StudyRows) -> None:
        for line in rows.tables["records"]:
            if line["status"] != "ok":
                self.failed[line["id"]] = line["error"]
                self.doing.progress("records that failed", len(self.failed), None)
                if self.doing.fail_fast:
                    raise InputError(
                        f"The record {line['id']!r} fails, and --fail-fast stops at the first: "
                        f"{line['error']}"
                    )

    def _shards(
        self, keyed: Sequence[tuple[StudyQuestion, str]]
    ) -> list[list[tuple[StudyQuestion, str]]]:
        """Return all questions in shards, the dearest first.

        Shards hold the same questions whatever is known of them already: what is computed
        together is, to the last bit, what an undisturbed batch computes together.
        """
        dearest = sorted(keyed, key=lambda one: (-one[0].cost, one[1]))
        size = self.doing.shard
        return [list(dearest[at : at + size]) for at in range(0, len(dearest), size)]

    def _missing(
        self, shard: "Shard", known: Mapping[str, tuple[str, str]]
    ) -> list[tuple[StudyQuestion, str]]:
        return [
            (question, key)
            for question, key in shard
            if question.id not in known
            or known[question.id][0] != key
            or (self.doing.retry and known[question.id][1] != "ok")
        ]

    def _require_unchanged(
        self, keyed: Sequence[tuple[StudyQuestion, str]], known: Mapping[str, tuple[str, str]]
    ) -> None:
        """Refuse a record that was answered already and is another one by now."""
        for question, key in keyed:
            stored, status = known.get(question.id, (key, "ok"))
            if stored != key and status == "ok":
                line = self.study.record(question.id)
                fields = dict(question.record.fields)
                what = "; ".join(differences(json.loads(line["fields"]), fields)[:3])
                what = what or "its prompt is another"
                raise InputError(
                    f"The record {question.id!r} has rows in {self.study.folder} already, of "
                    f"another content: {what}. Give the changed record an id of its own, or "
                    "another folder."
                )

    def _failures(self, asked_of: Sequence[StudyQuestion]) -> dict[str, str]:
        ids = {question.id for question in asked_of}
        table = self.study.table("records", ("id", "status", "error"))
        columns = (table.column(name).to_pylist() for name in table.column_names)
        return {
            one: error
            for one, status, error in zip(*columns, strict=True)
            if status != "ok" and one in ids
        }


def _versions() -> dict[str, str]:
    packages = ("bathyscope", "torch", "transformers", "tokenizers", "numpy", "pyarrow")
    return {"python": platform.python_version()} | {name: version_of(name) for name in packages}
