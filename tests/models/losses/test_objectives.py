"""The losses against their definitions, written out in full, and at the edges where others fail."""

import math
import re
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
    regression_objective,
    unit,
)
from gis.models.losses.objectives import _in_full_precision
from tests.models.losses.helpers import RANKING, Objective, assert_close, assert_same, embeddings, gradients, labels_of


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


def test_a_label_at_the_threshold_is_positive() -> None:
    x, y = embeddings(4, 8)
    graded, binary = torch.tensor([4.0, 3.9, 5.0, 0.0]), torch.tensor([1.0, 0, 1, 0])
    assert_close(
        in_batch_negative_objective(x, y, graded, positive_threshold=4.0), in_batch_negative_objective(x, y, binary)
    )


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


def test_one_pair_alone_has_nothing_to_be_told_from() -> None:
    x, y = embeddings(1, 8)
    assert contrastive_objective(x, y).item() == pytest.approx(0, abs=1e-12)
    assert in_batch_negative_objective(x, y, torch.ones(1)).item() == pytest.approx(0, abs=1e-12)
