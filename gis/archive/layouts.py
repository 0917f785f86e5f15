"""Layouts: how the files of a source are read, and how what they hold is mapped to the table of events."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.datatypes as dt
from ibis.expr.schema import Schema
from ibis.expr.types import Table

from gis.archive.tables import (
    COMMENT,
    CUT_OFF,
    ISSUE,
    MALFORMED,
    NO_TEXT,
    OTHER_KIND,
    OVERLONG,
    PULL_REQUEST,
    USED,
)

TIME = "____-__-__T__:__:__Z"  # as GitHub writes it, as a pattern of SQL's LIKE
LINES = "lines"  # the name of the table that a file becomes
ISSUES, COMMENTS = "IssuesEvent", "IssueCommentEvent"
# Columns that are large, or that events of other kinds have too: kept of lines that are used.
ONLY_OF_USED = "id kind at actor actor_id repository title body comment_body".split()

_USER = dt.Struct({"login": dt.string, "id": dt.int64, "type": dt.string})
_ISSUE = dt.Struct(
    {
        "id": dt.int64,
        "node_id": dt.string,
        "number": dt.int64,
        "title": dt.string,
        "body": dt.string,
        "state": dt.string,
        "state_reason": dt.string,
        "locked": dt.boolean,
        "comments": dt.int64,
        "created_at": dt.string,
        "closed_at": dt.string,
        "author_association": dt.string,
        "user": _USER,
        "labels": dt.Array(dt.Struct({"name": dt.string})),
        "pull_request": dt.Struct({"url": dt.string}),
    }
)
_COMMENT = dt.Struct(
    {
        "id": dt.int64,
        "node_id": dt.string,
        "body": dt.string,
        "created_at": dt.string,
        "author_association": dt.string,
        "user": _USER,
        "performed_via_github_app": dt.Struct({"slug": dt.string}),
    }
)


@dataclass(frozen=True)
class Layout:
    """How a source writes events.

    Attributes:
        name: What people call it.
        schema: The columns that are read of a file. What cannot be read of a line is null.
        mapped: Returns ``EVENTS`` for a table of that schema and ``file``.
    """

    name: str
    schema: Schema
    mapped: Callable[[Table], Table]

    @cached_property
    def query(self) -> Table:
        """The events of a table called ``LINES``, which every engine has when it reads a file."""
        return self.mapped(ibis.table({**self.schema, "file": dt.string}, name=LINES))


def _from_gharchive(lines: Table) -> Table:
    """Map lines of GH Archive's JSON.

    Since 2015 an event holds REST's issue and comment as they were. Before, there are only their numbers: no text.
    """
    payload, issue, comment = lines.payload, lines.payload.issue, lines.payload.comment
    is_comment = lines["type"] == COMMENTS
    has_numbers = payload.number.notnull() | payload.issue_id.notnull()
    malformed = (
        lines.id.isnull()
        | lines.repo.id.isnull()
        | (issue.number.isnull() | (issue.number < 1))
        | ~lines.created_at.like(TIME).fill_null(False)  # noqa: FBT003 - a value
        | (is_comment & comment.id.isnull())
    )
    line = ibis.cases(
        (lines["type"].isnull(), MALFORMED),
        (lines["type"].isin((OVERLONG, CUT_OFF)), lines["type"]),  # as ``mended`` writes them
        (lines["type"].notin((ISSUES, COMMENTS)), OTHER_KIND),
        (issue.number.isnull() & has_numbers, NO_TEXT),
        (issue.pull_request.url.notnull(), PULL_REQUEST),
        (malformed, MALFORMED),
        (is_comment, COMMENT),
        else_=ISSUE,
    )
    created = ibis.cases(
        (payload.action.isnull() | (payload.action == "created"), "commented"), else_="comment " + payload.action
    )
    columns = {
        "id": lines.id,
        "kind": ibis.ifelse(is_comment, created, payload.action),
        "at": lines.created_at,
        "actor": lines.actor.login,
        "actor_id": lines.actor.id,
        "repository_id": lines.repo.id,
        "repository": lines.repo["name"],
        "number": issue.number,
        "label": payload.label["name"],
        "issue_id": issue.id,
        "issue_node_id": issue.node_id,
        "title": issue.title,
        "body": issue.body,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "locked": issue.locked,
        "labels": issue.labels,
        "comment_count": issue.comments,
        "created_at": issue.created_at,
        "closed_at": issue.closed_at,
        "author": issue.user.login,
        "author_id": issue.user.id,
        "author_type": issue.user["type"],
        "association": issue.author_association,
        "comment_id": comment.id,
        "comment_node_id": comment.node_id,
        "comment_body": comment.body,
        "comment_created_at": comment.created_at,
        "comment_author": comment.user.login,
        "comment_author_id": comment.user.id,
        "comment_author_type": comment.user["type"],
        "comment_association": comment.author_association,
        "comment_app": comment.performed_via_github_app.slug,
    }
    used = line.isin(USED)
    columns |= {name: ibis.ifelse(used, columns[name], ibis.null(columns[name].type())) for name in ONLY_OF_USED}
    is_known = used | (line == PULL_REQUEST)
    columns["repository_id"] = ibis.ifelse(is_known, lines.repo.id, ibis.null("int64"))
    return lines.select(line=line, file=lines.file, **columns)


GHARCHIVE = Layout(
    name="GH Archive",
    schema=ibis.schema(
        {
            "id": dt.string,
            "type": dt.string,
            "created_at": dt.string,
            "actor": dt.Struct({"id": dt.int64, "login": dt.string}),
            "repo": dt.Struct({"id": dt.int64, "name": dt.string}),
            "payload": dt.Struct(
                {
                    "action": dt.string,
                    "number": dt.int64,  # before 2015, with issue_id
                    "issue_id": dt.int64,
                    "label": dt.Struct({"name": dt.string}),
                    "issue": _ISSUE,
                    "comment": _COMMENT,
                }
            ),
        }
    ),
    mapped=_from_gharchive,
)
