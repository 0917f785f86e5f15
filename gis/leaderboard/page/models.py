"""The section of each model: what it is, what it was scored on, and how to get the same numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gis.benchmark.results import Result
from gis.benchmark.runner import ScoredTask
from gis.hashes import SHORT_HASH
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.rows import ModelRow
from gis.leaderboard.scores import agreement_of
from gis.models.base import Setting

CUT = " were cut at "  # in notes that repeat how many texts were cut


@dataclass(frozen=True, kw_only=True)
class ModelSection:
    """What the page says of one model.

    Attributes:
        anchor: The id of the section.
        name: The model.
        facts: What is known of it: a term and its description.
        commands: The command lines that scored it.
        notes: What a reader of its scores must know.
    """

    anchor: str
    name: str
    facts: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    notes: tuple[str, ...]


def sections(board: Leaderboard) -> list[ModelSection]:
    """Return the section of each model, in the order of the leaderboard."""
    return [_section(row, f"model-{n}") for n, row in enumerate(board.rows, 1)]


def common_facts(models: Sequence[ModelSection]) -> list[tuple[str, str]]:
    """Return the facts that all models have in common, so that the page can say them once."""
    first, *others = [model.facts for model in models]
    return [fact for fact in first if others and all(fact in facts for facts in others)]


def _section(row: ModelRow, anchor: str) -> ModelSection:
    scored = [member.scored[pairs] for member in row.members for pairs in sorted(member.scored)]
    results = [each.result for each in scored]
    return ModelSection(
        anchor=anchor,
        name=row.model,
        facts=tuple(_facts(row, scored)),
        commands=_distinct(result.run.command for result in results),
        notes=_distinct(
            f"{result.task.name}: {note}" for result in results for note in result.notes if CUT not in note
        ),
    )


def _facts(row: ModelRow, scored: Sequence[ScoredTask]) -> list[tuple[str, str]]:
    """Return what is known of a model, or of the models of several seeds: terms and descriptions."""
    if not scored:
        return [("reported in", row.reported_in)]
    results = [each.result for each in scored]
    card = results[0].model
    facts = [
        ("identity", row.identity),
        ("mean of", ", ".join(f"{member.model}: {member.scores[0]}" for member in row.seeds)),
        ("settings", _settings([result.model.settings for result in results])),
        ("fitted on", card.fitted_on or ""),
        ("scored", _dates(result.run.date[:10] for result in results)),
        ("hardware", "; ".join(_distinct(", ".join(result.run.hardware) for result in results))),
        ("versions", "; ".join(_distinct(_versions(result) for result in results))),
        ("rank correlation with fp32", agreement_of(results)),
        ("texts cut", ", ".join(filter(None, map(_cut, results)))),
        ("results in", "; ".join(_distinct("/".join(each.path.parts[-3:-1]) for each in scored if each.path))),
        ("files (SHA-256)", ", ".join(map(_file, scored))),
    ]
    return [(term, description) for term, description in facts if description]


def _settings(of_models: Sequence[Mapping[str, Setting]]) -> str:
    """Return the settings that all results of a row have in common."""
    first, *others = of_models
    common = {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
    return ", ".join(f"{name} {value}" for name, value in common.items() if value not in (None, ""))


def _versions(result: Result) -> str:
    return ", ".join(f"{name} {version}" for name, version in result.run.versions.items())


def _dates(days: Iterable[str]) -> str:
    return " to ".join(dict.fromkeys([min(ordered := sorted(days)), max(ordered)]))


def _cut(result: Result) -> str:
    """Return how many of the texts of a task were cut: "sts12: 20 of 5,000"; empty for none."""
    texts = result.texts
    return f"{texts.truncated:,} of {texts.texts:,} on {result.task.name}" if texts.truncated else ""


def _file(scored: ScoredTask) -> str:
    """Return the name of a result file, or of the task where there is none, and the first digits of its hash."""
    name = scored.path.name if scored.path else scored.result.task.name
    return f"{name} {(scored.result.sha256 or '')[:SHORT_HASH]}".rstrip()


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
