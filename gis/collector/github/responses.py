"""What people answered to suggestions of duplicates: reactions to comments, and what still waits for an answer."""

from collections.abc import Iterator, Sequence

from gis.collector.fields import FieldError, Fields, objects
from gis.collector.github.adaptive import AdaptiveClient, QueryMaker
from gis.collector.github.graphql_nodes import reference_of_node, user_of_node
from gis.collector.github.queries import MAX_NODES, SUGGESTIONS, reactions_query, suggestions_query
from gis.collector.records import Asked, CloseSuggestion, PendingSuggestions, Reactions
from gis.collector.source import NotFoundError, SourceUnusableError
from gis.console import Reporter
from gis.errors import GisError

REFUSALS = (GisError, FieldError, NotFoundError)


def fetch_reactions(server: AdaptiveClient, comments: Sequence[Asked], reporter: Reporter) -> Iterator[list[Reactions]]:
    """Yield the reactions to comments that still exist; where the server refuses, warn and stop."""
    asked = {comment.node_id: comment for comment in comments}
    try:
        for nodes in _nodes(server, list(asked), reactions_query):
            yield [_reactions(node, asked[node.text("id")]) for node in nodes if node.row.get("id") in asked]
    except SourceUnusableError:
        raise
    except REFUSALS as error:
        reporter.warn(f"the reactions to suggested duplicates could not be read: {error}")


def fetch_suggestions(
    server: AdaptiveClient, issues: Sequence[Asked], reporter: Reporter
) -> Iterator[list[PendingSuggestions]]:
    """Yield the suggestions on issues that still exist; where the server lacks or refuses them, warn and stop."""
    try:
        for nodes in _nodes(server, [issue.node_id for issue in issues], suggestions_query):
            if SUGGESTIONS in server.lacking:  # which was said
                return
            yield [
                PendingSuggestions(node.issue_number("number"), tuple(_suggestions(node)))
                for node in nodes
                if node.row.get("pendingSuggestions") is not None  # it is null for those who may not see them
            ]
    except SourceUnusableError:
        raise
    except REFUSALS as error:
        reporter.warn(f"suggestions to close issues as duplicates could not be read: {error}")


def _nodes(server: AdaptiveClient, ids: Sequence[str], make_query: QueryMaker) -> Iterator[list[Fields]]:
    """Yield what is there of a hundred nodes each."""
    for start in range(0, len(ids), MAX_NODES):
        answer = server.run(make_query, {"ids": ids[start : start + MAX_NODES]})
        yield list(objects([node for node in answer.items("nodes") if node is not None], "a node"))


def _reactions(node: Fields, comment: Asked) -> Reactions:
    up, down = (node.object(name).number("totalCount") for name in ("up", "down"))
    return Reactions(comment.number, comment.id, up, down)


def _suggestions(node: Fields) -> Iterator[CloseSuggestion]:
    """Yield the suggestions to close an issue as a duplicate of an issue."""
    for suggestion in objects(node.items("pendingSuggestions"), "a suggestion"):
        if suggestion.word_or_none("stateReason") != "duplicate":
            continue
        target = reference_of_node(suggestion.object_or_none("duplicateOf"))
        if target is not None and not target.pull_request:
            yield CloseSuggestion(
                actor=user_of_node(suggestion.object_or_none("actor")),
                target=target,
                created_at=suggestion.time("createdAt"),
                rationale=suggestion.text_or_none("rationale") or "",
            )
