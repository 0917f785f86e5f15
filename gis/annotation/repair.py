"""Labels that a model of gis and the annotators contradict, and what becomes of them when people decide.

Nothing is changed without a person: the pairs are listed for review, and only where the reviewers side with the
annotators, the label is mended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gis.annotation.prompt import TOP_LEVEL
from gis.annotation.review import REVIEW, Reviews, Verdict
from gis.annotation.select import Selection, similarities
from gis.annotation.source import TEST, PairsToGrade, load_labelled
from gis.benchmark.runner import find_model
from gis.benchmark.tasks.sources import SourceSettings
from gis.console import Reporter
from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.spec import Spec

CONTRADICTED = TOP_LEVEL / 2  # levels between a label and what is said against it: half of the scale
MENDED = Path("mended")  # below a folder of its own, so that nobody takes it for a split
LABEL = "given_label"  # the column of labels beside the scores of annotators
DECISION = "decision"  # the column of what people decided: "yes", "no", or null
Array = NDArray[np.float64]


class Repaired(NamedTuple):
    """What became of contradicted labels.

    Attributes:
        listed: Pairs whose label annotators contradict too.
        decided: Those that people have decided.
        mended: Labels that they changed.
    """

    listed: int
    decided: int
    mended: int

    def __str__(self) -> str:
        """Return it in words."""
        text = f"The annotators contradict the labels of {self.listed:,} of these pairs too; they are listed."
        if not self.decided:
            return f"{text} Nobody has decided on any of them yet."
        return f"{text} People decided on {self.decided:,}; labels changed in `{MENDED}`: {self.mended:,}."


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A labelled split, and those of its pairs that a model of gis contradicts.

    Attributes:
        whole: All pairs, with their labels.
        suspects: The pairs to grade: those that the model contradicts.
        rows: Where they are among all.
    """

    whole: PairsToGrade
    suspects: PairsToGrade
    rows: NDArray[np.intp]

    @property
    def levels(self) -> Array:
        """The (n,) labels of the suspects on the scale of annotators, 0 to 5."""
        return _scaled(self.whole.pairs.gold)[self.rows]

    @property
    def labels_sha256(self) -> str:
        """Hash of all labels."""
        return sha256_of(self.whole.pairs.gold.tolist())

    def disputed(self, graded: NDArray[np.intp], scores: Array) -> NDArray[np.intp]:
        """Return which of the graded suspects the annotators contradict too, the plainest first.

        Args:
            graded: The suspects that have a score.
            scores: Their scores.
        """
        gaps = np.abs(scores - self.levels[graded])
        order = np.argsort(-gaps, kind="stable")
        return order[gaps[order] >= CONTRADICTED]

    def decisions(self, folder: Path, listed: NDArray[np.intp]) -> dict[int, Verdict]:
        """Return what people decided, by place among the suspects that are listed.

        Args:
            folder: The folder of the annotation, with its reviews.
            listed: The suspects that are listed.
        """
        verdicts = Reviews(folder / REVIEW, self.suspects.pairs.take(listed)).verdicts()
        return {place: answer for place, answer in verdicts.items() if answer != "unsure"}

    def mended(
        self, decisions: Mapping[int, Verdict], listed: NDArray[np.intp], scores: Array
    ) -> tuple[list[dict[str, Any]], Repaired]:
        """Return the rows of the split with the labels that people changed; none where nobody has decided anything.

        Args:
            decisions: What people decided.
            listed: The suspects that are listed.
            scores: Their scores.
        """
        changes = {
            int(self.rows[listed[place]]): float(scores[place])
            for place, answer in decisions.items()
            if (answer == "yes") == (scores[place] > self.levels[listed[place]])
        }
        counts = Repaired(len(listed), len(decisions), len(changes))
        return list(self._mended_rows(changes)) if decisions else [], counts

    def _mended_rows(self, changes: Mapping[int, float]) -> Iterator[dict[str, Any]]:
        """Yield the pairs; of strata, a positive pair that is none is left out: no kind of negatives it would be of."""
        pairs = self.whole.pairs
        stratified = pairs.binary and pairs.grouped_by == "stratum"
        low, high = float(pairs.gold.min()), float(pairs.gold.max())
        for row in range(len(pairs)):
            label = float(pairs.gold[row])
            if row in changes:
                other = low if label == high else high
                label = other if pairs.binary else low + (high - low) * changes[row] / TOP_LEVEL
                if stratified and label == low:
                    continue
            stratum = {} if pairs.groups is None else {str(pairs.grouped_by): pairs.groups[row]}
            yield {
                "id": pairs.ids[row],
                "text1": pairs.text1[row],
                "text2": pairs.text2[row],
                "label": int(label) if label.is_integer() else label,
                **stratum,
                **{column: values[row] for column, values in self.whole.extra.items()},
            }


def load_repair(
    spec: Spec, source: SourceSettings, selection: Selection, *, max_chars: int | None, reporter: Reporter
) -> Repair:
    """Load a labelled split, and find the pairs whose label a model of gis contradicts.

    Labels and similarities are compared by their ranks. Of labels with two values, as many pairs of the highest
    similarity count as positive as are labelled so, and a pair is suspect where its label says otherwise; of graded
    ones, where its two ranks differ by half of the pairs. Those that differ most come first.

    Args:
        spec: A task, folder, file or Hub dataset with labels.
        source: Where to look.
        selection: The model, and at most how many pairs.
        max_chars: What annotators are shown of each text: head and tail of longer ones. None for the whole.
        reporter: Is told how many pairs are suspect.

    Raises:
        UsageError: No model was named, or the name is unknown.
        GisError: The pairs have no labels, or the model contradicts none of them.
    """
    if selection.by is None or selection.strategy != "random":
        raise UsageError(
            "to repair labels needs a model of gis that contradicts them, and no strategy", remedy="add --by MODEL"
        )
    whole = replace(load_labelled(spec, source), max_chars=max_chars)
    model = find_model(selection.by, selection.load)
    scores = similarities(model, whole).mean(axis=1)
    doubts = _doubts(scores, whole.pairs.gold, binary=whole.pairs.binary)
    order = np.argsort(-doubts, kind="stable")
    suspects = order[doubts[order] > 0]
    if not len(suspects):
        raise GisError(f"{model.card.name} contradicts none of the {len(whole):,} labels of {whole.source}")
    rows = np.sort(suspects[: selection.limit])
    note = f"{len(rows):,} of {len(whole):,} pairs: those whose labels {model.card.name} contradicts most"
    reporter.say(note)
    taken = whole.take(rows)
    extra = {**taken.extra, LABEL: [float(label) for label in taken.pairs.gold]}
    record = {"by": model.card.name, "identity": model.card.identity, "of": len(whole), "suspect": len(suspects)}
    return Repair(
        whole=whole, suspects=replace(taken, extra=extra, selection=record, selected=note, split=TEST), rows=rows
    )


def _doubts(scores: Array, labels: Array, *, binary: bool) -> Array:
    """Return how far the similarity of each pair contradicts its label, above 0 where it does."""
    ranks, count = rankdata(scores), len(labels)
    if not binary:
        return np.asarray(np.abs(ranks - rankdata(labels)) / count - CONTRADICTED / TOP_LEVEL, dtype=np.float64)
    positive = labels == labels.max()
    above = (ranks - (count - positive.sum()) - 0.5) / count
    return np.asarray(np.where(positive, -above, above), dtype=np.float64)


def _scaled(labels: Array) -> Array:
    low, high = float(labels.min()), float(labels.max())
    return (labels - low) / (high - low) * TOP_LEVEL
