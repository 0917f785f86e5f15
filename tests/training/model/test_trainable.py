"""Batches through the encoder: in pieces, without padding, with the same gradient; and the trainer's arithmetic."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from gis.models.base import LoadSettings
from gis.models.losses import AngleLoss, cosine_objective
from gis.models.transformer.encoder import TokenIds
from gis.models.transformer.model_folder import read_model_folder
from gis.training.loop.batches import TokenizedRows
from gis.training.loop.trainer import PairTrainer
from gis.training.model.build import build_model
from gis.training.model.trainable import TrainableEncoder
from tests.training.helpers import settings

pytestmark = pytest.mark.slow

LOAD = LoadSettings(device="cpu")
POOLINGS = ["cls", "mean", "max", "last", "cls_avg"]


def model_of(folder: Path, *, pooling: str = "mean", objective: str = "gis", **changes: Any) -> TrainableEncoder:  # noqa: ANN401
    chosen = settings(folder, objective=objective, options={"pooling": pooling}, **changes)
    checkpoint = read_model_folder(chosen.model, LOAD)
    return build_model(checkpoint, chosen, classes=0, precision="fp32")


def texts(count: int, *, seed: int = 0, longest: int = 40) -> list[TokenIds]:
    rng = np.random.default_rng(seed)
    return [rng.integers(5, 60, size=rng.integers(1, longest)).astype(np.int32) for _ in range(count)]


def gradient(model: TrainableEncoder, batch: list[TokenIds], *, seed: int = 0) -> tuple[float, dict[str, torch.Tensor]]:
    model.zero_grad()
    torch.manual_seed(seed)
    pairs = len(batch) // 2
    vectors, _ = model(batch, pairs)
    loss = cosine_objective(vectors[:pairs], vectors[pairs:], torch.arange(pairs).float())
    loss.backward()  # type: ignore[no-untyped-call]
    # The bias of the keys moves all scores of a query alike: its gradient is 0 but for rounding.
    named = {
        name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None and "key.bias" not in name
    }
    return loss.item(), named


def assert_same(one: tuple[float, dict[str, torch.Tensor]], other: tuple[float, dict[str, torch.Tensor]]) -> None:
    assert one[0] == pytest.approx(other[0], rel=1e-5)
    assert one[1].keys() == other[1].keys()
    for name, value in one[1].items():
        torch.testing.assert_close(value, other[1][name], rtol=1e-3, atol=1e-4 * float(value.abs().max()) + 1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_without_padding_the_gradient_is_that_with_padding(tiny_bert: Path, pooling: str) -> None:
    model = model_of(tiny_bert, pooling=pooling).eval()
    batch = texts(12)
    flat = gradient(model, batch)
    assert not model.encoder.pads
    model.encoder._flat[0] = None
    assert model.encoder.pads
    assert_same(flat, gradient(model, batch))


@pytest.mark.parametrize("folder", ["tiny_bert", "tiny_decoder"])
def test_pieces_have_the_gradient_of_the_whole(folder: str, request: pytest.FixtureRequest) -> None:
    model = model_of(request.getfixturevalue(folder)).eval()
    batch = texts(12)
    whole = gradient(model, batch)
    model.mini_batch_tokens = 60
    assert len(list(model._pieces(batch, np.argsort([-len(ids) for ids in batch], kind="stable")))) > 3
    assert_same(whole, gradient(model, batch))


def test_dropout_falls_on_the_same_places_when_a_piece_is_made_again(tiny_bert: Path) -> None:
    """The gradient in pieces equals differences of the loss in pieces, with dropout on and the same seed."""
    model = model_of(tiny_bert, mini_batch_tokens=50).double().train()
    batch = texts(8)
    _, found = gradient(model, batch)
    weight = model.encoder.backbone.encoder.layer[0].output.dense.weight
    name = "encoder.backbone.encoder.layer.0.output.dense.weight"
    step = 5e-3  # pooling is float32: smaller steps drown in rounding
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[3, 4] += sign * step
        values.append(gradient(model, batch)[0])
        with torch.no_grad():
            weight[3, 4] -= sign * step
    assert found[name][3, 4].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=5e-2, abs=5e-3)
    assert gradient(model, batch, seed=1)[0] != values[0]  # dropout is on


def test_pieces_keep_less_in_memory(tiny_bert: Path) -> None:
    kept = []
    for tokens in (None, 60):
        model = model_of(tiny_bert, mini_batch_tokens=tokens).train()
        saved = 0

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal saved
            saved += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            model(texts(24), 12)
        kept.append(saved)
    assert kept[1] < kept[0] / 5


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("folder", ["tiny_bert", "tiny_decoder"])
def test_a_vector_does_not_depend_on_its_batch(folder: str, pooling: str, request: pytest.FixtureRequest) -> None:
    model = model_of(request.getfixturevalue(folder), pooling=pooling).eval()
    batch = texts(8)
    together = model(batch, 4)[0]
    for row, ids in enumerate(batch):
        torch.testing.assert_close(model([ids], 0)[0][0], together[row], rtol=1e-4, atol=1e-5)


def rows(batch: list[TokenIds]) -> TokenizedRows:
    count = len(batch) // 2
    sides = np.arange(len(batch)).reshape(2, count).T
    return TokenizedRows(batch, sides, np.arange(count).astype(float), np.arange(len(batch)), 0.0)


def trained(
    model: TrainableEncoder, data: TokenizedRows, folder: Path, batch_size: int, accumulate: int
) -> tuple[float, float]:
    """Gradient norm and loss that the trainer logs of one step."""
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulate,
        max_steps=1,
        logging_steps=1,
        max_grad_norm=1e9,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        remove_unused_columns=False,
        save_strategy="no",
    )
    trainer = PairTrainer(model.eval(), arguments, data, AngleLoss(angle=0, in_batch=0), None, [])
    model.train = lambda mode=True: model  # type: ignore[method-assign]  # dropout stays off  # noqa: ARG005
    trainer.train()
    logged = trainer.state.log_history[0]
    return logged["grad_norm"], logged["loss"]


def test_accumulation_has_the_right_scale(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four equal micro-batches give the gradient and the loss of one (transformers went wrong here more than once)."""
    batch = texts(8)
    one = rows(batch)
    four = TokenizedRows(batch, np.tile(one.rows, (4, 1)), np.tile(np.arange(4.0), 4), one.groups, 0.0)
    # Sequential order makes each micro-batch the same four rows.
    monkeypatch.setattr(
        transformers.Trainer, "_get_train_sampler", lambda _self, data: torch.utils.data.SequentialSampler(data)
    )
    single = trained(model_of(tiny_bert), one, tmp_path / "one", 4, 1)
    accumulated = trained(model_of(tiny_bert), four, tmp_path / "four", 4, 4)
    assert single[0] > 0.01
    assert accumulated == pytest.approx(single, rel=1e-4)
