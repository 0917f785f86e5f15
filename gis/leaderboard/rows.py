"""What a leaderboard is made of: columns, scores, and the rows of models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gis.benchmark.results import Result
from gis.benchmark.runner import ScoredTask
from gis.statistics.intervals import Interval
from gis.statistics.ranks import Ranking, RankInterval

METRIC_TITLES = {"spearman": "Spearman", "auroc": "AUROC"}
# In a narrow terminal the strata give way first, then AUROC, then the tasks; means and the first task stay longest.
TASK_PRIORITY, AUROC_PRIORITY, STRATUM_PRIORITY = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """A column of scores.

    Attributes:
        title: Its heading.
        pairs: The pairs that were scored, by the name that ``name_pair_sets`` gives them: in most cases that of the
            task. Empty for a mean over tasks.
        view: The stratum; None for the task as a whole.
        metric: What is shown of it.
        averages: The tasks that a mean is over; empty for a task's own column.
    """

    title: str
    pairs: str = ""
    view: str | None = None
    metric: Literal["spearman", "auroc"] = "spearman"
    averages: tuple[str, ...] = ()

    @property
    def title_in_task(self) -> str:
        """Return the heading below that of the task: a stratum or a metric."""
        return self.view or METRIC_TITLES[self.metric]

    @property
    def priority(self) -> int:
        """Return how early a narrow terminal leaves it out: a higher number goes first."""
        if self.averages:
            return 0
        if self.view is not None:
            return STRATUM_PRIORITY
        return TASK_PRIORITY if self.metric == "spearman" else AUROC_PRIORITY


@dataclass(frozen=True)
class Score:
    """A score, or why there is none.

    Attributes:
        value: The unrounded score, -1 to 1; None where there is none.
        note: Why there is none: "3 of 7", "undefined: …".
        sample: The sample of pairs it is of, such as "20 pairs, seed 0"; empty for all pairs.
        best: Whether no score in the column is higher.
        interval: Its 95 % interval; None where no error could be estimated.
        rank: The ranks that its model can have in this column; None where the column has no ranking.
        tied: Whether the model is not certainly worse than the best of the column, and is not the best.
        deviation: Standard deviation over the seeds of a training; None for a single model.
    """

    value: float | None = None
    note: str = ""
    sample: str = ""
    best: bool = False
    interval: Interval | None = None
    rank: RankInterval | None = None
    tied: bool = False
    deviation: float | None = None

    @property
    def marks(self) -> str:
        """Return ≈ for a score that is not certainly below the best, * for a sample."""
        return ("≈" if self.tied else "") + ("*" if self.sample else "")

    @property
    def half_width(self) -> str:
        """Return half of the interval × 100: "±0.62"; empty without an interval."""
        return "" if self.interval is None else f"±{50 * (self.interval.high - self.interval.low):.2f}"

    def __str__(self) -> str:
        """Return the score × 100 with two decimals and its marks; else "n of N" or a dash."""
        if self.value is None:
            return self.note if self.note and not self.note.startswith("undefined") else "–"
        return f"{round(100 * self.value, 2) + 0.0:.2f}{self.marks}"  # + 0.0: no "-0.00"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a model costs.

    Attributes:
        parameters: Number of weights.
        dimension: Width of the vectors.
        max_tokens: Longest text that it reads.
        tokens_per_second: Tokens read a second while the shown tasks were embedded; None for models that count none.
        hardware: What that was measured on, and in which number format.
    """

    parameters: int | None = None
    dimension: int | None = None
    max_tokens: int | None = None
    tokens_per_second: float | None = None
    hardware: str = ""

    @property
    def size(self) -> str:
        """Return the number of parameters in words: "22.7 M"; empty where it is not known."""
        return "" if self.parameters is None else f"{self.parameters / 1e6:,.1f} M"


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model and its scores.

    Attributes:
        model: Its name on the leaderboard.
        identity: Its identity; that of none where the scores are reported.
        scores: One for each column.
        scored: What the scores were read from, by the name of the pairs; nothing for reported scores and for the mean
            of several seeds.
        cost: What it costs.
        baseline: Whether it reads no meaning: random numbers, lengths or words.
        reported_in: Where the scores are quoted from; empty for scores that gis measured.
        seeds: The rows of the models whose mean this is, which differ only in the seed of their training.
    """

    model: str
    identity: str
    scores: tuple[Score, ...]
    scored: Mapping[str, ScoredTask] = field(default_factory=dict)
    cost: Cost = Cost()
    baseline: bool = False
    reported_in: str = ""
    seeds: tuple["ModelRow", ...] = ()

    @property
    def title(self) -> str:
        """Return its name in tables that people read: with the source of its scores, or their deviation over seeds."""
        if self.reported_in:
            return f"{self.model} (reported: {self.reported_in})"
        deviation = self.scores[0].deviation
        return self.model if deviation is None else f"{self.model}, deviation {100 * deviation:.2f}"

    @property
    def members(self) -> tuple["ModelRow", ...]:
        """Return the rows of the single models behind it: those of the seeds, or itself."""
        return self.seeds or (self,)

    @property
    def results(self) -> tuple[Result, ...]:
        """Return the results that the scores come from; none for reported scores."""
        return tuple(scored.result for member in self.members for scored in member.scored.values())

    @property
    def order(self) -> tuple[bool, float, str, str]:
        """Return what rows are sorted by: the first score, the highest first."""
        first = self.scores[0].value
        return first is None, -(first or 0.0), self.model, self.reported_in

    @property
    def rank_cells(self) -> tuple[str, str]:
        """Return the rank by the first column, and ± half of the interval of its score."""
        first = self.scores[0]
        return str(first.rank or "–"), first.half_width


@dataclass(frozen=True)
class ColumnRanking:
    """The ranking of the models of a column that have scores of its pairs.

    Attributes:
        models: The identity of each model.
        ranking: What can be said of their order.
        intervals: The 95 % interval of each score.
        effective: The number of independent units of equal size that the errors were estimated from.
    """

    models: tuple[str, ...]
    ranking: Ranking
    intervals: tuple[Interval | None, ...]
    effective: float
