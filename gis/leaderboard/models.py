"""The models behind results: which there are, and what each is called."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gis.benchmark.results import Result
from gis.benchmark.runner import ScoredTask
from gis.leaderboard.scores import rank_among_same
from gis.leaderboard.seeds import find_seeds
from gis.models.base import LABEL_DIGITS, TRAINING, ModelCard, distinguishing_settings


@dataclass(frozen=True, kw_only=True)
class NamedModel:
    """A model, or the models of one training with several seeds, whose mean is one row of a leaderboard.

    Attributes:
        name: What a leaderboard calls it.
        identity: Its identity.
        members: The identities of the models whose mean it is; of a single model its own.
        aliases: What it is called elsewhere: in its results, or without the number of seeds.
    """

    name: str
    identity: str
    members: tuple[str, ...]
    aliases: frozenset[str]

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean of several models."""
        return len(self.members) > 1

    def is_called(self, name: str) -> bool:
        """Return whether a name means it, or the first digits of an identity, if they are enough."""
        by_identity = len(name) >= LABEL_DIGITS and self.identity.startswith(name)
        return by_identity or name == self.name or name in self.aliases


def single_models(results: Iterable[Result]) -> dict[str, NamedModel]:
    """Return each model by its identity; models of one name also say in what they differ: "minilm (bf16)"."""
    results = list(results)
    cards = _cards(results)
    aliases: dict[str, set[str]] = {}
    for result in results:
        aliases.setdefault(result.model.identity, set()).add(result.model.name)
    names = {}
    for card in cards.values():
        namesakes = [other for other in cards.values() if other.name == card.name]
        differences = distinguishing_settings(namesakes) if len(namesakes) > 1 else [""]
        difference = differences[namesakes.index(card)]
        names[card.identity] = f"{card.name} ({difference})" if difference else card.name
    return {
        identity: NamedModel(name=name, identity=identity, members=(identity,), aliases=frozenset(aliases[identity]))
        for identity, name in _distinct(names).items()
    }


def merged_models(results: Sequence[Result]) -> list[NamedModel]:
    """Return the models, those that differ in nothing but the seed of one training as one."""
    seeds = {each.identity: each for each in find_seeds(_cards(results).values())}
    merged = {member for each in seeds.values() for member in each.members}
    alone = [model for identity, model in single_models(results).items() if identity not in merged]
    names = {identity: f"{each.name} ({len(each.members)} seeds)" for identity, each in seeds.items()}
    distinct = _distinct({**names, **{model.identity: model.name for model in alone}})
    means = [
        NamedModel(name=distinct[identity], identity=identity, members=each.members, aliases=frozenset({each.name}))
        for identity, each in seeds.items()
    ]
    return [*alone, *means]


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Return names by identity, with its first digits where two models are called alike."""
    times = Counter(names.values())
    return {key: f"{name} ({key[:LABEL_DIGITS]})" if times[name] > 1 else name for key, name in names.items()}


def _cards(results: Iterable[Result]) -> dict[str, ModelCard]:
    """Return the card of each model, that of the result which a leaderboard prefers."""
    return {result.model.identity: result.model for result in sorted(results, key=rank_among_same)}


def with_trainings(scored: Sequence[ScoredTask]) -> list[ScoredTask]:
    """Return results whose cards say how their model was trained, where any result of the model says it.

    Those of an older gis do not.
    """
    trained = {card.identity: card for each in scored if (card := each.result.model).settings.get(TRAINING) is not None}

    def with_card(each: ScoredTask) -> ScoredTask:
        card = trained.get(each.result.model.identity)
        if card is None or each.result.model.settings.get(TRAINING) is not None:
            return each
        return replace(each, result=replace(each.result, model=card.renamed(each.result.model.name)))

    return list(map(with_card, scored))
