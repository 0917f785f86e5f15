"""Which issues cite one another, and where the citing words may be a ruling that nobody could read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.dataset.issues.references import references
from gis.dataset.issues.table import NOT_CLOSED, Issues
from gis.dataset.labels.clusters import PairKey
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.sameness import speaks_of_sameness
from gis.dataset.labels.spoken import spoken


@dataclass(frozen=True)
class Citations:
    """The pairs of issues, by position and the lower first, one of which cites the other.

    Attributes:
        pairs: All of them, in ascending order.
        unsettled: Pairs that may be duplicates: one of the two is closed, and a text that cites speaks of sameness,
            moving, closing or "already", or no text that cites can be read (it was deleted or edited, or is code); or
            the title or body of an issue says so, which is what its author believed and not yet a ruling. They are
            neither positive pairs nor negative ones.
    """

    pairs: tuple[PairKey, ...]
    unsettled: frozenset[PairKey]


class _WrittenText(NamedTuple):
    """What somebody wrote on an issue: its title and body, or a comment."""

    number: int
    text: str
    opens: bool = False  # the issue, being its title and body


def find_citations(store: Store, issues: Issues) -> Citations:
    """Return who cites whom, from GitHub's cross-reference events and from the texts.

    Dumps and the REST API have no such events, and GitHub makes none for a former name of a repository.
    """
    events: set[PairKey] = set()
    cited: set[PairKey] = set()
    spoken_of: set[PairKey] = set()
    believed: set[PairKey] = set()
    for repository, key in enumerate(issues.keys):
        events |= _from_events(store, issues, repository, key)
        for written in _texts(store, key):
            position = issues.position(repository, written.number)
            if position is None:
                continue
            if written.opens:
                believed |= _believed(issues, repository, position, written.text)
            if not _may_cite(written.text):
                continue
            host = issues.names.host
            # A quotation cites nobody, but its answer may be a ruling: "> Is it #5? Yes, closing."
            named = _pairs_of(issues, repository, position, references(written.text, host))
            if not named:
                continue
            cited |= _pairs_of(issues, repository, position, references(spoken(written.text, host), host))
            if speaks_of_sameness(written.text):
                spoken_of |= named
    pairs = events | cited
    doubtful = (spoken_of & pairs) | (events - cited)
    unsettled = {pair for pair in doubtful if any(issues.closed[issue] != NOT_CLOSED for issue in pair)}
    return Citations(tuple(sorted(pairs)), frozenset(unsettled | believed))


def _from_events(store: Store, issues: Issues, repository: int, key: int) -> set[PairKey]:
    rows = store.stream(
        "SELECT number, target_repository, target_number FROM events WHERE repository = ? AND "
        "kind = 'cross_referenced' AND target_number IS NOT NULL AND coalesce(target_pull_request, 0) = 0",
        (key,),
    )
    pairs: set[PairKey] = set()
    for number, target_repository, target_number in rows:
        position = issues.position(repository, number)
        if position is not None:
            pairs |= _pairs_of(issues, repository, position, [Reference(target_repository, target_number)])
    return pairs


def _texts(store: Store, key: int) -> Iterator[_WrittenText]:
    """Yield every title with its body, as it is and as it was first written, and every comment of a repository."""
    for number, title, *bodies in store.stream(
        "SELECT number, title, body, original_body FROM issues WHERE repository = ? AND gone IS NULL", (key,)
    ):
        for body in dict.fromkeys(body for body in bodies if body):
            yield _WrittenText(number, f"{title}\n\n{body}", opens=True)
    rows = store.stream("SELECT number, body FROM comments WHERE repository = ? ORDER BY number, id", (key,))
    yield from (_WrittenText(number, body) for number, body in rows)


def _believed(issues: Issues, repository: int, position: int, text: str) -> set[PairKey]:
    """Return the pairs that the title and body of an issue call duplicates or related."""
    pairs: set[PairKey] = set()
    for ruling in rulings(text, issues.names.host):
        subject = position if ruling.subject is None else issues.resolve(repository, ruling.subject)
        if subject is not None:
            pairs |= _pairs_of(issues, repository, subject, [ruling.target] if ruling.target else [])
        if subject is not None and ruling.target is None and subject != position:
            pairs.add((min(subject, position), max(subject, position)))
    return pairs


def _may_cite(text: str) -> bool:
    """Return whether a text can contain a reference; the search for one takes much longer."""
    return "#" in text or "/issues/" in text or "gh-" in text.lower()


def _pairs_of(issues: Issues, repository: int, position: int, named: Iterable[Reference]) -> set[PairKey]:
    targets = {issues.resolve(repository, reference) for reference in set(named)}
    return {(min(position, n), max(position, n)) for n in targets if n is not None and n != position}
