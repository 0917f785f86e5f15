"""The losses against their definitions, written out in full, and at the edges where others fail."""

import math
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gis.models.losses import (
    AngleLoss,
    angle_objective,
    batch_softmax,
    contrastive_objective,
    cosine_objective,
    in_batch_negative_objective,
    pair_features,
    regression_objective,
    unit,
)
from gis.models.losses.objectives import _closeness, _in_full_precision

Objective = Callable[..., Tensor]
RANKING = [
    pytest.param(cosine_objective, id="cosine"),
    pytest.param(lambda *a, **k: angle_objective(*a, form="abs-sum", **k), id="abs-sum"),
    pytest.param(lambda *a, **k: angle_objective(*a, form="phase", **k), id="phase"),
]


def embeddings(count: int, width: int, *, seed: int = 0, alike: float = 0.5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, width, dtype=torch.float64, generator=generator)
    y = alike * x + torch.randn(count, width, dtype=torch.float64, generator=generator)
    return x.requires_grad_(), y.requires_grad_()


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def labels_of(kind: str, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if kind == "graded":
        return 5 * torch.rand(count, dtype=torch.float64, generator=generator)
    if kind == "tied":
        return torch.randint(0, 3, (count,), generator=generator).double()
    return torch.randint(0, 2, (count,), generator=generator).double()


def gradients(loss: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, inputs)


def assert_same(ours: Tensor, theirs: Tensor, *inputs: Tensor) -> None:
    assert_close(ours, theirs)
    for mine, expected in zip(gradients(ours, *inputs), gradients(theirs, *inputs), strict=True):
        assert_close(mine, expected)


def every_comparison(closeness: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """The definition: one term for each ordered pair of pairs."""
    total = torch.ones((), dtype=closeness.dtype)
    for i, j in product(range(len(labels)), repeat=2):
        if labels[i] > labels[j]:
            total = total + ((closeness[j] - closeness[i]) / temperature).exp()
    return total.log()


def closeness_of(x: Tensor, y: Tensor, form: str) -> Tensor:
    if form == "cosine":
        return functional.cosine_similarity(x, y)
    half = x.shape[1] // 2
    z, w = (torch.complex(v[:, :half], v[:, half:]) for v in (x, y))
    if form == "abs-sum":
        quotient = z * w.conj()
        total: Tensor = (quotient.real + quotient.imag).sum(1).abs() / (x.norm(dim=1) * y.norm(dim=1))
        return total
    product_ = z * w.conj()
    angle: Tensor = (product_.abs() * product_.angle().abs()).sum(1) / product_.abs().sum(1)
    return 1 - 2 * angle / math.pi


@pytest.mark.parametrize("kind", ["graded", "tied", "binary"])
@pytest.mark.parametrize("form", ["cosine", "abs-sum", "phase"])
@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_ranking_objectives_follow_their_definition(form: str, kind: str, temperature: float) -> None:
    x, y = embeddings(9, 8)
    labels = labels_of(kind, 9)
    if form == "cosine":
        ours = cosine_objective(x, y, labels, temperature=temperature)
    else:
        ours = angle_objective(x, y, labels, temperature=temperature, form=form)  # type: ignore[arg-type]
    assert_same(ours, every_comparison(closeness_of(x, y, form), labels, temperature), x, y)


def test_the_worked_example_of_the_document() -> None:
    """Its two pairs, by these functions and by hand, give the numbers that docs/losses.md prints."""
    document = (Path(__file__).resolve().parents[3] / "docs" / "losses.md").read_text(encoding="utf-8")
    printed = {
        name: float(value) for name, value in re.findall(r"^\| `([^`]+)` \|.*\| (\d\.\d{6}) \|$", document, re.M)
    }
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    labels = torch.tensor([0.0, 1.0])
    found = {
        "cosine_objective": cosine_objective(x, y, labels, temperature=0.5),
        "angle_objective, abs-sum": angle_objective(x, y, labels, temperature=0.5),
        "angle_objective, phase": angle_objective(x, y, labels, temperature=0.5, form="phase"),
        "in_batch_negative_objective": in_batch_negative_objective(x, y, labels, temperature=0.5),
        "contrastive_objective": contrastive_objective(x, y, temperature=0.5),
        "regression_objective": regression_objective(x, y, labels),
    }
    by_hand = {
        "cosine_objective": math.log(1 + math.exp((1 - 0) / 0.5)),
        "angle_objective, abs-sum": math.log(1 + math.exp((1 - 1) / 0.5)),
        "angle_objective, phase": math.log(1 + math.exp((1 - 0) / 0.5)),
        "in_batch_negative_objective": (math.log(2 * math.exp(2) + 1) + math.log(3)) / 4,
        "contrastive_objective": (math.log(math.exp(2) + 1) - 2 + math.log(math.exp(2) + 1)) / 2,
        "regression_objective": ((1 - 0) ** 2 + (0 - 1) ** 2) / 2,
    }
    assert {name: value.item() for name, value in found.items()} == pytest.approx(by_hand, abs=1e-12)
    assert printed == {name: round(value, 6) for name, value in by_hand.items()}


def naive_in_batch(x: Tensor, y: Tensor, positive: Tensor, temperature: float, ids: Tensor | None = None) -> Tensor:
    """The definition: the whole matrix, a row a text."""
    count = len(x)
    z = functional.normalize(torch.cat([x, y]), dim=1)
    scores = z @ z.T / temperature
    partner = torch.arange(2 * count).roll(count)
    out = torch.eye(2 * count, dtype=torch.bool)
    if ids is not None:
        flat = ids.T.reshape(-1)
        out |= flat[:, None] == flat
    out[torch.arange(2 * count), partner] = False
    rows = -scores.masked_fill(out, -torch.inf).log_softmax(1)[torch.arange(2 * count), partner]
    return (rows * positive.repeat(2)).sum() / (2 * count)


@pytest.mark.parametrize("block", [3, 4, 7, 1024])
@pytest.mark.parametrize("share", ["none", "some", "all"])
@pytest.mark.parametrize("with_ids", [False, True])
def test_in_batch_follows_its_definition(
    monkeypatch: pytest.MonkeyPatch, block: int, share: str, with_ids: bool
) -> None:
    monkeypatch.setitem(batch_softmax.BLOCK, "cpu", block)
    x, y = embeddings(10, 6)
    labels = {"none": torch.zeros(10), "some": labels_of("binary", 10), "all": torch.ones(10)}[share].double()
    ids = torch.randint(0, 9, (10, 2), generator=torch.Generator().manual_seed(3)) if with_ids else None
    ours = in_batch_negative_objective(x, y, labels, text_ids=ids)
    assert_same(ours, naive_in_batch(x, y, labels == 1, 0.05, ids), x, y)


@pytest.mark.parametrize("temperature", [0.003, 0.01, 0.0249, 0.025, 0.2, 1.0])
def test_in_batch_at_every_temperature(temperature: float) -> None:
    x, y = embeddings(12, 5, alike=-1.0)
    labels = labels_of("binary", 12)
    expected = naive_in_batch(x, y, labels == 1, temperature)
    assert_same(in_batch_negative_objective(x, y, labels, temperature=temperature), expected, x, y)
    single = in_batch_negative_objective(x.float(), y.float(), labels, temperature=temperature)
    torch.testing.assert_close(single.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("block", [2, 5, 1024])
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("with_ids", [False, True])
def test_contrastive_follows_its_definition(
    monkeypatch: pytest.MonkeyPatch, block: int, hard: bool, with_ids: bool
) -> None:
    monkeypatch.setitem(batch_softmax.BLOCK, "cpu", block)
    x, y = embeddings(7, 6)
    negatives = embeddings(7, 6, seed=5)[0] if hard else None
    others = torch.cat([y, negatives]) if negatives is not None else y
    ids = torch.randint(0, 9, (7, 3 if hard else 2), generator=torch.Generator().manual_seed(3)) if with_ids else None
    scores = functional.normalize(x, dim=1) @ functional.normalize(others, dim=1).T / 0.05
    if ids is not None:
        same = ids[:, :1] == ids[:, 1:].T.reshape(-1)
        same[torch.arange(7), torch.arange(7)] = False
        scores = scores.masked_fill(same, -torch.inf)
    inputs = (x, y) if negatives is None else (x, y, negatives)
    expected = functional.cross_entropy(scores, torch.arange(7))
    assert_same(contrastive_objective(x, y, negatives, text_ids=ids), expected, *inputs)


def test_gradients_agree_with_differences() -> None:
    x, y = embeddings(5, 6)
    labels = labels_of("tied", 5)
    ids = torch.tensor([[0, 1], [2, 3], [0, 4], [5, 6], [7, 1]])
    for objective in (
        lambda a, b: cosine_objective(a, b, labels, temperature=0.5),
        lambda a, b: angle_objective(a, b, labels, temperature=0.5),
        lambda a, b: angle_objective(a, b, labels, temperature=0.5, form="phase"),
        lambda a, b: in_batch_negative_objective(a, b, labels, temperature=0.5, text_ids=ids, positive_threshold=1),
        lambda a, b: contrastive_objective(a, b, temperature=0.5, text_ids=ids),
        lambda a, b: contrastive_objective(a, b, a.roll(1, 0), temperature=0.5),
        lambda a, b: regression_objective(a, b, labels / 2),
    ):
        assert torch.autograd.gradcheck(objective, (x, y))


@pytest.mark.parametrize("objective", [*RANKING, pytest.param(in_batch_negative_objective, id="in-batch")])
def test_similar_pairs_move_together_and_others_apart(objective: Objective) -> None:
    """The sign: a step down the gradient raises the cosines of the positive pairs against those of the others."""
    x, y = embeddings(16, 32, alike=0.3)
    labels = (torch.arange(16) % 2).double()

    def gap(a: Tensor, b: Tensor) -> float:
        cosine = functional.cosine_similarity(a.detach(), b.detach())
        return float(cosine[labels == 1].mean() - cosine[labels == 0].mean())

    dx, dy = gradients(objective(x, y, labels, temperature=0.2), x, y)
    assert gap(x - 0.1 * dx / dx.norm(), y - 0.1 * dy / dy.norm()) > gap(x, y)


def test_the_two_forms_of_the_angle() -> None:
    x = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    turned = torch.tensor([[math.sqrt(0.5), -math.sqrt(0.5)]], dtype=torch.float64)  # by -45 degrees

    def closeness(a: Tensor, b: Tensor, form: str) -> float:
        """Read off a batch whose other pair is at a right angle and has the lower label."""
        first = torch.cat([a, torch.tensor([[1.0, 0.0]], dtype=torch.float64)])
        second = torch.cat([b, torch.tensor([[0.0, 1.0]], dtype=torch.float64)])
        loss = angle_objective(first, second, torch.tensor([1.0, 0.0]), temperature=1.0, form=form)  # type: ignore[arg-type]
        other = 1.0 if form == "abs-sum" else 0.0
        return other - math.log(math.expm1(loss.item()))

    assert closeness(x, x, "abs-sum") == pytest.approx(1)
    assert closeness(x, -x, "abs-sum") == pytest.approx(1)  # opposite vectors score as identical ones
    assert {round(closeness(x, turned, "abs-sum"), 6), round(closeness(turned, x, "abs-sum"), 6)} == {0.0, 1.414214}
    assert closeness(x, x, "phase") == pytest.approx(1)
    assert closeness(x, -x, "phase") == pytest.approx(-1)
    assert closeness(x, turned, "phase") == pytest.approx(closeness(turned, x, "phase")) == pytest.approx(0.5)


@pytest.mark.parametrize("objective", [*RANKING, pytest.param(in_batch_negative_objective, id="in-batch")])
def test_the_order_of_the_batch_does_not_matter(objective: Objective) -> None:
    x, y = embeddings(11, 8)
    labels = labels_of("binary", 11)
    order = torch.randperm(11, generator=torch.Generator().manual_seed(2))
    assert_close(objective(x[order], y[order], labels[order]), objective(x, y, labels))


@pytest.mark.parametrize("objective", RANKING)
@pytest.mark.parametrize(("count", "label"), [(1, 1.0), (6, 1.0), (6, 0.0)])
def test_nothing_to_compare_costs_nothing(objective: Objective, count: int, label: float) -> None:
    x, y = embeddings(count, 8)
    loss = objective(x, y, torch.full((count,), label, dtype=torch.float64))
    assert loss.item() == 0
    assert all(not gradient.any() for gradient in gradients(loss, x, y))


ALL = [
    *RANKING,
    pytest.param(in_batch_negative_objective, id="in-batch"),
    pytest.param(lambda x, y, _labels, **k: contrastive_objective(x, y, **k), id="contrastive"),
]


@pytest.mark.parametrize("objective", ALL)
def test_zero_vectors_are_finite_and_stay(objective: Objective) -> None:
    x, y = (side.detach().float() for side in embeddings(6, 8))
    x[2] = 0
    y[2] = 0
    y[4] = 0
    x.requires_grad_()
    y.requires_grad_()
    loss = objective(x, y, torch.tensor([1.0, 0, 1, 0, 1, 0]))
    dx, dy = gradients(loss, x, y)
    assert torch.isfinite(loss)
    assert torch.isfinite(dx).all()
    assert torch.isfinite(dy).all()
    assert not dx[2].any()
    assert not dy[4].any()


@pytest.mark.parametrize("objective", ALL)
@pytest.mark.parametrize("factor", [1.0, -1.0])
def test_identical_and_opposite_vectors_are_finite(objective: Objective, factor: float) -> None:
    x = embeddings(6, 8)[0].detach().float()
    y = (factor * x).requires_grad_()
    x = x.clone().requires_grad_()
    loss = objective(x, y, torch.tensor([1.0, 0, 1, 0, 1, 0]))
    assert torch.isfinite(loss)
    assert all(torch.isfinite(gradient).all() for gradient in gradients(loss, x, y))


@pytest.mark.parametrize("form", ["abs-sum", "phase"])
def test_an_odd_width_is_filled_with_a_zero(form: str) -> None:
    x, y = embeddings(8, 7)
    labels = labels_of("graded", 8)
    wide = [functional.pad(side, (0, 1)) for side in (x, y)]
    found = angle_objective(x, y, labels, form=form)  # type: ignore[arg-type]
    filled = angle_objective(wide[0], wide[1], labels, form=form)  # type: ignore[arg-type]
    assert_same(found, filled, x, y)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("objective", ALL)
def test_half_precision_of_an_llm(objective: Objective, dtype: torch.dtype) -> None:
    """4096 dimensions of standard deviation 10, where sums of squares outgrow half precision."""
    x, y = (10 * side.detach() for side in embeddings(16, 4096))
    labels = labels_of("binary", 16)
    low = [side.to(dtype).requires_grad_() for side in (x, y)]
    exact = [side.detach().double() for side in low]
    loss = objective(*low, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), objective(*exact, labels), rtol=1e-3, atol=1e-3)
    assert all(torch.isfinite(gradient).all() for gradient in gradients(loss, *low))


WHOLE = pytest.param(lambda x, y, labels: AngleLoss()(x, y, labels).total, id="whole")


@pytest.mark.parametrize("objective", [*ALL, WHOLE])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(objective: Objective, dtype: torch.dtype) -> None:
    """Not even where the backward pass runs within it."""
    x, y = (side.detach().float().requires_grad_() for side in embeddings(16, 64))
    labels = labels_of("binary", 16)
    expected = objective(x, y, labels)
    with torch.autocast("cpu", dtype=dtype):
        found = objective(x, y, labels)
        assert torch.equal(found, expected)
        inside = gradients(found, x, y)
    assert all(map(torch.equal, inside, gradients(expected, x, y)))


@pytest.mark.parametrize("objective", [*ALL, WHOLE])
@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_broken_embedding_is_not_hidden(objective: Objective, broken: float) -> None:
    """The loss becomes NaN, which stops a training, and not a number that looks well."""
    x, y = (side.detach().float() for side in embeddings(6, 8))
    x[3, 1] = broken
    assert objective(x, y, torch.tensor([1.0, 0, 1, 1, 0, 0])).isnan()


@pytest.mark.parametrize("objective", ALL)
@pytest.mark.parametrize("length", [1e-18, 1e-9, 1e9, 1e18])
def test_the_length_of_a_vector_does_not_matter(objective: Objective, length: float) -> None:
    """The gradient falls as the length rises, so their product stays."""
    x, y = (unit(side.detach()).float() for side in embeddings(8, 16))
    labels = labels_of("binary", 8)
    scaled = (length * x).requires_grad_()
    x.requires_grad_()
    found, expected = objective(scaled, y, labels), objective(x, y, labels)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    (far,), (near,) = gradients(found, scaled), gradients(expected, x)
    torch.testing.assert_close(length * far, near, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "objective",
    [*(case for case in RANKING if case.id != "abs-sum"), pytest.param(in_batch_negative_objective, id="ibn")],
)
def test_the_sides_may_be_swapped(objective: Objective) -> None:
    x, y = embeddings(9, 8)
    labels = labels_of("binary", 9)
    assert_same(objective(x, y, labels), objective(y, x, labels), x, y)


def test_the_sides_of_abs_sum_may_not_be_swapped() -> None:
    x, y = embeddings(9, 8)
    labels = labels_of("binary", 9)
    assert (angle_objective(x, y, labels) - angle_objective(y, x, labels)).abs() > 0.1


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float16])
def test_labels_of_any_type(dtype: torch.dtype) -> None:
    x, y = embeddings(8, 6)
    labels = labels_of("binary", 8)
    loss = AngleLoss(regression=1.0)
    assert_same(loss(x, y, labels.to(dtype)).total, loss(x, y, labels).total, x, y)


