"""What results say of two models, in words and as a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from gis.markdown import escape
from gis.markdown import table as markdown_table
from gis.statistics.differences import Difference
from gis.statistics.ranks import LEVEL
from gis.terminal_table import Column, TerminalTable
from gis.text import visible, wrapped

HEADINGS = ("difference", "95 % interval", "p", "p (Holm)")
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
        means_of_seeds: Which of them are the mean of the models of several seeds.
        means: Their difference on each mean over tasks, by the pairs.
        tasks: Their difference on each task, by the pairs.
        over_tasks: Their difference over the tasks of each mean, by the tasks.
        left_out: Why they were not compared on other tasks, by task.
    """

    first: str
    second: str
    means_of_seeds: tuple[str, ...] = ()
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
        return visible(" ".join([*sentences, *asked, *map(self._on_other_tasks, enough)]))

    @property
    def notes(self) -> list[str]:
        """Return what a reader of the table must know."""
        lines = [
            "Points: Spearman × 100, first minus second. Intervals and p are by the pairs, and allow for pairs that "
            "share texts; they hold for this one comparison, p (Holm) for all tasks at once."
        ]
        lines += [
            f"{name} is the mean of models that differ only in the seed of their training: its scores are the means of "
            "theirs, and the intervals are those of the mean of these very models, not of other seeds."
            for name in self.means_of_seeds
        ]
        lines += [f"No interval on {row.title}: {row.reason}." for row in (*self.means, *self.tasks) if row.reason]
        lines += [f"Not compared on {task}: {reason}." for task, reason in self.left_out.items()]
        return list(map(visible, lines))

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
