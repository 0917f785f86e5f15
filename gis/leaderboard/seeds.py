"""Models that were trained alike but for the seed: one row with the mean of their scores."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gis.files import sha256_of
from gis.leaderboard.rows import ModelRow, Score
from gis.models.base import LABEL_DIGITS, TRAINING, TRAINING_SEED, ModelCard, Setting
from gis.statistics.metrics import Array

OF_ONE_SEED = (TRAINING_SEED, "content_sha256", "revision")  # what differs between models of one training
SEPARATORS = "-_/=. "


def merge_seeds(rows: Sequence[ModelRow]) -> list[ModelRow]:
    """Return the rows, those of models that differ in nothing but the seed of one training as one."""
    groups: dict[object, list[ModelRow]] = {}
    for row in rows:
        groups.setdefault(_training(_card(row)) or row.identity, []).append(row)
    merged = [row for group in groups.values() for row in ([_merged(group)] if _are_seeds(group) else group)]
    names = [row.model for row in merged]
    return [
        replace(row, model=f"{row.model} ({row.identity[:LABEL_DIGITS]})")
        if row.seeds and names.count(row.model) > 1
        else row
        for row in merged
    ]


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


def _training(card: ModelCard) -> tuple[tuple[str, Setting], ...] | None:
    """Return what models of one training have in common; None for other models."""
    if card.settings.get(TRAINING) is None:
        return None
    return tuple(sorted((key, value) for key, value in card.settings.items() if key not in OF_ONE_SEED))


def _are_seeds(group: Sequence[ModelRow]) -> bool:
    """Return whether there are several models, each of another seed."""
    return len(group) > 1 and len({_seed(row) for row in group}) == len(group)


def _seed(row: ModelRow) -> Setting:
    return _card(row).settings.get(TRAINING_SEED)


def _card(row: ModelRow) -> ModelCard:
    return row.results[0].model


def _merged(group: Iterable[ModelRow]) -> ModelRow:
    """Return the row of several seeds."""
    members = tuple(sorted(group, key=lambda row: int(_seed(row) or 0)))
    return ModelRow(
        model=f"{_name(members)} ({len(members)} seeds)",
        identity=sha256_of([row.identity for row in members]),
        scores=tuple(_mean(scores) for scores in zip(*(row.scores for row in members), strict=True)),
        cost=members[0].cost,
        seeds=members,
    )


def _name(members: Sequence[ModelRow]) -> str:
    """Return the name that the models share but for the seed at its end; else that of the first."""
    names = [_card(row).name for row in members]
    stems = {_stem(name, str(_seed(row))) for name, row in zip(names, members, strict=True)}
    return stems.pop() if len(stems) == 1 and all(stems) else names[0]


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
