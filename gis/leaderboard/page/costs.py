"""What the page says of quality against cost."""

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.fronts import ON_FRONT, CostKind, front
from gis.leaderboard.page.tables import PlainTable, plain_table
from gis.leaderboard.rows import Cost, ModelRow

COST_TITLES = ("parameters", "dimension", "max tokens", "tokens/s", "hardware")
KINDS: dict[str, CostKind] = {"parameters": "parameters", "tokens/s": "speed"}  # the costs that have a Pareto front


class Fronts:
    """The Pareto fronts of the first column of a leaderboard.

    Args:
        board: The leaderboard.
    """

    def __init__(self, board: Leaderboard) -> None:
        self._models = {
            title: {row.identity for row in front(board, board.columns[0], kind)} for title, kind in KINDS.items()
        }

    @property
    def explanation(self) -> str:
        """Return what their mark means; empty where there is no front."""
        if not any(self._models.values()):
            return ""
        return (
            f"{ON_FRONT} marks the Pareto front: no other model is as good in score and cost and better in one; speeds "
            "are compared on one device"
        )

    def marks(self, row: ModelRow) -> tuple[str, ...]:
        """Return the mark of each of ``COST_TITLES`` for a model, empty for none."""
        return tuple(ON_FRONT if row.identity in self._models.get(title, ()) else "" for title in COST_TITLES)


def cost_table(board: Leaderboard) -> PlainTable | None:
    """Return what each model costs and scores; None where nothing is known."""
    title = board.columns[0].title
    fronts = Fronts(board)
    rows = [
        (
            row.model,
            f"{row.scores[0]}",
            *(text + mark for text, mark in zip(costs_in_words(row.cost), fronts.marks(row), strict=True)),
        )
        for row in board.rows
        if row.cost != Cost()
    ]
    if not rows:
        return None
    explanation = "the speed is that of the runs behind the scores, on the hardware named"
    return plain_table(
        f"{title} and costs",
        "; ".join(filter(None, [explanation, fronts.explanation])),
        ["model", title, *COST_TITLES],
        rows,
    )


def costs_in_words(cost: Cost) -> tuple[str, ...]:
    """Return the costs in the order of ``COST_TITLES``; a dash where one is not known."""
    return (
        cost.size or "–",
        "–" if cost.dimension is None else f"{cost.dimension:,}",
        "–" if cost.max_tokens is None else f"{cost.max_tokens:,}",
        "–" if cost.tokens_per_second is None else f"{cost.tokens_per_second:,.0f}",
        cost.hardware or "–",
    )
