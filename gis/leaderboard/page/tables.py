"""The tables below the leaderboard: ranks, comparisons, ceilings, lengths, costs and tasks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gis.benchmark.results import Result
from gis.hashes import SHORT_HASH
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.lengths import LengthCurves, LengthScore
from gis.leaderboard.retrieval import HEAD, RetrievalTable
from gis.leaderboard.rows import ColumnRanking, ScoreColumn
from gis.leaderboard.scores import ceiling_of
from gis.statistics.intervals import Interval
from gis.statistics.ranks import Ranking

MOST_COMPARED = 40  # models of a table of pairs of models; where there are more, only of the first column
MOST_BY_LENGTH = 12  # models of the tables by length, one for each task
BETTER, WORSE, OPEN = "+", "\u2212", "≈"
TOP = (1, 2, 3, 5, 10)  # the k of "rank 1 to k"
SMALLEST_P = 0.001


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: What it shows.
        is_open: Whether it shows a question that the scores do not decide.
        url: What it links to, or "".
    """

    text: str
    is_open: bool = False
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class PlainTable:
    """A table whose first column names its rows.

    Attributes:
        title: What it shows, in a few words.
        explanation: How to read it.
        head: Titles of the columns.
        rows: Cells of each row.
        folded: Whether it is shown on request only.
        words: Whether its cells are words, which begin at the left.
    """

    title: str
    explanation: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False
    words: bool = False


def rank_table(board: Leaderboard) -> PlainTable | None:
    """Return what is known of the ranks in the first column by three methods; None without a ranking."""
    column = board.columns[0]
    ranked = board.rankings.get(column)
    if ranked is None:
        return None
    ranking, count = ranked.ranking, len(ranked.models)
    tops = [k for k in TOP if k < count]
    rows = [
        (
            name,
            str(ranking.ranks[n]),
            str(ranking.holm_ranks[n]),
            str(ranking.percentile_ranks[n]),
            *(_percent(ranking.at_most[n, k - 1]) for k in tops),
        )
        for n, name in _in_order(board, column, ranked)
    ]
    return plain_table(
        f"Ranks on {column.title}",
        "the 95 % interval for all models at once (max-t), the same with Holm's correction, the middle 95 % of ranks "
        "in redrawn scores (no guarantee: too narrow near ties), and the chance of a place at the top",
        ["model", "rank", "by Holm", "percentiles", *("P(first)" if k == 1 else f"P(rank ≤ {k})" for k in tops)],
        rows,
    )


def pairwise_tables(board: Leaderboard) -> list[PlainTable]:
    """Return who is certainly better than whom, in the first column and in each mean, for the first models of each."""
    means = [column for column in board.columns[1:] if column.averages and len(board.rows) <= MOST_COMPARED]
    compared = [board.columns[0], *means]
    return [
        _pairwise(board, column, board.rankings[column], folded=n > 0)
        for n, column in enumerate(compared)
        if column in board.rankings and len(board.rankings[column].models) > 1
    ]


def _pairwise(board: Leaderboard, column: ScoreColumn, ranked: ColumnRanking, *, folded: bool) -> PlainTable:
    order = _in_order(board, column, ranked)
    shown = order[:MOST_COMPARED]
    rows: list[tuple[str | Cell, ...]] = [
        (f"{place}. {name}", *(_comparison(ranked.ranking, n, other) for other, _ in shown))
        for place, (n, name) in enumerate(shown, 1)
    ]
    return plain_table(
        f"Pairs of models on {column.title}",
        f"{BETTER} the model of the row is certainly better than that of the column, {WORSE} certainly worse, {OPEN} "
        "not certain; with the p value of the difference, adjusted for all pairs of models, where it is "
        f"{SMALLEST_P:g} or more{_only_first(shown, order)}",
        ["model", *(f"{place}." for place in range(1, len(shown) + 1))],
        rows,
        folded=folded,
    )


def _comparison(ranking: Ranking, one: int, other: int) -> Cell:
    if one == other:
        return Cell("")
    p = ranking.p[one, other]
    digits = "" if p < SMALLEST_P else f" {p:.3f}".replace(" 0.", " .")
    if ranking.better[one, other]:
        return Cell(f"{BETTER}{digits}")
    return Cell(f"{WORSE}{digits}") if ranking.better[other, one] else Cell(f"{OPEN}{digits}", is_open=True)


