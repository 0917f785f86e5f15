"""Records from the nodes of GraphQL answers."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gis.collector.fields import Fields, objects
from gis.collector.quarantine import Quarantine, named
from gis.collector.records import Comment, Event, EventKind, Issue, Reference, User

EVENT_KINDS: dict[str, EventKind] = {
    "MarkedAsDuplicateEvent": "marked_as_duplicate",
    "UnmarkedAsDuplicateEvent": "unmarked_as_duplicate",
    "CrossReferencedEvent": "cross_referenced",
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "RenamedTitleEvent": "renamed",
    "TransferredEvent": "transferred",
}
Record = TypeVar("Record")


def issue_from_node(
    node: Fields, comments: Sequence[Any], events: Sequence[Any], quarantine: Quarantine, *, original_body: bool
) -> Issue:
    """Return an issue.

    Args:
        node: The issue.
        comments: The nodes of all of its comments.
        events: The nodes of all of its timeline items.
        quarantine: Takes the comments and events that cannot be read.
        original_body: Whether the first edit was requested.

    Raises:
        FieldError: A field of the issue itself is missing or malformed.
    """
    number, body = node.issue_number("number"), node.text("body")
    repository = node.object_or_none("repository")
    here = None if repository is None else repository.repository("nameWithOwner")

    def event(fields: Fields) -> Event | None:
        record = _event(fields)
        return None if record is None or _marks_another(record, here, number) else record

    records = _parts(event, events, quarantine, "event", number, here)
    closes = [event for event in records if event.kind == "closed"]
    labels = node.object_or_none("labels")
    return Issue(
        number=number,
        id=node.large_number("fullDatabaseId", default=0),
        node_id=node.text("id"),
        title=node.text("title"),
        body=body or None,  # GraphQL has no null here
        state=node.state("state"),
        state_reason=node.word_or_none("stateReason"),
        locked=node.flag("locked", default=False),
        author=user_of_node(node.object_or_none("author")),
        association=node.word("authorAssociation", "NONE"),
        labels=() if labels is None else labels.labels("nodes"),
        comment_count=node.object("comments").number("totalCount"),
        created_at=node.time("createdAt"),
        updated_at=node.time("updatedAt"),
        closed_at=node.time_or_none("closedAt"),
        closed_by=closes[-1].actor if closes else None,
        duplicate_of=reference_of_node(node.object_or_none("duplicateOf")),
        original_body=first_body(node, body) if original_body else None,
        comments=tuple(_parts(_comment, comments, quarantine, "comment", number, here)),
        events=tuple(records),
        raw=node.as_json(),
    )


def first_body(node: Fields, unedited: str | None) -> str | None:
    """Return the body of an issue as it was first written, which is ``unedited`` where no edit is listed."""
    edits = node.object_or_none("userContentEdits")
    for edit in objects(() if edits is None else edits.items("nodes"), "an edit", "userContentEdits.nodes."):
        return edit.text_or_none("diff")
    return unedited


def _parts(
    reader: Callable[[Fields], Record | None],
    nodes: Sequence[Any],
    quarantine: Quarantine,
    kind: str,
    number: int,
    repository: str | None,
) -> list[Record]:
    """Return the comments or events of an issue that can be read."""
    records: list[Record] = []
    for node in nodes:
        place = named(kind, node.get("fullDatabaseId", node.get("id")) if isinstance(node, dict) else None)
        record = quarantine.read(reader, node, place, f"{repository or ''}#{number}, {place}", number=number)
        if record is not None:
            records.append(record)
    return records


def user_of_node(actor: Fields | None) -> User | None:
    """Return who did something; None for a deleted account."""
    if actor is None:
        return None
    kind, login = actor.word("__typename"), actor.login("login")
    # GraphQL calls an app "name", REST and every dump "name[bot]".
    login = f"{login}[bot]" if kind == "Bot" and not login.endswith("[bot]") else login
    site_admin = None if actor.row.get("isSiteAdmin") is None else actor.flag("isSiteAdmin")
    return User(login, actor.number_or_none("databaseId"), kind, site_admin)


def reference_of_node(node: Fields | None) -> Reference | None:
    """Return the issue or pull request that a node is; None where it is neither."""
    if node is None or "number" not in node.row:
        return None
    kind = node.row.get("__typename")
    return Reference(
        node.object("repository").repository("nameWithOwner"),
        node.issue_number("number"),
        None if kind is None else kind == "PullRequest",
    )


def _comment(node: Fields) -> Comment:
    return Comment(
        id=node.large_number("fullDatabaseId"),
        node_id=node.text("id"),
        author=user_of_node(node.object_or_none("author")),
        association=node.word("authorAssociation", "NONE"),
        body=node.text("body"),
        created_at=node.time("createdAt"),
        updated_at=node.time("updatedAt"),
    )


def _marks_another(event: Event, repository: str | None, number: int) -> bool:
    """Return whether an event marks another issue as a duplicate of this one; that issue has an event of its own."""
    target = event.target
    return (
        event.kind in ("marked_as_duplicate", "unmarked_as_duplicate")
        and target is not None
        and (target.repository, target.number) == (repository, number)
    )


def _event(node: Fields) -> Event | None:
    kind = EVENT_KINDS.get(node.word("__typename"))
    if kind is None:
        return None
    target = next(
        (reference_of_node(node.object(name)) for name in ("canonical", "source", "duplicateOf") if node.row.get(name)),
        None,
    )
    origin = node.object_or_none("fromRepository") if kind == "transferred" else None
    if origin is not None:
        target = Reference(origin.repository("nameWithOwner"), 0)
    detail = node.text_or_none("previousTitle") if kind == "renamed" else node.word_or_none("stateReason")
    return Event(
        kind,
        node.time("createdAt"),
        user_of_node(node.object_or_none("actor")),
        target,
        detail=detail,
        id=node.text_or_none("id"),
    )
