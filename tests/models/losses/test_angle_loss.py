"""The weighted sum of the objectives: which terms, which rows, which weights."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gis.models.losses import (
    AngleLoss,
    angle_objective,
    contrastive_objective,
    cosine_objective,
    in_batch_negative_objective,
    regression_objective,
    unit,
)
from tests.models.losses.helpers import assert_close, assert_same, embeddings, gradients, labels_of


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float16])
def test_labels_of_any_type(dtype: torch.dtype) -> None:
    x, y = embeddings(8, 6)
    labels = labels_of("binary", 8)
    loss = AngleLoss(regression=1.0)
    assert_same(loss(x, y, labels.to(dtype)).total, loss(x, y, labels).total, x, y)


def test_the_whole_is_the_weighted_sum() -> None:
    x, y = embeddings(8, 10)
    labels = labels_of("graded", 8)
    loss = AngleLoss(
        cosine=2.0, in_batch=0.5, angle=3.0, angle_temperature=0.7, angle_form="phase", positive_threshold=4.0
    )
    found = loss(x, y, labels)
    terms = {
        "cosine": cosine_objective(x, y, labels),
        "in_batch": in_batch_negative_objective(x, y, labels, positive_threshold=4.0),
        "angle": angle_objective(x, y, labels, temperature=0.7, form="phase"),
    }
    assert_same(found.total, 2 * terms["cosine"] + 0.5 * terms["in_batch"] + 3 * terms["angle"], x, y)
    assert {name: value.item() for name, value in found.terms.items()} == pytest.approx(
        {name: value.item() for name, value in terms.items()}
    )
    assert found.comparable
    assert not loss(x, y, torch.ones(8)).comparable


def test_only_the_terms_with_a_weight_are_computed() -> None:
    x, y = embeddings(4, 8)
    labels = torch.tensor([0.0, 1, 0, 1])
    assert set(AngleLoss(cosine=0, in_batch=0, angle=0, regression=1.0)(x, y, labels).terms) == {"regression"}
    assert set(AngleLoss(in_batch=0, angle=0)(x, y, labels).terms) == {"cosine"}


def test_positives_and_triplets() -> None:
    x, y = embeddings(8, 10)
    negatives = embeddings(8, 10, seed=4)[0]
    loss = AngleLoss(cosine=0.5, in_batch=2.0, hard_negative=4.0, angle=0.25)
    assert_same(loss(x, y).total, 2 * contrastive_objective(x, y), x, y)
    both = torch.cat([torch.ones(8), torch.zeros(8)])
    twice, others = torch.cat([x, x]), torch.cat([y, negatives])
    expected = (
        contrastive_objective(x, y)
        + 2 * contrastive_objective(x, y, negatives)
        + 0.25 * angle_objective(twice, others, both)
        + 0.5 * cosine_objective(twice, others, both)
    )
    assert_same(loss(x, y, negatives=negatives).total, expected, x, y, negatives)


def test_duplicates_among_triplets() -> None:
    """InfoNCE without hard negatives looks at the ids of the first two sides, that with them at all three."""
    x, y = embeddings(8, 10)
    negatives = embeddings(8, 10, seed=4)[0]
    ids = torch.randint(0, 12, (8, 3), generator=torch.Generator().manual_seed(1))
    found = AngleLoss(cosine=0, angle=0)(x, y, negatives=negatives, text_ids=ids)
    without = contrastive_objective(x, y, text_ids=ids[:, :2])
    within = contrastive_objective(x, y, negatives, text_ids=ids)
    assert without != contrastive_objective(x, y)
    assert_same(found.total, (without + within) / 2, x, y, negatives)


def test_what_cannot_be_trained_is_refused() -> None:
    x, y = embeddings(4, 8)
    with pytest.raises(ValueError, match="not both"):
        AngleLoss()(x, y, torch.ones(4), x)
    with pytest.raises(ValueError, match="weight is 0"):
        AngleLoss(in_batch=0)(x, y)
    with pytest.raises(ValueError, match="nothing to train"):
        AngleLoss(cosine=0, in_batch=0, angle=0)(x, y, torch.ones(4))
    for negatives in (x[:, :6], x[0]):
        with pytest.raises(ValueError, match=r"negatives must be \(n, 8\), not"):
            AngleLoss()(x, y, negatives=negatives, negative_rows=torch.arange(len(negatives)))
    with pytest.raises(ValueError, match="logits"):
        AngleLoss(softmax=1.0)(x, y, torch.tensor([0.0, 1, 0, 1]))
    with pytest.raises(ValueError, match=r"row 1 is 0\.5; softmax expects whole numbers"):
        AngleLoss(in_batch=0, softmax=1.0)(x, y, torch.tensor([0.0, 0.5, 0, 1]), logits=x[:, :2])
    with pytest.raises(ValueError, match="angle_temperature must be above 0, not -1"):
        AngleLoss(angle_temperature=-1)
    with pytest.raises(ValueError, match="cosine_temperature must be above 0, not nan"):
        AngleLoss(cosine_temperature=math.nan)


@pytest.mark.parametrize("kind", ["pairs", "positives", "triplets"])
@pytest.mark.parametrize("with_ids", [False, True])
@pytest.mark.parametrize("mine", [5, 6, 9])
def test_the_gathered_batch_is_the_one_that_counts(kind: str, with_ids: bool, mine: int) -> None:
    """Two processes of unequal parts: the first has the value of the whole batch, and its own part of the gradient."""
    x, y = embeddings(10, 8)
    negatives = embeddings(10, 8, seed=4)[0]
    labels = labels_of("binary", 10) if kind == "pairs" else None
    sides = 3 if kind == "triplets" else 2
    ids = torch.randint(0, 14, (10, sides), generator=torch.Generator().manual_seed(7)) if with_ids else None

    def cost(rows: slice, gather: Callable[[Tensor], Tensor]) -> Tensor:
        hard = negatives[rows] if kind == "triplets" else None
        marks, names = (None if part is None else part[rows] for part in (labels, ids))
        loss = AngleLoss(cosine=0.7, in_batch=2.0, regression=0.3, hard_negative=0.5, angle_form="phase", gather=gather)
        return loss(x[rows], y[rows], marks, hard, text_ids=names).total

    sent: list[Tensor] = []

    def send(part: Tensor) -> Tensor:
        sent.append(part.detach())
        return part

    cost(slice(mine, 10), send)
    received = iter(sent)
    whole = cost(slice(0, 10), lambda part: part)
    found = cost(slice(0, mine), lambda part: torch.cat([part, next(received)]))
    assert_close(found, whole)
    inputs = (x, y, negatives) if kind == "triplets" else (x, y)
    for part, expected in zip(gradients(found, *inputs), gradients(whole, *inputs), strict=True):
        assert_close(part[:mine], expected[:mine])
        assert not part[mine:].any()


def test_several_hard_negatives_of_a_row_and_none_of_another() -> None:
    """Two of row 0, none of row 1, one of row 2: each is a candidate for all, and a pair of label 0 with its anchor."""
    x, y = embeddings(3, 8)
    negatives, rows = embeddings(3, 8, seed=4)[0], torch.tensor([0, 0, 2])
    ids, hard_ids = (
        torch.arange(6).reshape(3, 2),
        torch.tensor([6, 1, 7]),
    )  # the second hard negative is a's own positive
    loss = AngleLoss(cosine=0.5, in_batch=2.0, hard_negative=4.0, angle=0.25)
    found = loss(x, y, negatives=negatives, negative_rows=rows, text_ids=ids, negative_ids=hard_ids).total
    cosines = (unit(x) @ unit(torch.cat([y, negatives])).T) / 0.05
    own = cosines[range(3), range(3)]
    allowed = torch.ones(3, 6, dtype=torch.bool)
    allowed[0, 4] = allowed[0, 4] & (hard_ids[1] != ids[0, 0])
    within = (cosines.masked_fill(~allowed, -torch.inf).logsumexp(1) - own).mean()
    without = (cosines[:, :3].logsumexp(1) - own).mean()
    labels = torch.cat([torch.ones(3), torch.zeros(3)])
    first, second = torch.cat([x, x[rows]]), torch.cat([y, negatives])
    expected = (
        without
        + 2 * within
        + 0.5 * cosine_objective(first, second, labels)
        + 0.25 * angle_objective(first, second, labels)
    )
    assert_same(found, expected, x, y, negatives)


def test_one_hard_negative_a_row_is_the_special_case() -> None:
    x, y = embeddings(6, 8)
    negatives = embeddings(6, 8, seed=4)[0]
    ids = torch.randint(0, 9, (6, 3), generator=torch.Generator().manual_seed(1))
    given = AngleLoss()(
        x, y, negatives=negatives, negative_rows=torch.arange(6), text_ids=ids[:, :2], negative_ids=ids[:, 2]
    )
    assert_same(given.total, AngleLoss()(x, y, negatives=negatives, text_ids=ids).total, x, y, negatives)


def test_a_batch_without_any_hard_negative_is_one_of_positives() -> None:
    x, y = embeddings(4, 8)
    none = x[:0]
    rows = torch.zeros(0, dtype=torch.long)
    found = AngleLoss(cosine=0, angle=0)(x, y, negatives=none, negative_rows=rows).total
    assert_same(found, contrastive_objective(x, y), x, y)
    with pytest.raises(ValueError, match=r"negative_rows must have shape \(0,\), not \(2,\)"):
        AngleLoss()(x, y, negatives=none, negative_rows=torch.zeros(2))


@pytest.mark.parametrize("row", [0, 1, 2])
def test_the_first_label_out_of_range_is_named(row: int) -> None:
    x, y = embeddings(4, 8)
    labels = torch.tensor([-1.0, 0.5, 1.0, 0.0])
    assert torch.isfinite(regression_objective(x, y, labels))
    labels[row], labels[3] = -1.01, 1.01
    with pytest.raises(ValueError, match=f"row {row} is -1.01"):
        regression_objective(x, y, labels)
    graded = torch.tensor([0.0, 1.0, 0.0, 0.25])
    graded[row] = 0.5
    with pytest.raises(ValueError, match=rf"row {row} is 0\.5, neither 0 nor 1"):
        in_batch_negative_objective(x, y, graded)
    with pytest.raises(ValueError, match=rf"row {row} is 0\.5; softmax"):
        AngleLoss(in_batch=0, softmax=1.0)(x, y, graded, logits=x[:, :2])


@pytest.mark.parametrize("count", [0, 1])
def test_a_batch_of_no_or_one_pair_compares_nothing(count: int) -> None:
    x, y = embeddings(count, 4)
    found = AngleLoss()(x, y, torch.ones(count))
    assert not found.comparable
    assert torch.isfinite(found.total)
    assert torch.isfinite(contrastive_objective(x, y))


def test_shapes_that_do_not_fit_are_refused() -> None:
    x, y = embeddings(4, 8)
    for other in (y[:, :6], y[0], y[None]):
        with pytest.raises(ValueError, match=r"\(batch, dim\) alike"):
            contrastive_objective(x, other)
    with pytest.raises(ValueError, match=r"\(batch, dim\) alike"):
        contrastive_objective(x[0], y[0])
    with pytest.raises(ValueError, match=r"\(batch, dim\) alike"):
        contrastive_objective(x, y, x[:3])
    for ids in (torch.zeros(4, 2), torch.zeros(3, 3)):
        with pytest.raises(ValueError, match=r"text_ids must have shape \(4, 3\)"):
            contrastive_objective(x, y, x, text_ids=ids)
    with pytest.raises(ValueError, match=r"negative_ids must have shape \(3,\), not \(2,\)"):
        AngleLoss()(x, y, negatives=x[:3], negative_rows=torch.zeros(3, dtype=torch.long), negative_ids=torch.zeros(2))


def batch(rows: int, *, negatives: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(5)
    x, y, hard = (torch.randn(count, 8, generator=generator, requires_grad=True) for count in (rows, rows, negatives))
    return {"x": x, "y": y, **({"negatives": hard} if negatives else {})}


FORMATS = {
    "pairs": lambda: {**batch(6), "labels": torch.tensor([0.0, 1, 0, 1, 1, 0])},
    "positives": lambda: batch(6),
    "triplets": lambda: batch(6, negatives=6),
}


@pytest.mark.parametrize("data", FORMATS)
def test_weights_of_one_change_no_bit(data: str) -> None:
    loss = AngleLoss(regression=1.0)
    results = []
    for weights in (None, torch.ones(6)):
        given = FORMATS[data]()
        terms = loss(**given, weights=weights)
        terms.total.backward()  # type: ignore[no-untyped-call]
        results.append((terms.total, given["x"].grad, given["y"].grad))
    for without, ones in zip(*results, strict=True):
        assert without is not None
        assert torch.equal(without, ones)


@pytest.mark.parametrize("data", FORMATS)
def test_a_row_of_weight_two_pulls_as_two_do_in_the_means(data: str) -> None:
    loss = AngleLoss(cosine=0, angle=0, regression=1.0 if data == "pairs" else 0.0)
    given = FORMATS[data]()
    plain, double = (loss(**given, weights=torch.full((6,), weight)).total for weight in (1.0, 2.0))
    torch.testing.assert_close(double, 2 * plain)


def test_a_row_of_little_weight_hardly_moves() -> None:
    given = FORMATS["pairs"]()
    weights = torch.ones(6)
    weights[2] = 1e-6
    AngleLoss(in_batch=0)(**given, weights=weights).total.backward()  # type: ignore[no-untyped-call]
    moved = given["x"].grad
    assert moved is not None
    assert moved[2].norm() < 1e-4 * moved.norm()


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_not_above_0_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="the weight of row 1 is"):
        AngleLoss()(**FORMATS["pairs"](), weights=torch.tensor([1, weight, 1, 1, 1, 1]))


def test_a_softmax_over_classes_is_weighted() -> None:
    given, logits = FORMATS["pairs"](), torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    weights = torch.tensor([1.0, 3, 1, 1, 1, 2])
    value = AngleLoss(cosine=0, in_batch=0, angle=0, softmax=1)(**given, logits=logits, weights=weights).total
    each = functional.cross_entropy(logits, given["labels"].long(), reduction="none")
    torch.testing.assert_close(value, (each * weights).sum() / 6)
