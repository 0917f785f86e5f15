"""What annotation may cost: prices, limits, and what was spent."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from gis.annotation.protocols import Usage
from gis.errors import GisError, UsageError, check_number
from gis.files import read_written_by_hand

PER = 1_000_000  # tokens that a price is for
EXPECTED = 'for each model, write a table: ["MODEL"], and below it input = 0.10 and output = 0.40, per million tokens'


class BudgetReachedError(GisError):
    """A limit would be passed by the next request."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What a million tokens cost, in any currency; None where that is not known.

    Attributes:
        input: Of what is sent.
        output: Of what is answered.
    """

    input: float | None = None
    output: float | None = None

    @property
    def known(self) -> bool:
        """Whether both prices are known."""
        return self.input is not None and self.output is not None

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return what tokens cost; those without a price cost nothing."""
        return ((self.input or 0.0) * input_tokens + (self.output or 0.0) * output_tokens) / PER


def read_prices(path: Path) -> dict[str, Prices]:
    """Read what models cost, by their names, from a TOML or JSON file.

    Raises:
        UsageError: The file cannot be read, or is not a table of prices.
    """
    try:
        text = read_written_by_hand(path)
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read the prices {path}: {error}", remedy=EXPECTED) from error
    if not isinstance(content, dict):
        raise UsageError(f"{path} is not a table of prices", remedy=EXPECTED)
    return {model: _prices(f"{path}: {model}", given) for model, given in content.items()}


def _prices(where: str, given: Any) -> Prices:  # noqa: ANN401 - whatever a file holds
    if not isinstance(given, Mapping) or set(given) != {"input", "output"}:
        raise UsageError(f"{where} is not the price of input and of output", remedy=EXPECTED)
    for name, price in given.items():
        check_number(f"{where}: the price of {name}", price, 0, whole=False, remedy=EXPECTED)
    return Prices(**given)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What annotation may cost at most, with all that was spent before on the same folder; None is no limit.

    Attributes:
        requests: Number of requests.
        tokens: Tokens sent and received.
        cost: Money, in the currency of the prices.
    """

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        for what, limit in (("the most requests", self.requests), ("the most tokens", self.tokens)):
            if limit is not None:
                check_number(what, limit, 1)
        if self.cost is not None:
            check_number("the highest cost", self.cost, 0, whole=False)


@dataclass
class Spent:
    """What was spent: requests, tokens and money.

    Attributes:
        requests: Requests that were answered.
        input_tokens: Tokens sent.
        output_tokens: Tokens received.
        cost: Money, in the currency of the prices.
        counted: Whether the servers counted all tokens; else some are estimated.
        priced: Whether all prices are known; else the cost is too low.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    counted: bool = True
    priced: bool = True

    @property
    def shown(self) -> str:
        """Tokens, and money where it is known, in a few words."""
        cost = f", cost {self.cost:.4f}" if self.priced else ""
        return f"{self.input_tokens + self.output_tokens:,} tokens{cost}"

    def add(self, usage: Usage, prices: Prices) -> None:
        """Count one request."""
        self.requests += 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cost += prices.cost(usage.input_tokens, usage.output_tokens)
        self.counted = self.counted and usage.counted
        self.priced = self.priced and prices.known


class Budget:
    """Keeps what is spent, and what requests on their way will cost by estimate, within limits.

    Attributes:
        spent: What was spent.
    """

    def __init__(self, limits: Limits) -> None:
        self.spent = Spent()
        self._limits = limits
        self._reserved = Spent()
        self._lock = Lock()

    def reserve(self, usage: Usage, prices: Prices) -> None:
        """Set aside what a request will cost by estimate.

        Raises:
            BudgetReachedError: A limit would be passed.
        """
        with self._lock:
            spent, reserved, limits = self.spent, self._reserved, self._limits
            tokens = usage.input_tokens + usage.output_tokens
            for total in (spent, reserved):
                tokens += total.input_tokens + total.output_tokens
            cost = spent.cost + reserved.cost + prices.cost(usage.input_tokens, usage.output_tokens)
            if limits.requests is not None and spent.requests + reserved.requests + 1 > limits.requests:
                raise BudgetReachedError(f"the limit of {limits.requests:,} requests is reached")
            if limits.tokens is not None and tokens > limits.tokens:
                raise BudgetReachedError(f"the limit of {limits.tokens:,} tokens is reached")
            if limits.cost is not None and cost > limits.cost:
                raise BudgetReachedError(f"the limit of {limits.cost:g} for the cost is reached")
            reserved.add(usage, prices)

    def settle(self, reserved: Usage, used: Usage | None, prices: Prices) -> None:
        """Replace an estimate by what a request cost; None for one that was not answered."""
        with self._lock:
            self._reserved.requests -= 1
            self._reserved.input_tokens -= reserved.input_tokens
            self._reserved.output_tokens -= reserved.output_tokens
            self._reserved.cost -= prices.cost(reserved.input_tokens, reserved.output_tokens)
            if used is not None:
                self.spent.add(used, prices)
