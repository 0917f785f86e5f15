"""How far annotators agree: with each other, with gold labels, and with themselves when the texts change places."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.annotation.annotators import Grades
from gis.annotation.budget import Spent
from gis.annotation.ensemble import ENSEMBLE, Combined
from gis.annotation.repair import Repaired
from gis.annotation.source import PairsToGrade
from gis.markdown import escape, table
from gis.statistics.agreement import Estimate, krippendorff_alpha, spearman_agreement, weighted_kappa
from gis.statistics.dependence import Dependence
from gis.statistics.metrics import Undefined

MOST_REASONS = 10  # of failures, in the report
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far two raters agree on some pairs.

    Attributes:
        rater: Who: an annotator, or the ensemble.
        reference: With whom: the gold labels, or the mean of the other annotators.
        pairs: On how many pairs.
        alpha: Krippendorff's alpha.
        kappa: Quadratic weighted kappa of the rounded levels.
        spearman: Spearman's correlation.
    """

    rater: str
    reference: str
    pairs: int
    alpha: Estimate
    kappa: Estimate
    spearman: Estimate


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is known about an annotation.

    Attributes:
        pairs: Pairs with a grade.
        left_out: Pairs without one, and why: reason to number of pairs.
        cut_texts: Texts that annotators were shown only the head and tail of.
        selected: How the pairs were chosen among others; empty where all were taken.
        calibrated: Whether grades were calibrated on gold labels.
        alpha: Krippendorff's alpha of all annotators; None where there is only one.
        agreements: Each annotator's with the others and with gold, and the ensemble's with gold.
        order_gaps: The mean difference between the grades of a pair in its two orders, by annotator; None where pairs
            were graded in one order.
        spent: What each annotator's answers have cost so far.
        repaired: What became of contradicted labels; None where none were looked for.
    """

    pairs: int
    left_out: Mapping[str, int]
    cut_texts: int
    selected: str
    calibrated: bool
    alpha: Estimate | None
    agreements: tuple[Agreement, ...]
    order_gaps: Mapping[str, float | None]
    spent: Mapping[str, Spent]
    repaired: Repaired | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "pairs": self.pairs,
            "left_out": dict(self.left_out),
            "cut_texts": self.cut_texts,
            "selected": self.selected,
            "calibrated": self.calibrated,
            "alpha": None if self.alpha is None else _as_json(self.alpha),
            "agreement": [
                {
                    "rater": row.rater,
                    "reference": row.reference,
                    "pairs": row.pairs,
                    **{name: _as_json(getattr(row, name)) for name in ("alpha", "kappa", "spearman")},
                }
                for row in self.agreements
            ],
            "order_gap": dict(self.order_gaps),
            "cost": cost_json(self.spent),
            **({} if self.repaired is None else {"repaired": self.repaired._asdict()}),
        }

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        lines = [f"# Report on {self.pairs:,} annotated pairs\n"]
        if self.selected:
            lines.append(f"Selected, {escape(self.selected)}.\n")
        if self.repaired is not None:
            lines.append(f"{self.repaired}\n")
        lines += [f"Left out, {count:,} pairs: {escape(reason)}\n" for reason, count in self.left_out.items()]
        if self.cut_texts:
            lines.append(f"{self.cut_texts:,} texts were cut: annotators saw their head and tail.\n")
        if self.alpha is not None:
            lines.append(f"Krippendorff's alpha of all annotators: {_shown(self.alpha)}\n")
        if self.agreements:
            head = ("rater", "with", "pairs", "alpha", "weighted kappa", "Spearman")
            rows = [
                (escape(row.rater), escape(row.reference), f"{row.pairs:,}", *map(_shown, _measures(row)))
                for row in self.agreements
            ]
            lines.append(table(head, rows, align=("left", "left", *("right",) * 4)))
            note = "In brackets, the 95 % interval, which allows for pairs that share texts."
            held_out = " The ensemble is measured on gold labels that its calibration has not seen."
            lines.append(f"{note}{held_out if self.calibrated else ''}\n")
        gaps = {name: "–" if gap is None else f"{gap:.3f}" for name, gap in self.order_gaps.items()}
        lines.append(cost_table(gaps, "order gap", self.spent))
        if any(gap is not None for gap in self.order_gaps.values()):
            lines.append("Order gap: the mean difference in level when the two texts change places.\n")
        return "\n".join(lines)


def make_report(
    names: Sequence[str],
    grades: Sequence[Grades],
    combined: Combined,
    rows: NDArray[np.intp],
    source: PairsToGrade,
    gold: Array | None,
    spent: Mapping[str, Spent],
) -> Report:
    """Measure agreement.

    Args:
        names: The annotators.
        grades: What each says of all pairs.
        combined: The ensemble's grades of the pairs at ``rows``.
        rows: The pairs that every annotator has graded.
        source: The pairs.
        gold: (n,) gold labels of all pairs, NaN where there is none; None without any.
        spent: What annotators behind servers have cost, by name.
    """
    values = np.stack([each.values[rows] for each in grades])
    ids = source.pairs.text_ids
    dependence = Dependence(ids.first[rows], ids.second[rows])
    agreements: list[Agreement] = []
    if len(names) > 1:
        for number, name in enumerate(names):
            others = np.delete(values, number, axis=0).mean(axis=0)
            agreements.append(_agreement(name, "the others' mean", values[number], others, dependence))
    if gold is not None:
        known = np.flatnonzero(~np.isnan(gold[rows]))
        of_gold = Dependence(ids.first[rows[known]], ids.second[rows[known]])
        raters = {**dict(zip(names, values[:, known], strict=True)), ENSEMBLE: combined.unseen[known]}
        agreements += [_agreement(name, "gold", own, gold[rows[known]], of_gold) for name, own in raters.items()]
    return Report(
        pairs=len(rows),
        left_out=_reasons(names, grades, rows, len(source)),
        cut_texts=source.cut_texts,
        selected=source.selected,
        calibrated=combined.calibrated,
        alpha=krippendorff_alpha(values, dependence) if len(names) > 1 else None,
        agreements=tuple(agreements),
        order_gaps={
            name: float(np.abs(np.diff(each.levels[rows], axis=1)).mean()) if source.symmetric else None
            for name, each in zip(names, grades, strict=True)
        },
        spent=spent,
    )


def _agreement(rater: str, reference: str, own: Array, other: Array, dependence: Dependence) -> Agreement:
    return Agreement(
        rater=rater,
        reference=reference,
        pairs=len(own),
        alpha=krippendorff_alpha(np.stack([own, other]), dependence),
        kappa=weighted_kappa(own, other, dependence),
        spearman=spearman_agreement(own, other, dependence),
    )


def _reasons(names: Sequence[str], grades: Sequence[Grades], rows: NDArray[np.intp], pairs: int) -> dict[str, int]:
    """Count the pairs without a grade by the first reason that there is."""
    counts: dict[str, int] = {}
    for row in np.setdiff1d(np.arange(pairs), rows):
        name, reason = next(
            (name, each.failures[int(row)])
            for name, each in zip(names, grades, strict=True)
            if int(row) in each.failures
        )
        counts[f"{name}: {reason}"] = counts.get(f"{name}: {reason}", 0) + 1
    return most_common(counts)


def _measures(row: Agreement) -> tuple[Estimate, Estimate, Estimate]:
    return row.alpha, row.kappa, row.spearman


def _as_json(estimate: Estimate) -> dict[str, Any]:
    if isinstance(estimate.value, Undefined):
        return {"undefined": estimate.value.undefined}
    interval = estimate.interval
    return {"value": estimate.value, "low": interval and interval.low, "high": interval and interval.high}


def _shown(estimate: Estimate) -> str:
    if isinstance(estimate.value, Undefined):
        return f"– ({escape(estimate.value.undefined)})"
    interval = estimate.interval
    return f"{estimate.value:.3f}" + (f" [{interval.low:.3f}, {interval.high:.3f}]" if interval else "")


def most_common(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of the most common reasons, and of all others together."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    rest = sum(count for _, count in ordered[MOST_REASONS:])
    return {**dict(ordered[:MOST_REASONS]), **({"other reasons": rest} if rest else {})}


def cost_json(spent: Mapping[str, Spent]) -> dict[str, Any]:
    """Return what each annotator has cost, as JSON."""
    return {name: {**asdict(each), "cost": each.cost if each.priced else None} for name, each in spent.items()}


def cost_table(cells: Mapping[str, str], title: str, spent: Mapping[str, Spent]) -> str:
    """Return a table of annotators, each with a cell of its own and with what it has cost."""
    rows = [(escape(name), cell, *_cost_cells(spent.get(name))) for name, cell in cells.items()]
    return table(("annotator", title, "requests", "tokens in", "tokens out", "cost"), rows)


def _cost_cells(spent: Spent | None) -> tuple[str, str, str, str]:
    if spent is None:
        return "–", "–", "–", "–"
    about = "" if spent.counted else "about "
    cost = "–" if not spent.priced else f"{about}{spent.cost:.4f}"
    return f"{spent.requests:,}", f"{about}{spent.input_tokens:,}", f"{about}{spent.output_tokens:,}", cost
