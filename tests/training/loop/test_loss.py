"""The loss for a training set: labels as it takes them, the threshold in their unit, formats that fit."""

from typing import Any

import numpy as np
import pytest

from gis.errors import UsageError
from gis.models.losses import objective_of
from gis.training.data.training_set import TrainingSet
from gis.training.loop.loss import prepare_loss


def training_set(labels: list[float] | None, *, sides: int = 2, threshold: float = 4.0) -> TrainingSet:
    count = 4 if labels is None else len(labels)
    rows = np.arange(count * sides, dtype=np.intp).reshape(count, sides)
    values: dict[str, Any] = {
        "texts": tuple(map(str, range(count * sides))),
        "rows": rows,
        "labels": None if labels is None else np.array(labels),
        "groups": np.arange(count * sides),
        "positive_threshold": threshold,
        "source": "here",
        "revision": None,
        "splits": ("train",),
        "limit": None,
        "sha256": "",
        "licence": None,
        "languages": (),
    }
    return TrainingSet(**values)


def test_ranking_objectives_take_the_labels_as_they_are() -> None:
    prepared = prepare_loss(objective_of("gis"), training_set([0.0, 2.5, 5.0]))
    assert prepared.labels is not None
    assert prepared.labels.tolist() == [0.0, 2.5, 5.0]
    assert (prepared.loss.positive_threshold, prepared.classes) == (4.0, 0)


def test_regression_takes_labels_from_0_to_1_and_the_threshold_moves_along() -> None:
    prepared = prepare_loss(objective_of("sbert-cosine"), training_set([1.0, 3.0, 5.0]))
    assert prepared.labels is not None
    assert prepared.labels.tolist() == [0.0, 0.5, 1.0]
    assert prepared.loss.positive_threshold == pytest.approx(0.75)


def test_a_classifier_takes_classes() -> None:
    prepared = prepare_loss(objective_of("sbert-softmax"), training_set([1.0, 3.0, 5.0, 3.0]))
    assert prepared.labels is not None
    assert prepared.labels.tolist() == [0.0, 1.0, 2.0, 1.0]
    assert prepared.classes == 3
    with pytest.raises(UsageError, match="needs classes; the labels have 30 different values"):
        prepare_loss(objective_of("sbert-softmax"), training_set([float(n) for n in range(30)]))


@pytest.mark.parametrize(
    ("objective", "labels", "sides", "fits"),
    [
        ("cosent", [0.0, 1.0], 2, True),
        ("cosent", None, 2, False),
        ("cosent", None, 3, True),
        ("simcse-sup", [0.0, 1.0], 2, False),
        ("simcse-sup", None, 3, True),
        ("sbert-cosine", None, 3, False),
        ("gis", None, 2, True),
    ],
)
def test_an_objective_fits_the_formats_that_one_of_its_terms_can_use(
    objective: str, labels: list[float] | None, sides: int, fits: bool
) -> None:
    rows = training_set(labels, sides=sides)
    if fits:
        prepare_loss(objective_of(objective), rows)
    else:
        with pytest.raises(UsageError, match=f"the objective {objective} cannot train on"):
            prepare_loss(objective_of(objective), rows)
