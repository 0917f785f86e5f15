"""What of a store is yet to be judged: issues that may be duplicates, and comments that may rule on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from gis.benchmark.tasks.catalogue import packaged_ids
from gis.benchmark.tasks.pairs import ISSUE_COLUMNS
from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.build import Labels, label_issues, load_encoder, partners_of
from gis.dataset.issues.references import references
from gis.dataset.issues.table import NOT_CLOSED, Issues
from gis.dataset.labels.citations import find_citations
from gis.dataset.labels.clusters import PairKey
from gis.dataset.labels.judged import body_hash
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.sameness import speaks_of_sameness
from gis.dataset.labels.spoken import spoken
from gis.dataset.output.layout import IDS_CONFIG
from gis.dataset.pairs.negatives import ties_of
from gis.dataset.pairs.neighbours import by_bm25, by_encoder, find_neighbours
from gis.dataset.settings import TextSettings
from gis.dataset.texts.texts import Texts, make_texts
from gis.errors import GisError, UsageError, check_number
from gis.languages import possible_languages
from gis.spec import Spec

MOST_NEIGHBOURS = 100
MOST_CITED = 3  # issues; a comment that cites more is a list
SQLITE = b"SQLite format 3\0"  # how a store begins


@dataclass(frozen=True, kw_only=True)
class CandidateSettings:
    """Which pairs are candidates.

    Attributes:
        neighbours: How many of the most similar issues of its repository each issue is paired with.
        dense: Encoder that finds them; None for BM25.
        known: Also take pairs that evidence ties together, such as known duplicates.
        apart_from: A dataset folder, or a task that ships as the ids of its pairs: no issue of its validation and test
            splits is taken. None for none.
        text: How texts are made.
    """

    neighbours: int = 5
    dense: Spec | None = None
    known: bool = False
    apart_from: str | None = None
    text: TextSettings = field(default_factory=TextSettings)

    def __post_init__(self) -> None:
        check_number("the number of neighbours of each issue", self.neighbours, 1, MOST_NEIGHBOURS)


class Candidate(NamedTuple):
    """Two issues that may be duplicates; the first is the later one, as in a built dataset.

    Attributes:
        repository1: OWNER/NAME of the first issue.
        number1: Its number.
        repository2: OWNER/NAME of the second issue.
        number2: Its number.
        text1: The text of the first issue.
        text2: The text of the second issue.
    """

    repository1: str
    number1: int
    repository2: str
    number2: int
    text1: str
    text2: str


def is_store(path: Path) -> bool:
    """Return whether a file is a store, or at least a file of SQLite; one that is missing, whether its name says so."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except FileNotFoundError:
        return path.suffix == ".db"
    except OSError:
        return False


def find_candidates(store: Path, settings: CandidateSettings, *, reporter: Reporter = QUIET) -> list[Candidate]:
    """Return pairs of similar issues of one repository, cleaned as a built dataset has them.

    Args:
        store: The store that ``collect`` filled; it is read as it was when it was opened.
        settings: Which pairs to take.
        reporter: Shows progress.

    Raises:
        UsageError: The encoder is unknown.
        GisError: The store has no issues, or no pair is left.
    """
    with Store(store) as opened:
        labels = label_issues(opened, None, reporter)
        issues, citations = labels.issues, find_citations(opened, labels.issues)
        search = by_bm25 if settings.dense is None else by_encoder(load_encoder(settings.dense).encode)
        left_out = _held_out(labels, settings.apart_from)
        ties = {} if settings.known else ties_of(labels.evidence)
        with make_texts(
            opened, issues, partners_of(labels.clusters, citations.pairs), settings.text, reporter=reporter
        ) as texts:
            anchors = [n for n in range(len(issues)) if texts.kept[n] and n not in left_out]
            neighbours = find_neighbours(
                issues,
                texts,
                anchors,
                search,
                ranks=slice(settings.neighbours),
                name="candidate pairs",
                reporter=reporter,
            )
            pairs = [
                (one, other)
                for one, other in _pairs(issues, neighbours)
                if not left_out & {one, other}
                and other not in ties.get(one, ())
                and (settings.known or labels.clusters.groups.find(one) != labels.clusters.groups.find(other))
            ]
            candidates = list(_candidates(issues, texts, pairs))
    if not candidates:
        raise GisError(f"{store} has no pair of issues to annotate", remedy="collect more issues")
    return candidates


def _pairs(issues: Issues, neighbours: Mapping[int, Sequence[int]]) -> list[PairKey]:
    """Return each pair once, the later issue first, in the order of the store."""
    pairs = {(min(one, other), max(one, other)) for one, others in neighbours.items() for other in others}
    created = issues.created
    return sorted((one, other) if created[one] > created[other] else (other, one) for one, other in pairs)


