"""A leaderboard as one HTML file: no server, no network, the same bytes for the same results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.lengths import length_curves
from gis.leaderboard.page.base import asset, content_policy, environment
from gis.leaderboard.page.costs import COST_TITLES, Fronts, cost_table, costs_in_words
from gis.leaderboard.page.figures import NO_MATPLOTLIB, Artist, InlineFigure
from gis.leaderboard.page.models import common_facts, sections
from gis.leaderboard.page.published import agreement_table, source_table
from gis.leaderboard.page.svg import Styles
from gis.leaderboard.page.tables import (
    PlainTable,
    ceiling_table,
    length_table,
    pairwise_tables,
    rank_table,
    retrieval_table,
    task_table,
)
from gis.leaderboard.page.views import views_of
from gis.leaderboard.retrieval import RetrievalTable
from gis.leaderboard.rows import ModelRow, Score, ScoreColumn


class RowCell(NamedTuple):
    """A cell of the leaderboard.

    Attributes:
        text: What it shows.
        data: The numbers behind it, for the script.
        marks: ≈ for a tie with the best, * for a sample, † for a cost on the Pareto front.
        half: Half of the interval, in words.
        best: Whether it is the best of its column.
    """

    text: str
    data: str
    marks: str = ""
    half: str = ""
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the leaderboard.

    Attributes:
        anchor: The id of the section on its model.
        name: Its model.
        baseline: Whether no filter may hide it.
        reported_in: Where its scores are quoted from; empty for measured ones.
        rank: Its rank in the first column.
        scores: One cell for each column.
        costs: One cell for each of ``COST_TITLES``.
    """

    anchor: str
    name: str
    baseline: bool
    reported_in: str
    rank: str
    scores: tuple[RowCell, ...]
    costs: tuple[RowCell, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section of the page between the leaderboard and the models.

    Attributes:
        anchor: Its id.
        title: Its heading.
        figures: Its figures.
        tables: Its tables.
    """

    anchor: str
    title: str
    figures: Sequence[InlineFigure] = ()
    tables: Sequence[PlainTable] = ()


def render_page(board: Leaderboard, retrieval: Sequence[RetrievalTable] = ()) -> str:
    """Return a leaderboard as a page that holds everything it needs.

    The page sorts, filters and downloads by its own script, loads nothing, and its content security policy forbids
    whatever else a text of a result file might try. Without matplotlib it has no plots and says so.

    Args:
        board: The leaderboard; ``gis.load_results(folder).leaderboard()`` gives one.
        retrieval: The tables of retrieval tasks, which ``gis.load_results(folder).retrieval()`` gives.

    Returns:
        HTML; equal leaderboards give equal bytes.
    """
    styles = Styles()
    artist = Artist(board, styles)
    parts = _parts(board, artist, retrieval)
    style, script = asset("page.css") + Markup(styles.css()), asset("page.js")
    results = [result for row in board.rows for result in row.results]
    models = sections(board)
    fronts = Fronts(board)
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            policy=content_policy(style, script),
            style=style,
            script=script,
            board=board,
            tasks=len({column.pairs for column in board.columns if column.pairs}),
            newest=max((result.run.date[:10] for result in results), default=""),
            views=views_of(board),
            rows=[_row(board, row, model.anchor, fronts) for row, model in zip(board.rows, models, strict=True)],
            cost_titles=COST_TITLES,
            cost_marks=fronts.explanation,
            notes=[*board.notes, *([] if artist.can_draw else [NO_MATPLOTLIB])],
            parts=parts,
            models=models,
            common=common_facts(models),
        )
    )


def _row(board: Leaderboard, row: ModelRow, anchor: str, fronts: Fronts) -> Row:
    groups = [_groups(board, column).get(row.identity) for column in board.columns]
    cost = row.cost
    numbers = (cost.parameters, cost.dimension, cost.max_tokens, cost.tokens_per_second, None)
    return Row(
        anchor=anchor,
        name=row.model if row.reported_in else row.title,
        baseline=row.baseline,
        reported_in=row.reported_in,
        rank=row.rank_cells[0],
        scores=tuple(
            RowCell(
                str(score).removesuffix(score.marks),
                _score_data(score, group),
                score.marks,
                score.half_width,
                score.best,
            )
            for score, group in zip(row.scores, groups, strict=True)
        ),
        costs=tuple(
            RowCell(text, "" if number is None else f"{number:.10g}", mark)
            for text, number, mark in zip(costs_in_words(cost), numbers, fronts.marks(row), strict=True)
        ),
    )


def _groups(board: Leaderboard, column: ScoreColumn) -> dict[str, int]:
    """Return the tie group of each model of a column, by its identity."""
    ranked = board.rankings.get(column)
    return {} if ranked is None else dict(zip(ranked.models, ranked.ranking.groups, strict=True))


def _parts(board: Leaderboard, artist: Artist, retrieval: Sequence[RetrievalTable]) -> list[Part]:
    curves = length_curves(board)
    parts = [
        Part(
            anchor="ranks",
            title="How certain the ranks are",
            figures=artist.intervals(),
            tables=[*_known(rank_table(board)), *pairwise_tables(board)],
        ),
        Part(anchor="costs", title="Quality against cost", figures=artist.costs(), tables=_known(cost_table(board))),
        Part(
            anchor="lengths",
            title="What length does to it",
            figures=artist.lengths(curves),
            tables=[length_table(board, curve) for curve in curves],
        ),
        Part(anchor="retrieval", title="Retrieval", tables=[*map(retrieval_table, retrieval)]),
        Part(
            anchor="published",
            title="Agreement with published figures",
            tables=_known(agreement_table(board), source_table(board)),
        ),
        Part(anchor="tasks", title="Tasks", tables=_known(ceiling_table(board), task_table(board))),
    ]
    return [part for part in parts if part.figures or part.tables]


def _known(*tables: PlainTable | None) -> list[PlainTable]:
    return [table for table in tables if table is not None]


def _score_data(score: Score, group: int | None) -> str:
    """Return what the script cannot read off a cell: how far the interval reaches below and above, ranks, tie group.

    The reach is in hundredths of the score as it is printed.
    """
    reach = ["", ""]
    if score.interval is not None and score.value is not None:
        printed = round(10_000 * score.value)
        reach = [str(printed - round(10_000 * score.interval.low)), str(round(10_000 * score.interval.high) - printed)]
    places = [] if score.rank is None or group is None else [*map(str, score.rank), str(group)]
    return " ".join([*reach, *places]).rstrip()
