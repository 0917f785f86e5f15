"""The losses of the papers and of the official package's releases, by name, as data that loads no torch."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations as combinations_of
from typing import TYPE_CHECKING, Any, Literal

from gis.errors import UsageError, unknown_name
from gis.models.losses.settings import SETTINGS, TEMPERATURES, LossSettings
from gis.spec import Spec, parse_spec

if TYPE_CHECKING:
    from gis.models.losses.angle_loss import AngleLoss

Head = Literal["none", "mlp"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named loss, and what else training with it involves.

    Attributes:
        name: Its name in ``gis objectives``.
        settings: The weights and temperatures.
        source: The paper or release that they come from.
        head: "mlp" trains through a dense layer with tanh, which is left out of the saved model.
        same_text: Each text is paired with itself; dropout makes the two sides differ.
    """

    name: str
    settings: LossSettings
    source: str
    head: Head = "none"
    same_text: bool = False

    @property
    def loss(self) -> "AngleLoss":
        """The loss as a callable; this loads torch."""
        from gis.models.losses.angle_loss import AngleLoss

        return AngleLoss(**asdict(self.settings))

    def __str__(self) -> str:
        """The preset as it is typed: its name, then every setting that differs from it, sorted."""
        published = PRESETS[self.name].settings if self.name in PRESETS else LossSettings()
        changes = {
            name: value for name in SETTINGS if (value := getattr(self.settings, name)) != getattr(published, name)
        }
        return str(Spec(self.name, {name: _typed(value) for name, value in changes.items()}))

    def changed(self, options: Mapping[str, str]) -> "Preset":
        """Return the preset with weights, temperatures or the form changed, as in ``preprint,angle=0.5``.

        Raises:
            UsageError: An option is unknown, or its value is impossible.
        """
        Spec(self.name, options).check_options(SETTINGS)
        changes: dict[str, Any] = {name: _parsed(name, value) for name, value in options.items()}
        return replace(self, settings=replace(self.settings, **changes))


EVERY_TERM = "terms"
NO_TERMS = LossSettings(cosine=0.0, in_batch=0.0, angle=0.0, hard_negative=0.0)
# The temperature "tau" of angle_emb multiplies, ours divides: its 20 is our 0.05, its 1 our 1.
_PRESETS = (
    Preset(
        name="gis",
        settings=LossSettings(cosine_temperature=0.2, angle_temperature=0.2),
        source="this project: weights 1, 1, 1; ranking temperature 0.2, chosen on STS-B validation (docs/ablation.md)",
    ),
    Preset(
        name="preprint",
        settings=LossSettings(angle_temperature=1.0),
        source="AnglE preprint, arXiv 2309.12871: three terms, temperatures 0.05, 0.05 and 1; the paper prints no "
        "weights, its author advises 1, 1 (or 0.5 or 35) and 1",
    ),
    Preset(
        name="acl",
        settings=LossSettings(cosine=0.0),
        source="AoE, ACL 2024: angle and contrastive term, temperature 0.05; the paper prints no weights, here 1 and 1",
    ),
    Preset(
        name="angle-emb-0.1",
        settings=LossSettings(angle_temperature=1.0),
        source="angle_emb 0.1.0 (2023-10) to 0.3.13, class defaults: weights 1, 1, 1; angle temperature 1",
    ),
    Preset(
        name="angle-emb-0.2",
        settings=LossSettings(in_batch=35.0, angle_temperature=1.0),
        source="angle_emb 0.2.0 (2024-01), command line: in-batch weight 35",
    ),
    Preset(
        name="angle-emb-0.4",
        settings=LossSettings(),
        source="angle_emb 0.4.0 (2024-05): weights 1, 1, 1; all temperatures 0.05",
    ),
    Preset(
        name="angle-emb-0.4.6",
        settings=LossSettings(cosine=0.0, in_batch=30.0),
        source="angle_emb 0.4.6 (2024-06), command line: weights 0, 30, 1",
    ),
    Preset(
        name="angle-emb-0.4.12",
        settings=LossSettings(cosine=0.0, in_batch=20.0),
        source="angle_emb 0.4.12 (2024-07) to 0.5.4, class defaults: weights 0, 20, 1",
    ),
    Preset(
        name="angle-emb-0.5.5",
        settings=LossSettings(cosine=0.0, angle=0.02),
        source="angle_emb 0.5.5 (2025-01) to 0.6.1: weights 0, 1 (hard negatives 1), 0.02",
    ),
    Preset(
        name="cosent",
        settings=replace(NO_TERMS, cosine=1.0),
        source="CoSENT (Su 2022): the cosine term alone, temperature 0.05",
    ),
    Preset(
        name="simcse-unsup",
        settings=replace(NO_TERMS, in_batch=1.0),
        source="SimCSE (Gao et al. 2021), unsupervised: each text with itself, InfoNCE at 0.05, MLP in training only",
        head="mlp",
        same_text=True,
    ),
    Preset(
        name="simcse-sup",
        settings=replace(NO_TERMS, hard_negative=2.0),
        source="SimCSE (Gao et al. 2021), supervised: triplets, InfoNCE with hard negatives at 0.05; without the MLP",
    ),
    Preset(
        name="sbert-cosine",
        settings=replace(NO_TERMS, regression=1.0),
        source="Sentence-BERT (Reimers and Gurevych 2019): squared error of the cosine",
    ),
    Preset(
        name="sbert-softmax",
        settings=replace(NO_TERMS, softmax=1.0),
        source="Sentence-BERT (Reimers and Gurevych 2019): classifier over u, v and |u - v|",
    ),
)
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _PRESETS}


