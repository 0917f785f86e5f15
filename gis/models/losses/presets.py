"""The losses of the papers and of the official package's releases, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gis.errors import unknown_name
from gis.models.losses.objectives import AngleLoss

Head = Literal["none", "mlp"]


@dataclass(frozen=True)
class Preset:
    """A named objective.

    Attributes:
        loss: The weights and temperatures.
        source: Where they are from.
        head: "mlp" trains through a dense layer with tanh, which is left out of the saved model.
        same_text: Pairs are each text with itself; dropout makes the two sides differ.
    """

    loss: AngleLoss
    source: str
    head: Head = "none"
    same_text: bool = False


NOTHING = AngleLoss(cosine=0.0, in_batch=0.0, angle=0.0, hard_negative=0.0)


# The package's "tau" multiplies, ours divides: its 20 is our 0.05, its 1 our 1.
PRESETS: Mapping[str, Preset] = {
    "gis": Preset(
        AngleLoss(cosine_temperature=0.2, angle_temperature=0.2),
        "this project: weights 1, 1, 1, ranking at temperature 0.2, chosen on STS-B validation (docs/ablation.md)",
    ),
    "preprint": Preset(
        AngleLoss(angle_temperature=1.0),
        "AnglE preprint, arXiv 2309.12871: three terms, temperatures 0.05, 0.05 and 1; the weights are not printed, "
        "its author advises 1, 1 (or 0.5 or 35) and 1",
    ),
    "acl": Preset(
        AngleLoss(cosine=0.0),
        "AoE, ACL 2024: angle and contrastive term, temperature 0.05; the weights are not printed, here 1 and 1",
    ),
    "angle-emb-0.1": Preset(
        AngleLoss(angle_temperature=1.0),
        "angle_emb 0.1.0 (2023-10) to 0.3.13, class defaults: weights 1, 1, 1; angle temperature 1",
    ),
    "angle-emb-0.2": Preset(
        AngleLoss(in_batch=35.0, angle_temperature=1.0), "angle_emb 0.2.0 (2024-01), command line: in-batch weight 35"
    ),
    "angle-emb-0.4": Preset(AngleLoss(), "angle_emb 0.4.0 (2024-05): weights 1, 1, 1; all temperatures 0.05"),
    "angle-emb-0.4.6": Preset(
        AngleLoss(cosine=0.0, in_batch=30.0), "angle_emb 0.4.6 (2024-06), command line: weights 0, 30, 1"
    ),
    "angle-emb-0.4.12": Preset(
        AngleLoss(cosine=0.0, in_batch=20.0), "angle_emb 0.4.12 (2024-07) to 0.5.4, class defaults: weights 0, 20, 1"
    ),
    "angle-emb-0.5.5": Preset(
        AngleLoss(cosine=0.0, angle=0.02), "angle_emb 0.5.5 (2025-01) to 0.6.1: weights 0, 1 (hard negatives 1), 0.02"
    ),
    "cosent": Preset(replace(NOTHING, cosine=1.0), "CoSENT (Su 2022): the cosine term alone, temperature 0.05"),
    "simcse-unsup": Preset(
        replace(NOTHING, in_batch=1.0),
        "SimCSE (Gao et al. 2021), unsupervised: each text with itself, InfoNCE at 0.05, MLP while training only",
        head="mlp",
        same_text=True,
    ),
    "simcse-sup": Preset(
        replace(NOTHING, hard_negative=2.0),
        "SimCSE (Gao et al. 2021), supervised: triplets, InfoNCE with hard negatives at 0.05; without the MLP",
    ),
    "sbert-cosine": Preset(
        replace(NOTHING, regression=1.0), "Sentence-BERT (Reimers and Gurevych 2019): squared error of cosine"
    ),
    "sbert-softmax": Preset(
        replace(NOTHING, softmax=1.0), "Sentence-BERT (Reimers and Gurevych 2019): classifier over u, v and |u - v|"
    ),
}


def preset_of(name: str) -> Preset:
    """The preset called ``name``.

    Raises:
        UsageError: There is none; close matches are named.
    """
    if name not in PRESETS:
        raise unknown_name("objective", name, PRESETS)
    return PRESETS[name]
