"""Records from the nodes of GraphQL answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from gis.collector.records import Comment, Event, EventKind, Issue, Reference, User

Node = Mapping[str, Any]
EVENT_KINDS: dict[str, EventKind] = {
    "MarkedAsDuplicateEvent": "marked_as_duplicate",
    "UnmarkedAsDuplicateEvent": "unmarked_as_duplicate",
    "CrossReferencedEvent": "cross_referenced",
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "RenamedTitleEvent": "renamed",
    "TransferredEvent": "transferred",
}


def issue_from_node(node: Node, comments: Sequence[Node], events: Sequence[Node], *, original_body: bool) -> Issue:
    """Return an issue.

    Args:
        node: The issue.
        comments: All of its comments.
        events: All of its timeline items.
        original_body: Whether the first edit was requested.
    """
    records = [event for event in map(_event, events) if event is not None and not _marks_another(event, node)]
    closes = [event for event in records if event.kind == "closed"]
    edits = (node.get("userContentEdits") or {}).get("nodes") or []
    return Issue(
        number=node["number"],
        id=int(node["fullDatabaseId"]),
        node_id=node["id"],
        title=node["title"],
        body=node["body"] or None,  # GraphQL has no null here
        state=node["state"].lower(),
        state_reason=_lower(node.get("stateReason")),
        locked=node["locked"],
        author=_user(node["author"]),
        association=node["authorAssociation"],
        labels=tuple(label["name"] for label in node["labels"]["nodes"]),
        comment_count=node["comments"]["totalCount"],
        created_at=node["createdAt"],
        updated_at=node["updatedAt"],
        closed_at=node["closedAt"],
        closed_by=closes[-1].actor if closes else None,
        duplicate_of=_reference(node.get("duplicateOf")),
        original_body=(edits[0]["diff"] if edits else node["body"]) if original_body else None,
        comments=tuple(map(_comment, comments)),
        events=tuple(records),
        raw=node,
    )


def _user(actor: Node | None) -> User | None:
    if actor is None:
        return None
    kind = actor["__typename"]
    # GraphQL calls an app "name", REST and every dump "name[bot]".
    login = f"{actor['login']}[bot]" if kind == "Bot" and not actor["login"].endswith("[bot]") else actor["login"]
    return User(login, actor.get("databaseId"), kind, actor.get("isSiteAdmin"))


def _reference(node: Node | None) -> Reference | None:
    if node is None or "number" not in node:
        return None
    kind = node.get("__typename")
    return Reference(
        node["repository"]["nameWithOwner"], node["number"], None if kind is None else kind == "PullRequest"
    )


def _comment(node: Node) -> Comment:
    return Comment(
        id=int(node["fullDatabaseId"]),
        node_id=node["id"],
        author=_user(node["author"]),
        association=node["authorAssociation"],
        body=node["body"],
        created_at=node["createdAt"],
        updated_at=node["updatedAt"],
    )


def _marks_another(event: Event, node: Node) -> bool:
    """Return whether an event marks another issue as a duplicate of this one; that issue has an event of its own."""
    target, repository = event.target, (node.get("repository") or {}).get("nameWithOwner")
    return (
        event.kind in ("marked_as_duplicate", "unmarked_as_duplicate")
        and target is not None
        and (target.repository, target.number) == (repository, node["number"])
    )


def _event(node: Node) -> Event | None:
    kind = EVENT_KINDS.get(node["__typename"])
    if kind is None:
        return None
    target = _reference(node.get("canonical") or node.get("source") or node.get("duplicateOf"))
    if kind == "transferred" and node.get("fromRepository"):
        target = Reference(node["fromRepository"]["nameWithOwner"], 0)
    detail = node.get("previousTitle") if kind == "renamed" else _lower(node.get("stateReason"))
    return Event(kind, node["createdAt"], _user(node.get("actor")), target, detail=detail, id=node.get("id"))


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()