def preset_of(name: str) -> Preset:
    """Return the preset called ``name``.

    Raises:
        UsageError: There is none; close matches are named.
    """
    if name not in PRESETS:
        raise unknown_name("objective", name, PRESETS)
    return PRESETS[name]


def objective_of(objective: "str | Spec | LossSettings | Preset") -> Preset:
    """Return the objective that is meant.

    Args:
        objective: A preset; its name with options, as ``"preprint,angle=0.5,angle_form=phase"``; or an ``AngleLoss``
            or ``LossSettings`` with weights and temperatures of your own.

    Raises:
        UsageError: The preset or an option is unknown, or a value is impossible.
    """
    if isinstance(objective, Preset):
        return objective
    if isinstance(objective, LossSettings):
        settings = LossSettings(**{name: getattr(objective, name) for name in SETTINGS})
        return Preset(name="custom", settings=settings, source="weights and temperatures given in Python")
    spec = parse_spec(objective) if isinstance(objective, str) else objective
    if not isinstance(spec, Spec):
        raise UsageError(f"{spec!r:.80} is not an objective; expected the name of a preset, or an AngleLoss")
    return preset_of(spec.name).changed(spec.options)


def objectives_of(specs: Iterable[Spec]) -> tuple[Preset, ...]:
    """Return the objectives that are meant; ``terms`` stands for every combination of the three terms of AnglE.

    Raises:
        UsageError: A preset or an option is unknown, or a value is impossible.
    """
    expanded: list[Preset] = []
    for spec in specs:
        expanded += term_combinations() if spec.name == EVERY_TERM and not spec.options else [objective_of(spec)]
    return tuple(expanded)


def term_combinations() -> list[Preset]:
    """Return each term alone, each pair and all three, with both forms of the angle where there is one.

    The cosine alone comes first; temperatures and weights are those of angle_emb 0.4.
    """
    terms = ("cosine", "in_batch", "angle")
    combinations = [used for count in (1, 2, 3) for used in combinations_of(terms, count)]
    base = preset_of("angle-emb-0.4")
    objectives = []
    for used in combinations:
        options = {term: "0" for term in terms if term not in used}
        objectives.append(base.changed(options))
        if "angle" in used:
            objectives.append(base.changed({**options, "angle_form": "phase"}))
    return objectives


def _parsed(name: str, value: str) -> float | str:
    """Read one setting from the command line."""
    if name == "angle_form":
        if value not in ("abs-sum", "phase"):
            raise UsageError(f"angle_form must be abs-sum or phase, not '{value}'")
        return value
    try:
        number = float(value)
    except ValueError:
        raise UsageError(f"{name} must be a number, not '{value}'") from None
    if not 0 <= number < float("inf") or (name in TEMPERATURES and number == 0):
        raise UsageError(f"{name} must be {'above 0' if name in TEMPERATURES else '0 or more'}, not {value}")
    return number


def _typed(value: float | str) -> str:
    return value if isinstance(value, str) else repr(value).removesuffix(".0")
