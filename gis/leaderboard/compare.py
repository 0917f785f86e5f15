"""Is one model better than another? Asked of the pairs of each task and of each mean, and apart from that of tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis.benchmark.runner import ScoredTask
from gis.errors import GisError
from gis.leaderboard.board import Leaderboard, Score, ScoreColumn
from gis.leaderboard.columns import shown_tasks
from gis.leaderboard.ranking import aligned
from gis.leaderboard.table import make_table
from gis.markdown import escape
from gis.markdown import table as markdown_table
from gis.statistics.differences import Difference, difference_from_error, holm, paired_difference
from gis.statistics.ranks import LEVEL
from gis.terminal_table import Column, TerminalTable
from gis.text import wrapped

FEWEST_TASKS = 3  # that can say something of another task
HEADINGS = ("difference", "95 % interval", "p", "p (Holm)")
BENCH_BOTH = "gis bench with both models on one task"
NO_INTERVAL = "too few pairs are independent of each other"
NO_ERROR = "no pair moves the scores"  # which is not certainty
WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class ScoreDifference:
    """Two models on the same pairs.

    Attributes:
        title: The task, or the mean over tasks.
        tasks: How many tasks it is of.
        first: The first model's score.
        second: The second model's score.
        difference: First minus second, by the pairs; None where its error is not known.
        p_holm: Its p value, corrected for the number of tasks; None for a mean.
        reason: Why the error is not known.
    """

    title: str
    tasks: int
    first: float
    second: float
    difference: Difference | None
    p_holm: float | None = None
    reason: str = ""

    @property
    def winner(self) -> int:
        """Return 1 or 2 for the model that is certainly better, after any correction; 0 where neither is."""
        p = self.p_holm if self.p_holm is not None else None if self.difference is None else self.difference.p
        if p is None or p >= LEVEL:
            return 0
        return 1 if self.first > self.second else 2


@dataclass(frozen=True, kw_only=True)
class OverTasks:
    """Two models over tasks of one kind, each task counting as one observation.

    Attributes:
        title: The mean over these tasks.
        wins: Tasks on which the first model scores higher.
        losses: Tasks on which the second one does.
        tasks: How many tasks.
        difference: First minus second, by the tasks; None for fewer than three.
    """

    title: str
    wins: int
    losses: int
    tasks: int
    difference: Difference | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What results say of two models; printed, it is the answer and a table.

    Attributes:
        first: The name of one model.
        second: The name of the other.
        means: Their difference on each mean over tasks, by the pairs.
        tasks: Their difference on each task, by the pairs.
        over_tasks: Their difference over the tasks of each mean, by the tasks.
        left_out: Why they were not compared on other tasks, by task.
    """

    first: str
    second: str
    means: tuple[ScoreDifference, ...]
    tasks: tuple[ScoreDifference, ...]
    over_tasks: tuple[OverTasks, ...]
    left_out: Mapping[str, str]

    @property
    def answer(self) -> str:
        """Return the answer in one paragraph."""
        leads = self.means if self.means or len(self.tasks) > 1 else self.tasks
        sentences = [
            f"On {'the ' if lead.tasks > 1 else ''}{lead.title}, {self._verdict(lead.difference, lead.reason)}."
            for lead in leads
        ]
        if len(self.tasks) > 1:
            sentences.append(self._by_task())
        enough = [kind for kind in self.over_tasks if kind.difference is not None] or self.over_tasks[:1]
        asked = ["Would it hold on another such task?"] if enough else []
        return " ".join([*sentences, *asked, *map(self._on_other_tasks, enough)])

    @property
    def notes(self) -> list[str]:
        """Return what a reader of the table must know."""
        lines = [
            "Points: Spearman × 100, first minus second. Intervals and p are by the pairs, and allow for pairs that "
            "share texts; they hold for this one comparison, p (Holm) for all tasks at once."
        ]
        lines += [f"No interval on {row.title}: {row.reason}." for row in (*self.means, *self.tasks) if row.reason]
        return lines + [f"Not compared on {task}: {reason}." for task, reason in self.left_out.items()]

    def terminal_table(self) -> TerminalTable:
        """Return a table with a row for each mean and task."""
        heads = (self.first, self.second, *HEADINGS)
        table = TerminalTable([Column(title="task", align="left"), *(Column(title=head) for head in heads)])
        for row in (*self.means, *self.tasks):
            table.add_row(row.title, *_cells(row))
        return table

    def to_markdown(self) -> str:
        """Return the answer, the table and its notes in Markdown; whatever a name holds, it is text."""
        rows = [[escape(row.title), *map(escape, _cells(row))] for row in (*self.means, *self.tasks)]
        table = markdown_table(["task", self.first, self.second, *HEADINGS], rows)
        return "\n".join([f"{escape(self.answer)}\n", table, *(f"{escape(note)}  " for note in self.notes)]) + "\n"

    def __str__(self) -> str:
        """Return the answer, the table and its notes."""
        lines = [line.plain for line in self.terminal_table().lines(WIDTH)]
        return "\n".join([wrapped(self.answer, WIDTH), "", *lines, *(wrapped(note, WIDTH) for note in self.notes)])

    def _verdict(self, difference: Difference | None, reason: str) -> str:
        """Return what an interval says: which model is better and by how much, or that none is known to be."""
        if difference is None:
            return f"nothing is known of the error of the difference: {reason}"
        if difference.low == difference.high == 0:
            return f"{self.first} and {self.second} have the same scores"
        if difference.low <= 0 <= difference.high:
            ends = f"95 % interval {_points(difference.low)} to {_points(difference.high)}"
            return (
                f"{self.first} and {self.second} cannot be told apart (difference {_points(difference.mean)} points, "
                f"{ends}, {_p(difference.p)})"
            )
        better = self.first if difference.mean > 0 else self.second
        low, high = sorted((abs(difference.low), abs(difference.high)))
        by = f"{_points(abs(difference.mean))} points, 95 % interval {_points(low)} to {_points(high)}"
        return f"{better} is better by {by} ({_p(difference.p)})"

    def _by_task(self) -> str:
        won = [sum(row.winner == model for row in self.tasks) for model in (1, 2)]
        counts = zip((self.first, self.second), won, strict=True)
        certain = [f"{name} is certainly better on {count}" for name, count in counts if count]
        rest = len(self.tasks) - sum(won)
        open_ = [f"on {rest if certain else 'all'} they cannot be told apart"] if rest else []
        return f"Task by task, corrected for {len(self.tasks)} tasks: {'; '.join([*certain, *open_])}."

    def _on_other_tasks(self, kind: OverTasks) -> str:
        counted = f"{self.first} scores higher on {kind.wins} of the {kind.tasks} tasks of the {kind.title}"
        if kind.difference is None:
            return f"{counted}; so few tasks cannot say."
        mean, low, high = (_points(end) for end in (kind.difference.mean, kind.difference.low, kind.difference.high))
        better = self.first if kind.difference.low > 0 else self.second if kind.difference.high < 0 else None
        says = "that is not certain" if better is None else f"on average {better} should be better there, too"
        return (
            f"{counted}; over the tasks the difference is {mean} points, 95 % "
            f"interval {low} to {high} (paired t, {_p(kind.difference.p)}): {says}."
        )