def _candidates(issues: Issues, texts: Texts, pairs: Sequence[PairKey]) -> Iterator[Candidate]:
    """Yield the pairs that do not say the same word for word."""
    text_of = {n: texts[n] for n in {n for pair in pairs for n in pair}}  # each once: there are several pairs of it
    for pair in pairs:
        first, second = (text_of[n] for n in pair)
        if first != second:
            yield Candidate(*_named(issues, pair[0]), *_named(issues, pair[1]), first, second)


class UnreadComment(NamedTuple):
    """A comment that may rule on two issues, and that no pattern reads.

    Attributes:
        repository1: OWNER/NAME of the issue that the comment is on.
        number1: Its number.
        repository2: OWNER/NAME of the issue that it cites.
        number2: Its number.
        comment: GitHub's id of the comment.
        comment_sha256: Its hash.
        text1: The comment, and the title of its issue.
        text2: The title of the cited issue.
    """

    repository1: str
    number1: int
    repository2: str
    number2: int
    comment: str
    comment_sha256: str
    text1: str
    text2: str


def find_unread_comments(store: Path, *, reporter: Reporter = QUIET) -> list[UnreadComment]:
    """Return the comments that may be rulings in words that no pattern reads.

    Such a comment cites at most three issues, is about two issues that nothing joins yet and one of which is closed,
    and has a word of sameness, moving or closing in it, or is in another language than English.

    Args:
        store: The store that ``collect`` filled; it is read as it was when it was opened.
        reporter: Shows progress.

    Raises:
        GisError: The store has no issues, or no such comment.
    """
    with Store(store) as opened:
        labels = label_issues(opened, None, reporter)
        titles = _titles(opened, labels.issues)
        comments = [
            comment
            for repository in range(len(labels.issues.keys))
            for comment in _unread_comments(opened, labels, repository, titles)
        ]
    if not comments:
        raise GisError(f"{store} has no comment that may be a ruling and that no pattern reads")
    return comments


def _unread_comments(
    store: Store, labels: Labels, repository: int, titles: Mapping[int, str]
) -> Iterator[UnreadComment]:
    issues, host = labels.issues, labels.issues.names.host
    query = "SELECT number, node_id, body FROM comments WHERE repository = ? ORDER BY number, created_at, id"
    for number, comment, body in store.stream(query, (issues.keys[repository],)):
        position = issues.position(repository, number)
        if position is None or not may_be_a_ruling(body):
            continue
        cited = {issues.resolve(repository, reference) for reference in references(spoken(body, host), host)}
        cited -= {None, position}
        if not 0 < len(cited) <= MOST_CITED or any(ruling.kind != "related" for ruling in rulings(body, host)):
            continue
        for target in sorted(n for n in cited if n is not None):
            closed = any(issues.closed[n] != NOT_CLOSED for n in (position, target))
            joined = labels.clusters.groups.find(position) == labels.clusters.groups.find(target)
            if closed and not joined:
                yield UnreadComment(
                    *_named(issues, position),
                    *_named(issues, target),
                    comment,
                    body_hash(body),
                    f"A comment on issue {issues.name(position)}, {titles[position]}\n\n{body}",
                    f"Issue {issues.name(target)}, {titles[target]}",
                )


def _titles(store: Store, issues: Issues) -> dict[int, str]:
    """Return the title of each issue, by position."""
    query = "SELECT number, title FROM issues WHERE repository = ? AND gone IS NULL"
    return {
        position: title
        for repository, key in enumerate(issues.keys)
        for number, title in store.stream(query, (key,))
        if (position := issues.position(repository, number)) is not None
    }


def may_be_a_ruling(text: str) -> bool:
    """Return whether a comment can be a ruling: it speaks of sameness, or is in another language than English."""
    languages = possible_languages(text)
    return speaks_of_sameness(text) or bool(languages and "en" not in languages)


def _named(issues: Issues, position: int) -> tuple[str, int]:
    return issues.names.repositories[issues.repository[position]], int(issues.number[position])


def _held_out(labels: Labels, dataset: str | None) -> set[int]:
    """Return the issues of the validation and test splits of a dataset, and what evidence joins to them."""
    if dataset is None:
        return set()
    folder = packaged_ids(dataset) or Path(dataset)
    paths = [folder / IDS_CONFIG.path(split) for split in ("valid", "test")]
    paths = [path for path in paths if path.is_file()]
    if not paths:
        raise UsageError(f"{dataset} has no validation or test split that gis build made")
    roots: set[int] = set()
    for path in paths:
        try:
            columns = pq.read_table(path, columns=list(ISSUE_COLUMNS)).to_pydict()
        except (OSError, pa.ArrowException) as error:
            raise GisError(f"{path} cannot be read ({error})") from error
        for side in ("1", "2"):
            for repository, number in zip(columns[f"repository{side}"], columns[f"number{side}"], strict=True):
                position = labels.issues.position_of_name(f"{repository}#{number}")
                if position is not None:
                    roots.add(labels.clusters.groups.find(position))
    return {n for n in range(len(labels.issues)) if labels.clusters.groups.find(n) in roots}