def ceiling_table(board: Leaderboard) -> PlainTable | None:
    """Return the share that each score has of what binary labels allow; None without binary tasks."""
    ceilings = {
        n: ceiling
        for n, column in enumerate(board.columns)
        if column.view is None and column.metric == "spearman" and (ceiling := _ceiling(board, column)) is not None
    }
    if not ceilings:
        return None
    rows = [
        (row.model, *(_share(row.scores[n].value, ceiling) for n, ceiling in ceilings.items()))
        for row in board.rows
        if any(row.scores[n].value is not None for n in ceilings)
    ]
    heads = [f"{board.columns[n].title} (at most {100 * ceiling:.1f})" for n, ceiling in ceilings.items()]
    return plain_table(
        "Share of the ceiling",
        "Spearman on binary tasks in per cent of the highest that their labels allow without ties",
        ["model", *heads],
        rows,
    )


def _share(value: float | None, ceiling: float) -> str:
    return "–" if value is None else f"{100 * value / ceiling:.1f} %"


def _ceiling(board: Leaderboard, column: ScoreColumn) -> float | None:
    """Return the ceiling of a column, which is the same for all models that were scored on its pairs."""
    result = _results(board).get(column.pairs)
    ceiling = None if result is None else ceiling_of(result)
    return ceiling if isinstance(ceiling, float) and ceiling > 0 else None


def length_table(board: Leaderboard, curves: LengthCurves) -> PlainTable:
    """Return the scores of the first models by the length of the longer text of a pair."""
    scored = [row for row in board.rows if row.identity in curves.scores]
    shown = scored[:MOST_BY_LENGTH]
    heads = [
        f"{bucket} ({bucket.pairs:,} pairs"
        + ("" if bucket.positives is None else f", {bucket.positives:,} positive")
        + ")"
        for bucket in curves.buckets
    ]
    metric = "AUROC" if curves.metric == "auroc" else "Spearman"
    return plain_table(
        f"Length on {curves.pairs}",
        f"{metric} × 100 by the length of the longer text in {curves.unit}, with the share of pairs of which a text "
        f"was cut{_only_first(shown, scored)}",
        ["model", *heads],
        [(row.model, *map(_length_score, curves.scores[row.identity])) for row in shown],
        folded=True,
    )


def _length_score(score: LengthScore) -> str:
    value = "–" if score.value is None else f"{100 * score.value:.1f}{plus_minus(score.interval, 1)}"
    return f"{value}, {_percent(score.cut)} cut" if score.cut else value


def task_table(board: Leaderboard) -> PlainTable | None:
    """Return what was scored, and by which protocol; None where all scores are reported."""
    results = _results(board)
    rows = [
        (
            pairs,
            result.task.label,
            f"{result.texts.pairs:,}",
            result.scores.main_definition,
            result.task.text,
            result.task.source + (f" at {result.task.revision[:SHORT_HASH]}" if result.task.revision else ""),
            result.task.sha256[:SHORT_HASH],
            result.task.licence or "–",
        )
        for pairs in dict.fromkeys(column.pairs for column in board.columns)
        if (result := results.get(pairs)) is not None
    ]
    if not rows:
        return None
    heads = ["task", "labels", "pairs", "score", "texts", "source", "data (SHA-256)", "licence"]
    return plain_table("What was scored", "", heads, rows, folded=True, words=True)


def _results(board: Leaderboard) -> dict[str, Result]:
    """Return a result for each set of pairs."""
    scored = {pairs: board.scored_on(pairs) for pairs in dict.fromkeys(column.pairs for column in board.columns)}
    return {pairs: next(iter(of_models.values())).result for pairs, of_models in scored.items() if of_models}


def _in_order(board: Leaderboard, column: ScoreColumn, ranked: ColumnRanking) -> list[tuple[int, str]]:
    """Return the position in the ranking and the name of each model, the highest score first."""
    position = {identity: n for n, identity in enumerate(ranked.models)}
    score = board.columns.index(column)
    rows = [row for row in board.rows if row.identity in position]
    rows.sort(key=lambda row: -(row.scores[score].value or 0.0))
    return [(position[row.identity], row.model) for row in rows]


def plain_table(
    title: str,
    explanation: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    *,
    folded: bool = False,
    words: bool = False,
) -> PlainTable:
    """Return a table of texts and cells."""
    cells = [tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows]
    return PlainTable(
        title=title, explanation=explanation, head=tuple(head), rows=tuple(cells), folded=folded, words=words
    )


def retrieval_table(table: RetrievalTable) -> PlainTable:
    """Return the models of a retrieval task."""
    notes = " ".join([table.caption, *table.notes])
    return plain_table(table.title, notes, HEAD, [cells for cells, _ in table.cells()])


def _only_first(shown: Sequence[object], scored: Sequence[object]) -> str:
    return "" if len(shown) == len(scored) else f"; only the first {len(shown)} of {len(scored)} models"


def plus_minus(interval: Interval | None, decimals: int = 2) -> str:
    """Return half of an interval × 100: " ±0.62"; empty without one."""
    return "" if interval is None else f" ±{50 * (interval.high - interval.low):.{decimals}f}"


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
