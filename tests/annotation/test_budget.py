"""What may be spent."""

import pytest

from gis.annotation.budget import Budget, BudgetReachedError, Limits, Prices
from gis.annotation.protocols import Usage
from gis.errors import UsageError

USAGE = Usage(1000, 100, counted=True)
PRICES = Prices(input=1.0, output=10.0)  # 0.002 for each usage


@pytest.mark.parametrize(
    ("limits", "requests"), [(Limits(requests=3), 3), (Limits(tokens=2500), 2), (Limits(cost=0.009), 4)]
)
def test_a_limit_holds_for_what_was_spent_and_what_is_on_its_way(limits: Limits, requests: int) -> None:
    budget = Budget(limits)
    budget.spent.add(USAGE, PRICES)
    for _ in range(requests - 1):
        budget.reserve(USAGE, PRICES)
    with pytest.raises(BudgetReachedError, match="is reached"):
        budget.reserve(USAGE, PRICES)


def test_what_was_not_answered_costs_nothing() -> None:
    budget = Budget(Limits(requests=1))
    budget.reserve(USAGE, PRICES)
    budget.settle(USAGE, None, PRICES)
    budget.reserve(USAGE, PRICES)
    budget.settle(USAGE, Usage(500, 0, counted=False), PRICES)
    assert (budget.spent.requests, budget.spent.input_tokens, budget.spent.cost) == (1, 500, 0.0005)
    assert not budget.spent.counted


def test_a_cost_without_prices_is_marked() -> None:
    budget = Budget(Limits())
    budget.spent.add(USAGE, Prices(input=1.0))
    assert not budget.spent.priced


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"tokens": 1.5}, {"cost": -1}, {"cost": float("nan")}])
def test_limits_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Limits(**wrong)  # type: ignore[arg-type]
