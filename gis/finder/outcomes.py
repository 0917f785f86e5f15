"""What became of suggested duplicates, by what a store holds of them: accepted, declined, reopened or not answered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gis.collector.store import Store
from gis.dataset.issues.table import Issues, load_issues, seconds, stamp
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.policy import POLICY
from gis.dataset.labels.proposals import Proposal, read_proposals

Answer = Literal["accepted", "liked", "declined", "reopened", "other", "disliked", "none"]
ANSWERS: tuple[Answer, ...] = Answer.__args__  # type: ignore[attr-defined]
RIGHT: tuple[Answer, ...] = ("accepted", "liked")
WRONG: tuple[Answer, ...] = ("declined", "reopened", "other", "disliked")
MADE = ("positive", "train")  # labels of a policy that make a pair of duplicates
TAKEN_BACK: dict[str, Answer] = {
    "reopened": "reopened",
    "unmarked": "reopened",
    "taken back": "declined",
    "denied": "declined",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of what a machine suggested on an issue.

    Attributes:
        issue: OWNER/NAME#N.
        candidates: The issues that were suggested, the surest first.
        source: "gis find" (a comment of it), "suggestion" (GitHub's, to close the issue) or "comment" (another bot's).
        author: Whose suggestion it is.
        suggested: When.
        score: The score of the first candidate; None where it is not known.
        certificate: The id of the certificate that it rests on; "" for none.
        up: How many people gave the comment a thumbs up.
        down: How many gave it a thumbs down.
        answer: "accepted": people ruled that the issue is a duplicate of a candidate, or of one of its cluster.
            "reopened": they did, and the issue was reopened. "declined": it was said not to be one, or GitHub's
            suggestion was declined. "other": it was ruled a duplicate of another issue. "liked" and "disliked": nobody
            ruled, but there are reactions; one thumb down is enough. "none": nothing of these.
    """

    issue: str
    candidates: tuple[str, ...]
    source: str
    author: str
    suggested: str
    score: float | None
    certificate: str
    up: int
    down: int
    answer: Answer


@dataclass(frozen=True)
class _Ruled:
    """What people ruled in a store.

    Attributes:
        issues: Its issues.
        evidence: By position, what bears on an issue; machines only suggest.
        cluster: By position, the number of the cluster that people's rulings make.
    """

    issues: Issues
    evidence: Mapping[int, Sequence[Evidence]]
    cluster: Mapping[int, int]


def read_outcomes(store: Store, *, certificate: str = "") -> list[Outcome]:
    """Return what became of everything that machines suggested, by repository.

    Args:
        store: The store.
        certificate: The id of a certificate: nothing is returned, and little is read, if no comment rests on it.
    """
    issues = load_issues(store)
    bots = {login for (login,) in store.rows("SELECT login FROM users WHERE type = 'Bot'")}
    proposals = [read_proposals(store, key, bots) for key in issues.keys]
    if certificate and not any(proposal.certificate == certificate for of_one in proposals for proposal in of_one):
        return []
    evidence = find_evidence(store, issues)
    guesses = {each.source_id for each in evidence if each.actor == "guess" and each.source == "comment"}
    if not guesses and not any(proposals):
        return []
    ruled = _rulings(issues, evidence)
    outcomes = []
    for repository, key in enumerate(issues.keys):
        for proposal in [*proposals[repository], *_of_other_bots(store, key, guesses, evidence)]:
            position = issues.position(repository, proposal.number)
            if position is not None:
                outcomes.append(_outcome(proposal, issues.name(position), _answer(proposal, position, ruled)))
    return outcomes


def _rulings(issues: Issues, evidence: Iterable[Evidence]) -> _Ruled:
    """Return what people ruled; what bots ruled is left out."""
    by_people = [each for each in evidence if each.actor != "bot"]
    of_issue: dict[int, list[Evidence]] = defaultdict(list)
    for each in by_people:
        of_issue[each.issue].append(each)
        if each.target is not None:
            of_issue[each.target].append(each)
    clusters = find_clusters([each for each in by_people if each.actor == "person"], issues, POLICY).clusters
    return _Ruled(issues, of_issue, {member: n for n, cluster in enumerate(clusters) for member in cluster.members})


def _of_other_bots(store: Store, key: int, ids: Collection[str], evidence: Iterable[Evidence]) -> Iterator[Proposal]:
    """Yield what other bots guessed in the comments of a repository that have these ids."""
    if not ids:
        return
    named: dict[str, list[str]] = defaultdict(list)
    for each in evidence:
        if each.source_id in ids:
            named[each.source_id].append(each.reference)
    query = "SELECT number, node_id, author, created_at FROM comments WHERE repository = ? ORDER BY number, id"
    for number, node_id, author, created_at in store.stream(query, (key,)):
        if node_id in ids:
            yield Proposal(
                number=number,
                source="comment",
                source_id=node_id,
                author=author or "",
                created_at=seconds(created_at),
                candidates=tuple(named[node_id]),
            )


def _outcome(proposal: Proposal, issue: str, answer: Answer) -> Outcome:
    return Outcome(
        issue=issue,
        candidates=proposal.candidates,
        source=proposal.source,
        author=proposal.author,
        suggested=stamp(proposal.created_at),
        score=proposal.score,
        certificate=proposal.certificate,
        up=proposal.up,
        down=proposal.down,
        answer=answer,
    )


def _answer(proposal: Proposal, position: int, ruled: _Ruled) -> Answer:
    """Return what people answered; where answers contradict each other, a ruling that stands counts most."""
    candidates = set(map(ruled.issues.position_of_name, proposal.candidates)) - {None}
    clusters = {ruled.cluster[each] for each in candidates if each is not None and each in ruled.cluster}
    about = ruled.evidence.get(position, ())
    rulings = [each for each in about if each.actor == "person" and POLICY[each.tier, "person"] in MADE]
    others = [(each, each.target if each.issue == position else each.issue) for each in rulings]
    agreeing = [
        each
        for each, other in others
        if other is not None and (other in candidates or ruled.cluster.get(other, -1) in clusters)
    ]
    if not all(each.withdrawn_reason for each in agreeing):
        return "accepted"
    taken_back = [TAKEN_BACK[each.withdrawn_reason] for each in agreeing if each.withdrawn_reason in TAKEN_BACK]
    if taken_back:
        return taken_back[-1]
    if any(each.issue == position and each.target is not None and not each.withdrawn_reason for each in rulings):
        return "other"
    denied = any(
        each.source_id == proposal.source_id and each.withdrawn_reason in ("denied", "taken back")
        for each in about
        if proposal.source_id
    )
    if denied or proposal.state == "declined":
        return "declined"
    return "disliked" if proposal.down else "liked" if proposal.up else "none"
