"""From result files to a table: models by rows, tasks by columns, and means that compare like with like."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gis.benchmark.metrics import Metric, Undefined
from gis.benchmark.results import Result, read_results
from gis.benchmark.tasks.catalogue import catalogue, suites
from gis.errors import GisError

SHORTEST_IDENTITY = 6
FIRST_NOTE = "Spearman × 100 of cosine, or of the model's own score where it has no vectors; the best in bold."


@dataclass(frozen=True)
class Column:
    """A column of scores.

    Attributes:
        title: What stands above it.
        task: The task it shows; None for a mean.
        view: The stratum it shows; None for the task's main score.
        averages: The tasks it is the mean of; empty for a task's own column.
    """

    title: str
    task: str | None = None
    view: str | None = None
    averages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A score, or why there is none.

    Attributes:
        value: The unrounded score, 0 to 1; None where there is none.
        note: Why there is none, or what to know about the one there is.
        partial: Whether it stands for a sample of the pairs.
        best: Whether no full score of the column is higher.
    """

    value: float | None = None
    note: str = ""
    partial: bool = False
    best: bool = False


@dataclass(frozen=True)
class Row:
    """A model and its cells, one a column."""

    model: str
    identity: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A leaderboard, best first."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def load_table(folder: Path, tasks: Sequence[str] = ()) -> Table:
    """The leaderboard of a folder of results.

    Args:
        folder: What ``gis bench --output`` wrote.
        tasks: Names of the tasks and suites to show, in this order; all there are when empty.

    Raises:
        GisError: There are no results, or none of the tasks asked for.
    """
    return make_table(read_results(folder), tasks)


def make_table(results: Iterable[Result], tasks: Sequence[str] = ()) -> Table:
    """The leaderboard of ``results``; a full result goes before a partial one of the same model and task."""
    found: dict[tuple[str, str], Result] = {}
    for result in sorted(results, key=lambda each: each.task.limit is None):
        found[result.model.identity, result.task.name] = result
    present = {task: result.task.label for (_, task), result in found.items()}
    shown = _order(present, tasks)
    columns = [
        *_means(shown, present),
        *(column for task in shown for column in _task_columns(task, found.values())),
    ]
    by_model: dict[str, dict[str, Result]] = {}
    for (identity, task), result in found.items():
        if task in shown:
            by_model.setdefault(identity, {})[task] = result
    names = _names(by_model)
    rows = [
        Row(names[identity], identity, tuple(_cell(column, results_) for column in columns))
        for identity, results_ in by_model.items()
    ]
    rows.sort(key=lambda row: (row.cells[0].value is None, -(row.cells[0].value or 0.0), row.model))
    return Table(tuple(columns), tuple(_with_best(rows)), tuple(_notes(found, shown)))


