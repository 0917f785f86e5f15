"""The views of the page: which columns are shown together."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from gis.benchmark.tasks.catalogue import suites
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.rows import ScoreColumn

SUITE_TITLES = {"sts": "Short text", "long": "Long text", "in-domain": "In-domain"}


class View(NamedTuple):
    """Some columns under one name.

    Attributes:
        title: Its name.
        columns: Positions of its columns of scores.
        costs: Whether the costs are shown too.
    """

    title: str
    columns: tuple[int, ...]
    costs: bool = False


def views_of(board: Leaderboard) -> list[View]:
    """Return the views of a leaderboard: the tasks, each suite, the strata of each task, the costs, everything."""
    models = [member for row in board.rows for member in row.members]
    task_of = {pairs: scored.result.task.name for model in models for pairs, scored in model.scored.items()}

    def positions(wanted: Callable[[ScoreColumn], bool]) -> tuple[int, ...]:
        return tuple(n for n, column in enumerate(board.columns) if wanted(column))

    def in_suite(column: ScoreColumn, members: tuple[str, ...]) -> bool:
        tasks = column.averages or (task_of.get(column.pairs, column.pairs),)
        return column.view is None and set(tasks) <= set(members)

    views = [
        View("Tasks", positions(lambda column: column.view is None and column.metric == "spearman")),
        *(
            View(SUITE_TITLES.get(name, name), positions(partial(in_suite, members=members)))
            for name, members in suites().items()
        ),
        *(
            View(f"Strata of {pairs}", tuple(n for n, column in enumerate(board.columns) if column.pairs == pairs))
            for pairs in dict.fromkeys(column.pairs for column in board.columns if column.view is not None)
        ),
        View("Cost", (0,), costs=True),
        View("All columns", tuple(range(len(board.columns))), costs=True),
    ]
    return [view for n, view in enumerate(views) if view.columns and view[1:] not in [other[1:] for other in views[:n]]]
