"""Selectors by clusters: of reasoning patterns, and of questions."""

from collections.abc import Callable, Sequence

from bathyscope.selection.clusters import central, clustered, require_scikit_learn
from bathyscope.selection.patterns import (
    may_be_shown_by_auto_cot,
    may_be_shown_by_pattern,
    pattern,
)
from bathyscope.selection.pool import Item
from bathyscope.selection.selector import Choice, SelectionRequest, Selector
from bathyscope.selection.settings import SelectSettings
from bathyscope.selection.tasks import Task, require_task


class _OneOfEachCluster(Selector):
    """The item nearest to each centre that its paper's rules let through."""

    needs = frozenset({"task", "encoder"})

    def num_chosen(self, settings: SelectSettings) -> int:
        """Return the number that the programs fix for the task."""
        return require_task(settings.task).num_clusters

    def _choose(
        self,
        pool: Sequence[Item],
        asked: SelectionRequest,
        texts: Sequence[str],
        may_be_shown: Callable[[Item, Task], bool],
        what: str,
    ) -> Choice:
        require_scikit_learn()
        vectors, encoder = asked.vectors(texts)
        clusters = clustered(vectors, asked.settings.num, asked.settings.seed, what)
        chosen, ties = central(clusters, texts, lambda at: may_be_shown(pool[at], asked.task))
        record = {
            "encoder": encoder,
            "clusters": clusters.record,
            "distances": [float(clusters.distances[at]) for at in chosen],
        }
        return Choice(chosen, clusters.labels, ties, record)


class Pattern(_OneOfEachCluster):
    """Pattern-CoT as its authors coded it."""

    name = "pattern"
    summary = "one of each cluster of reasoning patterns (Pattern-CoT); needs --task"

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return the items nearest to the centres of the patterns' clusters."""
        patterns = [pattern(item.rationale, asked.task) for item in pool]
        choice = self._choose(pool, asked, patterns, may_be_shown_by_pattern, "patterns")
        choice.record["patterns"] = [patterns[at] for at in choice.chosen]
        return choice


class AutoCot(_OneOfEachCluster):
    """Auto-CoT as its authors coded it."""

    name = "auto-cot"
    summary = "one of each cluster of questions, short ones (Auto-CoT); needs --task"

    def choose(self, pool: Sequence[Item], asked: SelectionRequest) -> Choice:
        """Return the items nearest to the centres of the questions' clusters."""
        questions = [item.asked for item in pool]
        return self._choose(pool, asked, questions, may_be_shown_by_auto_cot, "questions")