def _order(present: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    """The tasks to show: as asked for, else in the catalogue's order and then by name."""
    if not wanted:
        known = list(catalogue())
        return sorted(present, key=lambda task: (known.index(task) if task in known else len(known), task))
    spelt_out = [task for name in wanted for task in suites().get(name, (name,))]
    shown = [task for task in dict.fromkeys(spelt_out) if task in present]
    if not shown:
        raise GisError(f"no results for {', '.join(wanted)}; there are some for: {', '.join(sorted(present))}")
    return shown


def _means(shown: Sequence[str], present: Mapping[str, str]) -> list[Column]:
    """A mean over the graded tasks and one over the binary ones, where there are several.

    Graded and binary Spearman have different ceilings: a mean of both would rank models by the mixture.
    """
    columns = []
    for label in ("graded", "binary"):
        tasks = tuple(task for task in shown if present[task] == label)
        if len(tasks) > 1:
            suite = next((name for name, members in suites().items() if set(members) == set(tasks)), label)
            columns.append(Column(f"{suite} mean", averages=tasks))
    return columns


def _task_columns(task: str, results: Iterable[Result]) -> list[Column]:
    """The task's column and, where negatives come in strata, one for each stratum."""
    views = next(result.scores.views for result in results if result.task.name == task)
    stratified = len(views) > 1 and not any(view.view == "all" for view in views)
    return [
        Column(task, task),
        *(Column(f"{task}: {view.view}", task, view.view) for view in views if stratified),
    ]


def _names(by_model: Mapping[str, Mapping[str, Result]]) -> dict[str, str]:
    """What to call each model: its name, with as much of its identity as tells namesakes apart."""
    names = {identity: next(iter(results.values())).model.name for identity, results in by_model.items()}
    taken = list(names.values())
    return {
        identity: name if taken.count(name) == 1 else f"{name} @{identity[:SHORTEST_IDENTITY]}"
        for identity, name in names.items()
    }


def _cell(column: Column, results: Mapping[str, Result]) -> Cell:
    if column.averages:
        return _mean(column.averages, results)
    result = results.get(column.task or "")
    if result is None:
        return Cell()
    metric: Metric | None = result.scores.main
    if column.view is not None:
        metric = next((view.spearman for view in result.scores.views if view.view == column.view), None)
    if metric is None:
        return Cell()
    if isinstance(metric, Undefined):
        return Cell(note=f"undefined: {metric.undefined}")
    return Cell(metric, partial=result.task.limit is not None)


def _mean(tasks: Sequence[str], results: Mapping[str, Result]) -> Cell:
    """The unrounded mean of the tasks' main scores; "n of N" where some are missing: fewer would not compare."""
    values = [results[task].scores.main for task in tasks if task in results]
    scores = [value for value in values if not isinstance(value, Undefined)]
    if len(scores) < len(tasks):
        return Cell(note=f"{len(scores)} of {len(tasks)}")
    return Cell(sum(scores) / len(scores), partial=any(results[task].task.limit is not None for task in tasks))


def _with_best(rows: Sequence[Row]) -> list[Row]:
    """Mark the highest full score of each column, as it is printed: equal to two decimals is equally best."""
    marked = [list(row.cells) for row in rows]
    for position in range(len(rows[0].cells)):
        values = [
            round(100 * c.value, 2) for c in (r.cells[position] for r in rows) if c.value is not None and not c.partial
        ]
        for cells in marked:
            cell = cells[position]
            if values and cell.value is not None and not cell.partial and round(100 * cell.value, 2) == max(values):
                cells[position] = Cell(cell.value, cell.note, best=True)
    return [Row(row.model, row.identity, tuple(cells)) for row, cells in zip(rows, marked, strict=True)]


def _notes(found: Mapping[tuple[str, str], Result], shown: Sequence[str]) -> list[str]:
    """What a reader must know of the numbers, each once."""
    results = [result for (_, task), result in sorted(found.items()) if task in shown]
    notes = [FIRST_NOTE]
    if any(column.view for task in shown for column in _task_columns(task, results)):
        notes.append(
            "A stratum's column sets all duplicates against one kind of negatives; the task's column is their mean."
        )
    if any(result.task.label == "binary" for result in results):
        notes.append(
            "Binary labels cap Spearman at √(3pq) for positive rate p (86.6 at a half); compare none with graded tasks."
        )
    if partial := sorted({result.task.name for result in results if result.task.limit is not None}):
        notes.append(f"* a sample of the pairs, not the task: {', '.join(partial)}.")
    if other := sorted({result.task.name for result in results if result.task.verified is False}):
        notes.append(f"The data of {', '.join(other)} differs from the catalogue's.")
    hashes: dict[str, set[str]] = {}
    for result in results:
        hashes.setdefault(result.task.name, set()).add(result.task.sha256)
    if mixed := sorted(task for task, seen in hashes.items() if len(seen) > 1):
        notes.append(f"NOT COMPARABLE: models were scored on different data under the name {', '.join(mixed)}.")
    cut = sorted({result.model.name for result in results if (result.texts.truncated or 0) > 0})
    if cut:
        notes.append(f"Texts were cut at the model's limit for {', '.join(cut)}; the result files say how many.")
    return notes
