"""Scores that others published, beside measured ones: without interval and rank, and never among the best."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, NamedTuple

from pydantic import ConfigDict

from gis.benchmark.tasks.catalogue import catalogue
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.rows import ModelRow, Score, ScoreColumn
from gis.models.base import ModelCard, Setting

DIGITS = 8  # more than anybody prints of a score
REPORTED_NOTE = (
    "Reported rows are quoted, not measured here: they have no interval and no rank, and are never the best."
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where scores were published.

    Attributes:
        title: What tables call it.
        kind: A paper, the card of a model, or a repository.
        address: Where to read it.
        citation: Whom to cite.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    title: str
    kind: Literal["paper", "card", "repository"]
    address: str = ""
    citation: str = ""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The model of gis that is the same as a reported one.

    Attributes:
        name: Its name in results.
        settings: The settings with which it is the same.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def is_of(self, card: ModelCard) -> bool:
        """Return whether a card is that of this model with these settings."""
        return card.name == self.name and all(card.settings.get(key) == value for key, value in self.settings.items())


@dataclass(frozen=True, kw_only=True)
class Reported:
    """The scores of a model that somebody published.

    Attributes:
        name: The model.
        source: Where they were published.
        place: The place in it, such as a table.
        scores: Spearman × 100 as printed, by task.
        trained_on: What the model was trained on, where the source says so.
        same_as: The model of gis that is the same.
    """

    name: str
    source: Source
    scores: Mapping[str, float]
    place: str = ""
    trained_on: str = ""
    same_as: Measured | None = None

    @property
    def reported_in(self) -> str:
        """Return the source and the place in it: "SimCSE, table 5"."""
        return ", ".join(filter(None, [self.source.title, self.place]))


class ReportedScores(NamedTuple):
    """What a file or folder of published scores holds.

    Attributes:
        models: The models with their scores.
        left_out: How many files could not be used, by reason.
    """

    models: tuple[Reported, ...]
    left_out: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A measured score beside the published score of the same model.

    Attributes:
        model: The name of the measured row.
        task: The task.
        measured: Our Spearman × 100, to as many decimals as are printed.
        reported: The published one.
        reported_in: Where.
    """

    model: str
    task: str
    measured: float
    reported: float
    reported_in: str

    @property
    def difference(self) -> float:
        """Return measured minus reported."""
        return round(self.measured - self.reported, 2) + 0.0


def with_reported(board: Leaderboard, reported: Sequence[Reported]) -> Leaderboard:
    """Return the leaderboard with a row for each reported model that has a score in any of its columns.

    A published score is of all pairs of a published task, so it stands only in columns of these.
    """
    tasks = _published_tasks(board)
    all_rows = [
        ModelRow(
            model=each.name,
            identity="",
            scores=tuple(_score(each, column, tasks) for column in board.columns),
            reported_in=each.reported_in,
        )
        for each in reported
    ]
    rows = [row for row in all_rows if any(score.value is not None for score in row.scores)]
    notes = [REPORTED_NOTE] if rows else []
    if left_out := len(reported) - len(rows):
        notes.append(f"Left out: {left_out:,} reported {'model' if left_out == 1 else 'models'} without a score here.")
    notes += _on_agreement(differences(board, reported))
    return replace(
        board, rows=tuple(sorted([*board.rows, *rows], key=lambda row: row.order)), notes=(*board.notes, *notes)
    )


def differences(board: Leaderboard, reported: Iterable[Reported]) -> list[Difference]:
    """Return how the scores of a leaderboard differ from published ones of the same models, task by task."""
    tasks = _published_tasks(board)
    return [
        Difference(
            model=row.model,
            task=task,
            measured=round(100 * main, 2) + 0.0,
            reported=each.scores[task],
            reported_in=each.reported_in,
        )
        for row in _models(board)
        for each in reported
        for task, scored in row.scored.items()
        if task in tasks and task in each.scores
        if each.same_as is not None and each.same_as.is_of(scored.result.model)
        if isinstance(main := scored.result.scores.main, float)
    ]


def _models(board: Leaderboard) -> Iterator[ModelRow]:
    """Yield the rows of the single models behind a leaderboard."""
    for row in board.rows:
        yield from row.members


def _published_tasks(board: Leaderboard) -> set[str]:
    """Return the tasks of which the leaderboard shows scores of the published pairs, and of all of them."""
    return {
        pairs
        for row in _models(board)
        for pairs, scored in row.scored.items()
        if pairs == (task := scored.result.task).name
        and pairs in catalogue()
        and task.limit is None
        and task.verified is not False
    }


def _score(reported: Reported, column: ScoreColumn, tasks: Collection[str]) -> Score:
    values = {task: round(score / 100, DIGITS) for task, score in reported.scores.items() if task in tasks}
    if column.averages:
        scores = [values[task] for task in column.averages if task in values]
        of_all = len(scores) == len(column.averages)
        return Score(sum(scores) / len(scores)) if of_all else Score(note=f"{len(scores)} of {len(column.averages)}")
    return Score(values.get(column.pairs)) if column.view is None and column.metric == "spearman" else Score()


def _on_agreement(compared: Sequence[Difference]) -> list[str]:
    """Say for each source how far its scores of models that were measured too are from ours."""
    by_source: dict[str, list[Difference]] = {}
    for each in compared:
        by_source.setdefault(each.reported_in, []).append(each)
    lines = []
    for source, of_source in by_source.items():
        largest = max(of_source, key=lambda each: abs(each.difference))
        where = f" ({largest.model} on {largest.task})" if largest.difference else ""
        scores = "1 score" if len(of_source) == 1 else f"{len(of_source)} scores"
        lines.append(
            f"Measured here as well: {scores} of {source}, with differences of at most "
            f"{abs(largest.difference):.2f}{where}."
        )
    return lines