def compare_models(
    scored: Sequence[ScoredTask], identities: tuple[str, str], names: tuple[str, str], tasks: Sequence[str] = ()
) -> Comparison:
    """Compare two models on the tasks that both have results of the same pairs for.

    Args:
        scored: The results of both.
        identities: The identity of each.
        names: What to call them.
        tasks: Names of the tasks and suites to compare them on; all when empty.

    Raises:
        GisError: They have no such task in common.
    """
    having = [{each.result.task.name for each in scored if each.result.model.identity == i} for i in identities]
    shown_names = shown_tasks({each.result.task.name: each.result.task.label for each in scored}, tasks)
    common = [task for task in shown_names if all(task in of_one for of_one in having)]
    if not common:
        raise GisError(f"{names[0]} and {names[1]} have no task in common", remedy=BENCH_BOTH)
    board = make_table(scored, common, seeds_apart=True)
    shown = [column for column in board.columns if column.view is None and column.metric == "spearman"]
    both = {column: (_score(board, column, identities[0]), _score(board, column, identities[1])) for column in shown}
    compared = {
        column: _difference(board, column, identities, (one.value, other.value))
        for column, (one, other) in both.items()
        if one.value is not None and other.value is not None
    }
    by_pairs = {column.pairs: row for column, row in compared.items() if column.pairs}
    if not by_pairs:
        reasons = "; ".join(_why_left_out(board, column, identities, names) for column in shown[:1])
        raise GisError(f"{names[0]} and {names[1]} cannot be compared: {reasons}", remedy=BENCH_BOTH)
    means = [column for column in compared if column.averages]
    return Comparison(
        first=names[0],
        second=names[1],
        means=tuple(compared[column] for column in means),
        tasks=tuple(_corrected(list(by_pairs.values()))),
        over_tasks=tuple(_over_tasks(column, [by_pairs[task] for task in column.averages]) for column in means),
        left_out={
            **{
                column.title: _why_left_out(board, column, identities, names)
                for column in shown
                if column.pairs and column.pairs not in by_pairs
            },
            **{
                task: f"only {names[0 if task in having[0] else 1]} has a result"
                for task in shown_names
                if task not in common
            },
        },
    )


