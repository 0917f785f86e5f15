"""Models that were trained alike but for the seed: one row with the mean of their scores."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gis.hashes import sha256_of
from gis.leaderboard.rows import ModelRow, Score
from gis.models.base import TRAINING, TRAINING_SEED, ModelCard, Setting
from gis.statistics.metrics import Array

OF_ONE_SEED = (TRAINING_SEED, "content_sha256", "revision")  # what differs between models of one training
SEPARATORS = "-_/=. "


class Seeds(NamedTuple):
    """The models of one training.

    Attributes:
        name: What they are called but for the seed.
        identity: A hash of their identities.
        members: The identity of each, by the order of the seeds.
    """

    name: str
    identity: str
    members: tuple[str, ...]


def find_seeds(cards: Iterable[ModelCard]) -> list[Seeds]:
    """Return the trainings of which there are several models, each of another seed."""
    groups: dict[object, list[ModelCard]] = {}
    for card in cards:
        if card.settings.get(TRAINING) is not None:
            groups.setdefault(_training(card), []).append(card)
    ordered = [sorted(group, key=lambda card: int(_seed(card) or 0)) for group in groups.values()]
    return [
        Seeds(
            name=_name(group),
            identity=sha256_of([card.identity for card in group]),
            members=tuple(card.identity for card in group),
        )
        for group in ordered
        if len(group) > 1 and len({_seed(card) for card in group}) == len(group)
    ]


def mean_row(name: str, identity: str, members: Sequence[ModelRow]) -> ModelRow:
    """Return the row of several models, the mean of their rows."""
    return ModelRow(
        model=name,
        identity=identity,
        scores=tuple(_mean(scores) for scores in zip(*(row.scores for row in members), strict=True)),
        cost=members[0].cost,
        seeds=tuple(members),
    )


def averages(rows: Mapping[str, Sequence[str]], models: Sequence[str]) -> tuple[tuple[str, ...], Array]:
    """Return how the influences of models become those of rows.

    Args:
        rows: The identities of the models of each row, by the identity of the row.
        models: The identities of m models.

    Returns:
        The rows all of whose models are among them, and (m, rows) weights.
    """
    positions = {model: n for n, model in enumerate(models)}
    whole = [row for row, members in rows.items() if all(member in positions for member in members)]
    weights = np.zeros((len(models), len(whole)))
    for column, row in enumerate(whole):
        for member in rows[row]:
            weights[positions[member], column] = 1 / len(rows[row])
    return tuple(whole), weights


def _training(card: ModelCard) -> tuple[tuple[str, Setting], ...]:
    """Return what models of one training have in common."""
    return tuple(sorted((key, value) for key, value in card.settings.items() if key not in OF_ONE_SEED))


def _seed(card: ModelCard) -> Setting:
    return card.settings.get(TRAINING_SEED)


def _name(cards: Sequence[ModelCard]) -> str:
    """Return the name that the models share but for the seed at its end; else that of the first."""
    stems = {_stem(card.name, str(_seed(card))) for card in cards}
    return stems.pop() if len(stems) == 1 and all(stems) else cards[0].name


def _stem(name: str, seed: str) -> str:
    if not name.endswith(seed):
        return name
    return name.removesuffix(seed).rstrip(SEPARATORS).removesuffix("seed").rstrip(SEPARATORS)


def _mean(scores: Sequence[Score]) -> Score:
    """Return the mean of the seeds' scores; none where one of them has none."""
    values = [score.value for score in scores if score.value is not None]
    if len(values) < len(scores):
        notes = {score.note for score in scores}
        return Score(note=notes.pop() if not values and len(notes) == 1 else f"{len(values)} of {len(scores)} seeds")
    samples = dict.fromkeys(score.sample for score in scores if score.sample)
    return Score(statistics.fmean(values), sample=", ".join(samples), deviation=statistics.stdev(values))
