"""Quality against cost: the Pareto front, which are the models that no other beats in both."""

from collections.abc import Sequence
from typing import Literal

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.rows import ModelRow, ScoreColumn

CostKind = Literal["speed", "parameters"]
ON_FRONT = "†"  # in tables


def front(board: Leaderboard, column: ScoreColumn, cost: CostKind) -> list[ModelRow]:
    """Return the models on the Pareto front of a column, the cheapest first; each device has a front for its speed.

    Returns:
        The models; none where the cost of fewer than two is known.
    """
    place = board.columns.index(column)
    by_device: dict[str, list[tuple[float, float, ModelRow]]] = {}
    for row in board.rows:
        amount, value = amount_of(row, cost), row.scores[place].value
        if amount is not None and value is not None:
            device = device_of(row) if cost == "speed" else ""
            by_device.setdefault(device, []).append((-amount if cost == "speed" else amount, value, row))
    fronts = []
    for models in by_device.values():
        if len(models) > 1:
            best = undominated([(spent, value) for spent, value, _ in models])
            fronts += [model for model, is_best in zip(models, best, strict=True) if is_best]
    return [row for _, _, row in sorted(fronts, key=lambda model: model[:2])]


def undominated(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Return which of some points, each a cost and a quality, no other beats in one without losing in the other."""
    return [
        not any(cost <= own_cost and value >= own and (cost, value) != (own_cost, own) for cost, value in points)
        for own_cost, own in points
    ]


def amount_of(row: ModelRow, cost: CostKind) -> float | None:
    """Return the tokens a second or the number of parameters of a model; None where it is not known."""
    amount = row.cost.tokens_per_second if cost == "speed" else row.cost.parameters
    return None if amount is None or amount <= 0 else float(amount)


def device_of(row: ModelRow) -> str:
    """Return what a model ran on: all processors that results call "cpu" are one device."""
    devices = {device for result in row.results for device in result.run.hardware}
    return ", ".join(sorted({"CPU" if device.startswith("cpu") else device for device in devices}))
