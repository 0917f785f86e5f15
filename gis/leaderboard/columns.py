"""The columns of a leaderboard: which tasks, strata and means are shown, and in which order."""

from collections.abc import Mapping, Sequence

from gis.benchmark.results import Result
from gis.benchmark.tasks.catalogue import catalogue, suites
from gis.dataset.settings import STRATA
from gis.errors import GisError
from gis.leaderboard.rows import ScoreColumn
from gis.leaderboard.scores import strata_of


def shown_tasks(labels: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    """Return the tasks to show: those of ``wanted`` in its order, else all in the catalogue's and then by name.

    Args:
        labels: "graded" or "binary" for each task that has results.
        wanted: Names of tasks and suites; empty for all tasks.

    Raises:
        GisError: One of ``wanted`` has no results.
    """
    if not wanted:
        known = list(catalogue())
        return sorted(labels, key=lambda task: (known.index(task) if task in known else len(known), task))
    spelt_out = [task for name in wanted for task in suites().get(name, (name,))]
    shown = [task for task in dict.fromkeys(spelt_out) if task in labels]
    missing = [name for name in wanted if not labels.keys() & set(suites().get(name, (name,)))]
    if missing:
        raise GisError(f"no results for {', '.join(missing)}; there are some for: {', '.join(sorted(labels))}")
    return shown


def columns(
    shown: Sequence[str], labels: Mapping[str, str], results: Mapping[str, Sequence[Result]]
) -> list[ScoreColumn]:
    """Return the means first, then the columns of each task of ``shown``.

    Args:
        shown: Names of tasks, in order.
        labels: "graded" or "binary" for each task.
        results: The results of each set of pairs, by its name (see ``name_pair_sets``).
    """
    by_task: dict[str, list[str]] = {}
    for pairs, of_pairs in results.items():
        by_task.setdefault(of_pairs[0].task.name, []).append(pairs)
    sets = [pairs for task in shown for pairs in sorted(by_task[task], key=lambda pairs: (pairs != task, pairs))]
    return [*_means(shown, labels), *(column for pairs in sets for column in _of_pairs(pairs, results[pairs]))]


def _of_pairs(pairs: str, results: Sequence[Result]) -> list[ScoreColumn]:
    """Return Spearman on a set of pairs, AUROC where its labels are binary, and the Spearman of each stratum."""
    strata = {stratum for result in results for stratum in strata_of(result)}
    ordered = sorted(strata, key=lambda name: (STRATA.index(name) if name in STRATA else len(STRATA), name))
    binary = results[0].task.label == "binary"
    return [
        ScoreColumn(title=pairs, pairs=pairs),
        *([ScoreColumn(title=f"{pairs}: AUROC", pairs=pairs, metric="auroc")] if binary else []),
        *(ScoreColumn(title=f"{pairs}: {stratum}", pairs=pairs, view=stratum) for stratum in ordered),
    ]


def _means(shown: Sequence[str], labels: Mapping[str, str]) -> list[ScoreColumn]:
    """Return a mean for each suite of which several tasks with labels of one kind are shown.

    Graded and binary Spearman have different ceilings, so a mean of both would rank models by the mixture; tasks that
    no suite holds together are not averaged either.
    """
    means = []
    for suite, members in suites().items():
        of_kind: dict[str, list[str]] = {}
        for task in members:
            of_kind.setdefault(labels.get(task) or catalogue()[task].label or "", []).append(task)
        for label, tasks in of_kind.items():
            averaged = tuple(task for task in shown if task in tasks)
            if len(averaged) > 1:
                title = f"{suite} mean" if len(of_kind) == 1 else f"{suite} {label} mean"
                if len(averaged) < len(tasks):
                    kind = "" if len(of_kind) == 1 else f"{label} "
                    title = f"mean of {len(averaged)} {kind}{suite} tasks"
                means.append(ScoreColumn(title=title, averages=averaged))
    return means