@pytest.mark.parametrize("objective", [*RANKING, pytest.param(in_batch_negative_objective, id="in-batch")])
@pytest.mark.parametrize("label", [math.nan, math.inf])
def test_a_label_that_is_no_number_is_named(objective: Objective, label: float) -> None:
    x, y = embeddings(4, 8)
    with pytest.raises(ValueError, match="row 2"):
        objective(x, y, torch.tensor([0.0, 1.0, label, math.nan]))


def test_wrong_requests_are_refused() -> None:
    x, y = embeddings(4, 8)
    labels = torch.tensor([0.0, 0.5, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"row 1 is 0\.5.*positive_threshold"):
        in_batch_negative_objective(x, y, labels)
    with pytest.raises(ValueError, match=r"row 3.*\[-1, 1\]"):
        regression_objective(x, y, torch.tensor([0.0, 0.5, 1.0, 5.0]))
    with pytest.raises(ValueError, match=r"at least 0\.003"):
        in_batch_negative_objective(x, y, labels.round(), temperature=0.001)
    with pytest.raises(ValueError, match="above 0"):
        cosine_objective(x, y, labels, temperature=0)
    with pytest.raises(ValueError, match=r"\(batch, dim\) alike"):
        cosine_objective(x, y[:3], labels)
    with pytest.raises(ValueError, match=r"labels must have shape \(4,\)"):
        cosine_objective(x, y, labels[:3])
    with pytest.raises(ValueError, match=r"text_ids must have shape \(4, 2\)"):
        in_batch_negative_objective(x, y, labels.round(), text_ids=torch.zeros(4))
    with pytest.raises(ValueError, match="abs-sum or phase"):
        angle_objective(x, y, labels, form="sum")  # type: ignore[arg-type]


def test_a_duplicate_is_no_negative_and_a_partner_stays_the_positive() -> None:
    """Two equal positive pairs: without ids each is the other's hardest negative, with ids the loss is all but 0."""
    x = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    ids = torch.tensor([[0, 0], [0, 0], [1, 1]])
    labels = torch.ones(3)
    assert in_batch_negative_objective(x, x, labels).item() > 0.6
    assert in_batch_negative_objective(x, x, labels, text_ids=ids).item() < 1e-5


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


def test_autocast_is_kept_away_on_the_device_of_the_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    def autocast(device: str, *, enabled: bool) -> AbstractContextManager[None]:
        devices.append(device)
        assert not enabled
        return nullcontext()

    monkeypatch.setattr(torch, "autocast", autocast)
    identity = _in_full_precision(lambda *tensors: tensors)
    identity(torch.empty(1, device="meta"))
    identity()
    assert devices == ["meta", "cpu"]


def test_only_the_terms_with_a_weight_are_computed() -> None:
    x, y = embeddings(4, 8)
    labels = torch.tensor([0.0, 1, 0, 1])
    assert set(AngleLoss(cosine=0, in_batch=0, angle=0, regression=1.0)(x, y, labels).terms) == {"regression"}
    assert set(AngleLoss(in_batch=0, angle=0)(x, y, labels).terms) == {"cosine"}


def test_a_label_at_the_threshold_is_positive() -> None:
    x, y = embeddings(4, 8)
    graded, binary = torch.tensor([4.0, 3.9, 5.0, 0.0]), torch.tensor([1.0, 0, 1, 0])
    assert_close(
        in_batch_negative_objective(x, y, graded, positive_threshold=4.0), in_batch_negative_objective(x, y, binary)
    )


def test_the_closeness_of_a_vector_to_itself_is_one_and_to_its_opposite_minus_one() -> None:
    x = unit(embeddings(4, 8)[0])
    assert_close(_closeness(x, x, "phase"), torch.ones(4, dtype=x.dtype))
    assert_close(_closeness(x, -x, "phase"), -torch.ones(4, dtype=x.dtype))


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


def test_memory_does_not_grow_with_the_square_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block is larger than the blocks are, however large the batch."""
    monkeypatch.setitem(batch_softmax.BLOCK, "cpu", 16)
    largest = 0
    original = torch.addmm

    def watched(bias: Tensor, first: Tensor, second: Tensor) -> Tensor:
        nonlocal largest
        found = original(bias, first, second)
        largest = max(largest, found.numel())
        return found

    monkeypatch.setattr(torch, "addmm", watched)
    x, y = embeddings(200, 4)
    gradients(in_batch_negative_objective(x, y, torch.ones(200)), x, y)
    assert largest == 16 * 16


def test_no_pairs_cost_nothing_by_regression() -> None:
    x = torch.zeros(0, 4, requires_grad=True)
    loss = regression_objective(x, torch.zeros(0, 4), torch.zeros(0))
    assert loss.item() == 0
    assert torch.autograd.grad(loss, x)[0].shape == (0, 4)


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


def test_a_classifier_sees_both_sides_and_how_far_they_are_apart() -> None:
    x, y = torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, 1.0]])
    assert pair_features(x, y).tolist() == [[1, -2, 3, 1, 2, 3]]


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


@pytest.mark.parametrize(
    ("real", "imaginary", "closeness"),
    [((1.0, 0.0), (0.0, 0.0), 1.0), ((0.0, 0.0), (0.0, 0.0), 0.0), ((0.5, 0.5), (0.0, 0.0), 1.0)],
)
def test_dimensions_without_a_phase_weigh_nothing(
    real: tuple[float, float], imaginary: tuple[float, float], closeness: float
) -> None:
    x = torch.tensor([[*real, *imaginary]])
    assert _closeness(x, x, "phase").tolist() == pytest.approx([closeness])
    assert _closeness(x, torch.zeros(1, 4), "phase").tolist() == [0]


def test_the_phase_by_hand() -> None:
    """Two dimensions: phases apart by 90 degrees, magnitude 2, and by 0, magnitude 1: the mean is 60 degrees."""
    x, y = torch.tensor([[2.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    assert _closeness(x, y, "phase").item() == pytest.approx(1 - 2 * 60 / 180)
    assert _closeness(x, y, "abs-sum").item() == pytest.approx(abs(2 * (0 - 1) + 1 * (1 - 0)))


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


def test_one_pair_alone_has_nothing_to_be_told_from() -> None:
    x, y = embeddings(1, 8)
    assert contrastive_objective(x, y).item() == pytest.approx(0, abs=1e-12)
    assert in_batch_negative_objective(x, y, torch.ones(1)).item() == pytest.approx(0, abs=1e-12)
