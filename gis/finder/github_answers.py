"""What GitHub itself calls similar to an issue, as recorded: one more way of ranking in a backtest.

A line of the file is ``{"issue": "OWNER/NAME#N", "similar": [...]}``, with the answer of
``GET /repos/OWNER/NAME/issues/N/semantically_similar``: the best first, each with the issue and what GitHub says of it.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from gis.collector.fields import FieldError, Fields, objects
from gis.errors import GisError
from gis.finder.corpus import Corpus
from gis.finder.parts import Positions
from gis.finder.search import CANDIDATES

GITHUB = "GitHub"
SHOWN = 5  # names in a message
HOW_TO_ASK = "docs/finding.md says how to record them"


def read_github_answers(path: Path, corpus: Corpus, queries: Collection[int]) -> dict[int, Positions]:
    """Return how GitHub ranks the older issues for each query; what came in later is left out.

    Args:
        path: The file.
        corpus: The issues.
        queries: Positions of the issues that must have an answer.

    Raises:
        GisError: The file cannot be read, an answer is not a ranking, or some are missing.
    """
    ranking: dict[int, Positions] = {}
    for name, similar in _answers(path):
        position = corpus.position_of_name(name)
        if position is not None:
            ranking[position] = _older(similar, position, corpus)
    missing = [corpus.names[query] for query in sorted(queries) if query not in ranking]
    if missing:
        named = ", ".join(missing[:SHOWN]) + (", …" if len(missing) > SHOWN else "")
        raise GisError(
            f"{path} has no answer for {len(missing):,} of {len(queries):,} duplicates: {named}", remedy=HOW_TO_ASK
        )
    if not any(len(similar) for similar in ranking.values()):
        raise GisError(
            f"{path}: GitHub names no older issue for any of {len(ranking):,}",
            remedy="check that it detects duplicates in this repository at all",
        )
    return {query: ranking[query] for query in queries}


def _answers(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each issue, and the names of those that GitHub ranks as similar to it."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _answer(line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise GisError(f"{path} cannot be read ({error})", remedy=HOW_TO_ASK) from error


def _answer(line: str, place: str) -> tuple[str, list[str]]:
    try:
        row = Fields.of(json.loads(line), "the line")
        name = row.text("issue")
        if row.row.get("similar") is None:
            raise row.error("similar", "is missing")
        similar = list(objects(row.items("similar"), "an answer", "similar."))
        if any("issue" not in each.row for each in similar):
            raise GisError(
                f"{place}: GitHub lists issues without ranking them, as it does where the detection of duplicates is "
                "not enabled for a repository",
                remedy="no row can be made of that",
            )
        return name, [_name(each.object("issue"), name) for each in similar]
    except (ValueError, RecursionError, FieldError) as error:
        raise GisError(f"{place} is not a recorded answer ({error})", remedy=HOW_TO_ASK) from error


def _name(issue: Fields, asked: str) -> str:
    """Return OWNER/NAME#N of an issue; of the same repository as the one that was asked about, unless it says so."""
    _, found, repository = (issue.text_or_none("repository_url") or "").partition("/repos/")
    return f"{repository if found else asked.partition('#')[0]}#{issue.issue_number('number')}"


def _older(names: list[str], query: int, corpus: Corpus) -> Positions:
    known = [corpus.position_of_name(name) for name in dict.fromkeys(names)]
    older = [each for each in known if each is not None and corpus.created[each] < corpus.created[query]]
    return np.array(older[:CANDIDATES], np.intp)
