"""Published scores beside measured ones: without interval and rank, never among the best; and how far they agree."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gis.benchmark.tasks.catalogue import catalogue
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.reported import Reported, Source
from gis.leaderboard.rows import ModelRow, Score, ScoreColumn
from gis.text import visible

DIGITS = 8  # more than anybody prints of a score
REPORTED_NOTE = (
    "Reported rows are quoted, not measured here: they have no interval and no rank, and are never the best."
)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A measured score beside the published score of the same model.

    Attributes:
        model: The name of the measured row.
        task: The task.
        measured: Our Spearman × 100, to as many decimals as are printed.
        quoted: Whose score it is compared with.
    """

    model: str
    task: str
    measured: float
    quoted: Reported

    @property
    def reported(self) -> float:
        """Return the published score."""
        return self.quoted.scores[self.task]

    @property
    def difference(self) -> float:
        """Return measured minus reported."""
        return round(self.measured - self.reported, 2) + 0.0


def with_reported(board: Leaderboard, shown: Sequence[Reported], known: Sequence[Reported] = ()) -> Leaderboard:
    """Return the leaderboard with a row for each reported model that has a score in any of its columns.

    A published score is of all pairs of a published task, so it stands only in columns of these.

    Args:
        board: The leaderboard.
        shown: The models that get a row.
        known: More models, only compared with those that are the same here.
    """
    tasks = _published_tasks(board)
    all_rows = {
        n: ModelRow(
            model=each.name,
            identity="",
            scores=tuple(_score(each, column, tasks) for column in board.columns),
            reported_in=each.reported_in,
        )
        for n, each in enumerate(shown)
    }
    rows = {n: row for n, row in all_rows.items() if any(score.value is not None for score in row.scores)}
    quoted = [*shown, *(each for each in known if each not in shown)]
    compared = differences(replace(board, reported=tuple(quoted)))
    used = [each for n, each in enumerate(quoted) if n in rows or any(each is other.quoted for other in compared)]
    notes = [REPORTED_NOTE] if rows else []
    if left_out := len(shown) - len(rows):
        notes.append(f"Left out: {left_out:,} reported {'model' if left_out == 1 else 'models'} without a score here.")
    notes += _on_agreement(compared)
    if used:
        notes.append(f"Published in {'; '.join(map(str, sources(used)))}.")
    return replace(
        board,
        rows=tuple(sorted([*board.rows, *rows.values()], key=lambda row: row.order)),
        notes=(*board.notes, *map(visible, notes)),
        reported=tuple(used),
    )


def differences(board: Leaderboard) -> list[Difference]:
    """Return how the scores of a leaderboard differ from published ones of the same models, task by task."""
    tasks = _published_tasks(board)
    return [
        Difference(model=row.model, task=task, measured=round(100 * main, 2) + 0.0, quoted=each)
        for row in _models(board)
        for each in board.reported
        for task, scored in row.scored.items()
        if task in tasks and task in each.scores
        if each.same_as is not None and each.same_as.is_of(scored.result.model)
        if isinstance(main := scored.result.scores.main, float)
    ]


def sources(reported: Sequence[Reported]) -> list[Source]:
    """Return where scores were published, each source once."""
    found: list[Source] = []
    for each in reported:
        if each.source not in found:
            found.append(each.source)
    return found


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
    """Say for each place how far its scores of models that were measured too are from ours."""
    by_place: dict[str, list[Difference]] = {}
    for each in compared:
        by_place.setdefault(each.quoted.reported_in, []).append(each)
    lines = []
    for place, of_place in by_place.items():
        largest = max(of_place, key=lambda each: abs(each.difference))
        where = f" ({largest.model} on {largest.task})" if largest.difference else ""
        models = ", ".join(dict.fromkeys(each.model for each in of_place))
        scores = "1 score" if len(of_place) == 1 else f"{len(of_place)} scores"
        lines.append(
            f"Agreement with published figures: {scores} of {models}, with differences of at most "
            f"{abs(largest.difference):.2f}{where} from {place}."
        )
    return lines
