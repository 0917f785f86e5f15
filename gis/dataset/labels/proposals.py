"""What machines proposed as duplicates: comments of gis find, and GitHub's suggestions to close an issue as one.

Rulings that people make after a machine has named the pair are evidence of a tier of their own: who is shown an issue
rules on that one and not on others, so that what machines find would be tested by what machines found.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from gis.collector.store import Store
from gis.dataset.issues.table import seconds
from gis.dataset.labels.evidence import Evidence, Tier
from gis.marker import MARKER_START, marker_in

BY_COMMENT, BY_SUGGESTION = "gis find", "suggestion"  # the sources of evidence
WRITERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})  # associations of those who are trusted with a marker
# Rulings that a machine may have prompted; what was imported was ruled elsewhere.
PROMPTABLE: frozenset[Tier] = frozenset(
    {"structured", "slash_command", "whole_comment", "inside_comment", "label_with_target", "settled_suggestion"}
)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a machine, or a person through GitHub's suggestions, proposed on an issue.

    Attributes:
        number: The number of the issue.
        source: ``BY_COMMENT`` or ``BY_SUGGESTION``.
        source_id: GitHub's id of the comment; "" for a suggestion.
        author: Whose comment or suggestion it is; "" for a deleted account.
        created_at: When it was made, in seconds since 1970.
        candidates: OWNER/NAME#N of each issue that it names, the surest first.
        score: The score of the first; None where it is not given.
        certificate: The id of the certificate that it rests on; "" for none.
        up: How many people gave the comment a thumbs up.
        down: How many gave it a thumbs down.
        state: Of a suggestion: "pending", "accepted", "declined", "replaced" by another of the same author, or
            "closed", where the issue was closed for another reason; "" for a comment.
    """

    number: int
    source: str
    source_id: str = ""
    author: str
    created_at: int
    candidates: tuple[str, ...]
    score: float | None = None
    certificate: str = ""
    up: int = 0
    down: int = 0
    state: str = ""

    @property
    def withdrawn_reason(self) -> str:
        """Why it no longer holds by itself; "" if it does."""
        return self.state if self.state in ("declined", "replaced") else "declined" if self.down > self.up else ""


def read_proposals(store: Store, key: int, bots: Collection[str]) -> list[Proposal]:
    """Return what was proposed in a repository.

    A comment counts if a bot account wrote it, or a person who may write to the repository: anyone else could copy the
    marker of a comment of ``gis find``.

    Args:
        store: The store.
        key: The store's key of the repository.
        bots: Logins that GitHub calls bots.
    """
    reactions = (
        "SELECT comment, up, down FROM reactions WHERE repository = ?" if store.has_responses else "SELECT 0, 0, 0"
    )
    counts = {comment: (up, down) for comment, up, down in store.rows(reactions, (key,) * store.has_responses)}
    proposals = []
    for number, identity, node_id, author, association, body, created_at in store.rows(
        "SELECT number, id, node_id, author, association, body, created_at FROM comments WHERE repository = ? "
        "AND substr(body, 1, ?) = ?",
        (key, len(MARKER_START), MARKER_START),
    ):
        marker = marker_in(body)
        if marker is None or not (association in WRITERS or author in bots or (author or "").endswith("[bot]")):
            continue
        up, down = counts.get(identity, (0, 0))
        proposals.append(
            Proposal(
                number=number,
                source=BY_COMMENT,
                source_id=node_id,
                author=author or "",
                created_at=seconds(created_at),
                candidates=tuple(name for name, _ in marker.candidates),
                score=marker.candidates[0][1] if marker.candidates else None,
                certificate=marker.certificate,
                up=up,
                down=down,
            )
        )
    return proposals + (_suggestions(store, key) if store.has_responses else [])


def _suggestions(store: Store, key: int) -> list[Proposal]:
    """Return the suggestions to close issues of a repository as duplicates, and what became of them."""
    rows = store.rows(
        "SELECT s.number, s.actor, s.target_repository || '#' || s.target_number, s.created_at, CASE "
        "WHEN s.pending THEN 'pending' "
        "WHEN i.state = 'closed' AND i.duplicate_number = s.target_number "
        "AND coalesce(i.duplicate_repository, r.name) = s.target_repository THEN 'accepted' "
        "WHEN EXISTS (SELECT 1 FROM suggestions AS o WHERE o.repository = s.repository AND o.number = s.number "
        "AND o.actor = s.actor AND o.created_at > s.created_at) THEN 'replaced' "
        "WHEN i.state = 'closed' THEN 'closed' ELSE 'declined' END "
        "FROM suggestions AS s JOIN issues AS i ON i.repository = s.repository AND i.number = s.number "
        "JOIN repositories AS r ON r.key = s.repository WHERE s.repository = ? ORDER BY s.number, s.created_at",
        (key,),
    )
    return [
        Proposal(
            number=number,
            source=BY_SUGGESTION,
            author=author,
            created_at=seconds(created_at),
            candidates=(target,),
            state=state,
        )
        for number, author, target, created_at, state in rows
    ]


def prompted(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return evidence with what people ruled after a machine had named the pair as the tier ``prompted``."""
    every = list(evidence)
    named: dict[frozenset[int | None], int] = {}
    for each in every:
        if each.actor == "guess":
            pair = frozenset({each.issue, each.target})
            named[pair] = min(each.created_at, named.get(pair, each.created_at))
    return [
        replace(each, tier="prompted")
        if each.actor == "person"
        and each.tier in PROMPTABLE
        and each.created_at >= named.get(frozenset({each.issue, each.target}), each.created_at + 1)
        else each
        for each in every
    ]
