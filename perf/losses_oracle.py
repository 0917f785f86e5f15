"""Record what angle_emb's and sentence-transformers' losses give, for gis's tests to compare with.

Runs in the peers' environment (perf/requirements-peers.txt, angle_emb without its dependencies). Writes values and
gradients of small float64 batches, whose numbers come from numpy's generator and so are the same everywhere.
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from angle_emb.angle import AngleLoss
from angle_emb.loss import angle_loss, contrastive_with_negative_loss, cosine_loss, in_batch_negative_loss
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import AnglELoss, CoSENTLoss, MultipleNegativesRankingLoss
from torch import Tensor

BATCH, WIDTH = 12, 16
TARGET = Path(__file__).resolve().parents[1] / "tests" / "models" / "losses" / "data" / "loss_oracle.json"


def batch(seed: int) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
    """Anchors, positives, negatives and labels of three kinds."""
    rng = np.random.default_rng(seed)
    x, noise, negatives = (torch.from_numpy(rng.standard_normal((BATCH, WIDTH))) for _ in range(3))
    labels = {
        "binary": torch.from_numpy(rng.integers(0, 2, BATCH).astype(float)),
        "graded": torch.from_numpy(rng.random(BATCH)),
        "tied": torch.from_numpy(rng.integers(0, 6, BATCH).astype(float)),
    }
    return x.requires_grad_(), (x.detach() + noise).requires_grad_(), negatives.requires_grad_(), labels


def zigzag(*sides: Tensor) -> Tensor:
    """Texts of a row one after the other, as angle_emb wants them."""
    return torch.stack(sides, dim=1).reshape(-1, sides[0].shape[1])


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = {}
    model = SentenceTransformer(modules=[torch.nn.Identity()], device="cpu")
    ranking = MultipleNegativesRankingLoss(model).compute_loss_from_embeddings
    for seed in (0, 1):
        x, y, n, labels = batch(seed)
        losses: dict[str, Tensor] = {
            "angle_emb contrastive": contrastive_with_negative_loss(x, y),
            "angle_emb contrastive, negatives": contrastive_with_negative_loss(x, y, n),
            "st MultipleNegativesRankingLoss": ranking([x, y], torch.empty(0)),
            "st MultipleNegativesRankingLoss, negatives": ranking([x, y, n], torch.empty(0)),
            "angle_emb format B": AngleLoss(dataset_format="B")(torch.empty(0), zigzag(x, y)),
            "angle_emb format C": AngleLoss(cosine_w=0.5, angle_w=0.25, dataset_format="C")(
                torch.empty(0), zigzag(x, y, n)
            ),
        }
        for kind, values in labels.items():
            marks, texts = values.repeat_interleave(2)[:, None], zigzag(x, y)
            losses[f"angle_emb cosine, {kind}"] = cosine_loss(marks, texts, 20.0)
            losses[f"angle_emb angle, {kind}"] = angle_loss(marks, texts, 20.0)
            losses[f"st CoSENTLoss, {kind}"] = CoSENTLoss(model).compute_loss_from_embeddings([x, y], values)
            losses[f"st AnglELoss, {kind}"] = AnglELoss(model).compute_loss_from_embeddings([x, y], values)
            if kind == "binary":
                losses["angle_emb in-batch, binary"] = in_batch_negative_loss(marks, texts, 20.0)
                losses["angle_emb format A, binary"] = AngleLoss(cosine_w=0.5, angle_w=0.25, dataset_format="A")(
                    marks, texts
                )
        for name, value in losses.items():
            gradients = torch.autograd.grad(value, (x, y, n), retain_graph=True, allow_unused=True)
            found[f"{name}, seed {seed}"] = {
                "value": value.item(),
                "gradients": [None if each is None else each.reshape(-1)[:40].tolist() for each in gradients],
            }
    versions = {name: version(name) for name in ("angle-emb", "sentence-transformers", "torch", "numpy")}
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps({"versions": versions, "losses": found}, indent=0) + "\n", encoding="utf-8")
    print(f"{len(found)} losses in {TARGET}")


if __name__ == "__main__":
    main()
