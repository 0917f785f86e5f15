"""The one table that every layout is mapped to: a row for each line of a source, in the words of GitHub's API."""

from typing import Final

import ibis
import ibis.expr.datatypes as dt

# What a line of a source is: an event that is used, or why it is not.
ISSUE, COMMENT = USED = ("issue", "comment")
MALFORMED: Final = "malformed"
OVERLONG: Final = "overlong"
CUT_OFF: Final = "cut off"  # the line in which a damaged file breaks off
OTHER_KIND: Final = "other kind"
PULL_REQUEST: Final = "pull request"
NO_TEXT: Final = "no text"  # an issue or a comment before 2015, when there were only their numbers
REPEATED: Final = "repeated"  # an event that another line has already
REASONS = (MALFORMED, OVERLONG, CUT_OFF, OTHER_KIND, PULL_REQUEST, NO_TEXT, REPEATED)

EVENTS = ibis.schema(
    {
        # one of USED, or of REASONS; of the latter only this column and the next are to be read, and of a pull request
        # its number, with that of the repository
        "line": "string",
        "file": "string",  # the key of that file; of all lines
        "id": "string",
        "kind": "string",  # what happened: opened, closed, reopened, labeled, commented
        "at": "string",  # ISO 8601, UTC
        "actor": "string",
        "actor_id": "int64",
        "repository_id": "int64",
        "repository": "string",  # OWNER/NAME at the time
        "number": "int64",
        "label": "string",  # the one that was put on
        # the issue as it was then
        "issue_id": "int64",
        "issue_node_id": "string",
        "title": "string",
        "body": "string",
        "state": "string",
        "state_reason": "string",
        "locked": "boolean",
        "labels": dt.Array(dt.Struct({"name": dt.string})),
        "comment_count": "int64",
        "created_at": "string",
        "closed_at": "string",
        "author": "string",
        "author_id": "int64",
        "author_type": "string",
        "association": "string",
        # the comment
        "comment_id": "int64",
        "comment_node_id": "string",
        "comment_body": "string",
        "comment_created_at": "string",
        "comment_author": "string",
        "comment_author_id": "int64",
        "comment_author_type": "string",
        "comment_association": "string",
        "comment_app": "string",
    }
)

ORDER = ("repository_id", "number", "at", "id", "file")  # of the events of an issue
