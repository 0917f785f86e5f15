"""The softmax over a batch, made of blocks, against the whole matrix."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gis.models.losses import batch_softmax, unit
from gis.models.losses.batch_softmax import Candidates, log_partition


def units_of(count: int, width: int = 5) -> Tensor:
    vectors = torch.randn(count, width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return unit(vectors).requires_grad_()


def whole_matrix(units: Tensor, candidates: Candidates, temperature: float) -> Tensor:
    count = len(units)
    scores = units @ units.T / temperature
    out = torch.zeros(count, count, dtype=torch.bool)
    if candidates.ids is not None:
        out |= candidates.ids[:, None] == candidates.ids
        rows = (candidates.partner >= 0).nonzero()[:, 0]
        out[rows, candidates.partner[rows]] = False
    if candidates.queries is None:
        out.fill_diagonal_(fill_value=True)
    else:
        out[:, : candidates.queries] = True
    heavy = candidates.weights > 0
    return (candidates.weights[heavy] * scores.masked_fill(out, -torch.inf)[heavy].logsumexp(1)).sum()


@pytest.mark.parametrize("block", [1, 3, 4, 7, 11, 100])
@pytest.mark.parametrize("heavy", [0, 1, 4, 5, 22])
@pytest.mark.parametrize("with_ids", [False, True])
def test_any_weights_and_any_block(monkeypatch: pytest.MonkeyPatch, block: int, heavy: int, with_ids: bool) -> None:
    """Texts with and without weight lie in any order, and the last of weight ends within a block."""
    monkeypatch.setitem(batch_softmax.BLOCK, "cpu", block)
    generator = torch.Generator().manual_seed(heavy)
    weights = torch.zeros(22, dtype=torch.float64)
    weights[torch.randperm(22, generator=generator)[:heavy]] = 0.1 + torch.rand(
        heavy, dtype=torch.float64, generator=generator
    )
    ids = torch.randint(0, 15, (22,), generator=generator) if with_ids else None
    candidates = Candidates(weights, torch.arange(22).roll(11), ids=ids)
    units = units_of(22)
    ours, expected = (compute(units, candidates, 0.1) for compute in (log_partition, whole_matrix))
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)
    (mine,) = torch.autograd.grad(ours, units)
    reference = torch.autograd.grad(expected, units)[0] if heavy else torch.zeros_like(units)
    torch.testing.assert_close(mine, reference, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("block", [1, 3, 4, 7, 100])
@pytest.mark.parametrize("with_ids", [False, True])
def test_queries_see_the_rest_only(monkeypatch: pytest.MonkeyPatch, block: int, with_ids: bool) -> None:
    monkeypatch.setitem(batch_softmax.BLOCK, "cpu", block)
    weights = torch.zeros(21, dtype=torch.float64)
    weights[:7] = torch.arange(1, 8) / 28
    partner = torch.full((21,), -1)
    partner[:7] = torch.arange(7, 14)
    ids = torch.randint(0, 12, (21,), generator=torch.Generator().manual_seed(1)) if with_ids else None
    candidates = Candidates(weights, partner, 7, ids)
    units = units_of(21)
    ours, expected = (compute(units, candidates, 0.1) for compute in (log_partition, whole_matrix))
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)
    (mine,), (reference,) = torch.autograd.grad(ours, units), torch.autograd.grad(expected, units)
    torch.testing.assert_close(mine, reference, rtol=1e-12, atol=1e-12)


def test_ids_that_all_differ_cost_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "masked_fill_", lambda *_: pytest.fail("a mask was made"))
    units, weights, partner = units_of(8), torch.full((8,), 1 / 8), torch.arange(8).roll(4)
    plain = log_partition(units, Candidates(weights, partner), 0.1)
    assert torch.equal(log_partition(units, Candidates(weights, partner, ids=torch.arange(8)), 0.1), plain)


@pytest.mark.parametrize(("heavy", "blocks"), [(0, 0), (4, 10), (20, 40), (40, 55)])
def test_texts_without_weight_are_compared_with_texts_of_weight_only(
    monkeypatch: pytest.MonkeyPatch, heavy: int, blocks: int
) -> None:
    """Of ten blocks of rows, each is compared with those behind it, as far as there are rows of weight."""
    monkeypatch.setitem(batch_softmax.BLOCK, "cpu", 4)
    made = 0
    original = torch.addmm

    def counted(*args: Tensor) -> Tensor:
        nonlocal made
        made += 1
        return original(*args)

    monkeypatch.setattr(torch, "addmm", counted)
    weights = torch.zeros(40)
    weights[torch.randperm(40, generator=torch.Generator().manual_seed(0))[:heavy]] = 1
    log_partition(units_of(40), Candidates(weights, torch.arange(40).roll(20)), 0.1)
    assert made == blocks


@pytest.mark.parametrize(("temperature", "inside"), [(0.02, torch.float64), (0.025, torch.float32)])
def test_double_precision_below_a_temperature(
    monkeypatch: pytest.MonkeyPatch, temperature: float, inside: torch.dtype
) -> None:
    seen = set()
    original = torch.addmm

    def watched(bias: Tensor, *rest: Tensor) -> Tensor:
        seen.add(bias.dtype)
        return original(bias, *rest)

    monkeypatch.setattr(torch, "addmm", watched)
    units = units_of(6).detach().float().requires_grad_()
    loss = log_partition(units, Candidates(torch.ones(6), torch.arange(6).roll(3)), temperature)
    (gradient,) = torch.autograd.grad(loss, units)
    assert seen == {inside}
    assert loss.dtype == gradient.dtype == torch.float32


@pytest.mark.parametrize("temperature", [0.003, 0.025])
def test_the_farthest_vectors_at_the_lowest_temperatures(temperature: float) -> None:
    """The only candidate is the opposite vector: the log-partition is -1 / temperature, and nothing underflows to 0."""
    units = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    loss = log_partition(units, Candidates(torch.ones(2), torch.tensor([1, 0])), temperature)
    assert loss.item() == pytest.approx(-2 / temperature, rel=1e-5)
    (gradient,) = torch.autograd.grad(loss, units)
    torch.testing.assert_close(gradient * temperature, torch.tensor([[-2.0, 0.0], [2.0, 0.0]]))


@pytest.mark.parametrize("temperature", [0.0029, 0.0, -1.0])
def test_a_temperature_too_low_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"at least 0\.003"):
        log_partition(units_of(4), Candidates(torch.ones(4), torch.arange(4).roll(2)), temperature)


def test_a_second_derivative_is_refused() -> None:
    units = units_of(4)
    loss = log_partition(units, Candidates(torch.ones(4), torch.arange(4).roll(2)), 0.1)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(loss, units, create_graph=True)


PEAKS = """
import torch
from pathlib import Path
from gis.models.losses import in_batch_negative_objective

torch.set_num_threads(1)

def peak():
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

def step(count):
    x, y = (torch.randn(count, 64, requires_grad=True) for _ in range(2))
    in_batch_negative_objective(x, y, torch.ones(count)).backward()

step(64)
before = peak()
step(4096)
ours = peak()
torch.zeros(8192, 8192).add_(1)
print(ours - before, peak() - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not tell a process's largest memory"
)
@pytest.mark.slow
def test_memory_stays_far_below_one_matrix() -> None:
    """Value and gradient of 4,096 pairs, in a process of its own; one matrix of their similarities takes 256 MiB."""
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    ours, with_a_matrix = (float(number) for number in done.stdout.split())
    assert with_a_matrix > 250  # the measurement sees such a matrix
    assert ours < 128  # 40 to 70, as the allocator pleases