def _score(board: Leaderboard, column: ScoreColumn, identity: str) -> Score:
    row = next(row for row in board.rows if row.identity == identity)
    return row.scores[board.columns.index(column)]


def _difference(
    board: Leaderboard, column: ScoreColumn, identities: tuple[str, str], values: tuple[float, float]
) -> ScoreDifference:
    """Compare two scores of a column by the error that its ranking has for their difference."""
    first, second = values
    ranked = board.rankings.get(column)
    difference, reason = None, ""
    if ranked is None or not set(identities) <= set(ranked.models):
        reason = _why_unranked(board, column)
    else:
        one, other = (ranked.models.index(identity) for identity in identities)
        error = float(ranked.ranking.errors[one, other])
        if error == 0 and first != second:
            reason = NO_ERROR
        else:
            difference = difference_from_error(first - second, error, ranked.effective - 1)
    return ScoreDifference(
        title=column.title,
        tasks=len(column.averages) or 1,
        first=first,
        second=second,
        difference=difference,
        reason=reason,
    )


def _why_unranked(board: Leaderboard, column: ScoreColumn) -> str:
    """Return why the scores of a column have no error."""
    if column.averages:
        unknown = [pairs for pairs in column.averages if not any(pairs == each.pairs for each in board.rankings)]
        return f"there is none on {', '.join(unknown)}" if unknown else NO_INTERVAL
    left_out = aligned({row.identity: row.scored[column.pairs] for row in board.rows}).left_out
    return next(iter(left_out.values()), NO_INTERVAL)


def _corrected(rows: Sequence[ScoreDifference]) -> list[ScoreDifference]:
    """Return the differences of the tasks with their p values corrected for their number."""
    corrected = iter(holm(np.array([row.difference.p for row in rows if row.difference is not None])))
    return [row if row.difference is None else replace(row, p_holm=float(next(corrected))) for row in rows]


def _over_tasks(column: ScoreColumn, tasks: Sequence[ScoreDifference]) -> OverTasks:
    first, second = [task.first for task in tasks], [task.second for task in tasks]
    return OverTasks(
        title=column.title,
        wins=sum(one > other for one, other in zip(first, second, strict=True)),
        losses=sum(one < other for one, other in zip(first, second, strict=True)),
        tasks=len(tasks),
        difference=paired_difference(first, second) if len(tasks) >= FEWEST_TASKS else None,
    )


def _why_left_out(board: Leaderboard, column: ScoreColumn, identities: tuple[str, str], names: tuple[str, str]) -> str:
    """Return why two models cannot be compared on the pairs of a column."""
    having = [row for row in board.rows if column.pairs in row.scored]
    if len(having) == len(identities):
        undefined = [name for name, i in zip(names, identities, strict=True) if _score(board, column, i).value is None]
        return f"the score of {' and '.join(undefined)} is undefined"
    return "the models were scored on different pairs"


def _cells(row: ScoreDifference) -> list[str]:
    scores = [f"{100 * row.first:.2f}", f"{100 * row.second:.2f}", _points(row.first - row.second, 2)]
    if row.difference is None:
        return [*scores, "–", "–", "–"]
    interval = f"{_points(row.difference.low, 2)} to {_points(row.difference.high, 2)}"
    return [*scores, interval, _short_p(row.difference.p), "" if row.p_holm is None else _short_p(row.p_holm)]


def _points(value: float, decimals: int = 1) -> str:
    return f"{round(100 * value, decimals) + 0.0:.{decimals}f}"


def _short_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _p(p: float) -> str:
    return f"p {_short_p(p)}" if p < 0.001 else f"p = {_short_p(p)}"
