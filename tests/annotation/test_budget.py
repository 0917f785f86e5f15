"""What may be spent."""

from pathlib import Path

import pytest

from gis.annotation.budget import Budget, BudgetReachedError, Limits, Prices, read_prices
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
    assert budget.spent.shown == "1,100 tokens"
    priced = Budget(Limits())
    priced.spent.add(USAGE, PRICES)
    assert priced.spent.shown == "1,100 tokens, cost 0.0020"


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"tokens": 1.5}, {"cost": -1}, {"cost": float("nan")}])
def test_limits_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Limits(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prices.toml", '["org/model"]\ninput = 0.1\noutput = 0\n'),
        ("prices.json", '{"org/model": {"input": 0.1, "output": 0}}'),
    ],
)
def test_prices_come_from_a_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_prices(tmp_path / name) == {"org/model": Prices(input=0.1, output=0)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("m = 3", "m is not the price of input and of output"),
        ("[m]\ninput = 1", "m is not the price of input and of output"),
        ("[m]\ninput = 1\noutput = -1", "m: the price of output"),
        ("[m]\ninput = nan\noutput = 1", "m: the price of input"),
        ("[m]\ninput = true\noutput = 1", "m: the price of input"),
        (f"[m]\ninput = {10**400}\noutput = 1", "m: the price of input"),
        ("{}", "cannot read the prices"),
        (None, "cannot read the prices"),
    ],
)
def test_a_file_that_holds_no_prices_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "prices.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        read_prices(path)
    assert "per million tokens" in str(caught.value.remedy)
