"""Rows of the exports that people have, in the form of GitHub's REST API.

Three forms are read: rows of REST; events of GH Archive, whose payload holds rows of REST; and the fields of GraphQL,
which ``gh issue list --json`` prints.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gis.collector.fields import FieldError, Fields, text_in
from gis.collector.github.rest_rows import Row
from gis.collector.repositories import is_repository_name
from gis.collector.servers import API_ADDRESS, WEB_ADDRESS, web_url_of

EXPECTED = (
    "each line must be one issue as GitHub's REST API gives it, an event of GH Archive, or an issue as gh prints it"
)
GH_FIELDS = "number,id,title,body,state,stateReason,createdAt,updatedAt,closedAt,author,labels,comments,url"
COMMENT_ADDRESS = re.compile(r"#issuecomment-([0-9]{1,16})$")
LONGEST_NAME = 40  # characters of a field's name, in messages


class DumpRows(NamedTuple):
    """What one line of a dump holds.

    Attributes:
        repository: OWNER/NAME, or None where the line does not say.
        issue: A row of an issue or a pull request.
        comments: Rows of comments.
        server: Address of the server's web pages, or None where the line does not say.
    """

    repository: str | None
    issue: Row | None = None
    comments: tuple[Row, ...] = ()
    server: str | None = None


def rows_of_issue(line: object) -> DumpRows:
    """Return the rows of a line of a file of issues.

    Raises:
        FieldError: The line has none of the forms that are read.
    """
    fields = Fields.of(line, "the line")
    row = fields.row
    if "payload" in row:
        return _of_event(fields)
    if "createdAt" in row or "updatedAt" in row:
        rest = _in_rest_form(fields)
    elif not isinstance(row.get("number"), int) and not {"title", "created_at"} & row.keys():
        shown = ", ".join(name[:LONGEST_NAME] for name in list(row)[:8])
        raise FieldError(f"it has the fields {shown or 'none'}, none of which an issue has")
    else:
        rest = row
    return DumpRows(
        repository_of(rest),
        rest,
        tuple(_comment_in_rest_form(Fields.of(node, "comments"), rest.get("number")) for node in _comments(fields)),
        server_of(rest),
    )


def rows_of_comment(line: object) -> DumpRows:
    """Return the rows of a line of a file of comments.

    Raises:
        FieldError: The line has none of the forms that are read.
    """
    fields = Fields.of(line, "the line")
    row = fields.row
    if "payload" in row:
        return _of_event(fields)
    if "createdAt" in row:
        address = WEB_ADDRESS.match(text_in(row, "url"))
        row = _comment_in_rest_form(fields, row.get("issue_number", int(address["number"]) if address else None))
    return DumpRows(None, None, (row,))


def is_pull_request(row: Row) -> bool:
    """Return whether a row of REST's list of issues, which holds both, is a pull request."""
    return (
        bool(row.get("pull_request"))
        or row.get("isPullRequest") is True
        or row.get("__typename") == "PullRequest"
        or "/pull/" in text_in(row, "html_url")
    )


def repository_of(row: Row) -> str | None:
    """Return the OWNER/NAME that a row gives, if it does.

    Raises:
        FieldError: What it gives is not one.
    """
    repository = row.get("repository")
    if isinstance(repository, Mapping):
        repository = repository.get("full_name") or repository.get("nameWithOwner")
    address = WEB_ADDRESS.match(text_in(row, "html_url"))
    of_api = text_in(row, "repository_url").partition("/repos/")[2]
    name = repository or of_api or (address["repository"] if address else None)
    return None if name is None else _repository_name(name, "repository")


def server_of(row: Row) -> str | None:
    """Return the address of the server that a row gives, as that of a page or of the API, if it does."""
    addresses = (text_in(row, name) for name in ("html_url", "repository_url", "url"))
    known = (address for address in addresses if WEB_ADDRESS.match(address) or API_ADDRESS.match(address))
    return next(map(web_url_of, known), None)


def number_on_web(row: Row) -> int | None:
    """Return the number of the issue or pull request at the address of a row, if it has one."""
    address = WEB_ADDRESS.match(text_in(row, "html_url"))
    return int(address["number"]) if address else None


def _of_event(event: Fields) -> DumpRows:
    """Return the rows of an event of GH Archive; events of other kinds have none."""
    repository, payload = event.object("repo").row, event.object("payload")
    name = None if repository.get("name") is None else _repository_name(repository["name"], "repo.name")
    server = server_of(repository)
    if "pull_request" in payload.row or text_in(event.row, "type").startswith("PullRequest"):
        number = payload.row.get("number") or payload.object("pull_request").row.get("number")
        return DumpRows(name, {"number": number, "pull_request": {"number": number}}, server=server)
    if "issue" not in payload.row:
        return DumpRows(name, server=server)
    issue, comment = payload.object("issue").row, payload.object_or_none("comment")
    return DumpRows(
        name, issue, () if comment is None else ({**comment.row, "issue_number": issue.get("number")},), server
    )


def _repository_name(value: object, field: str) -> str:
    if not isinstance(value, str) or not is_repository_name(value):
        raise FieldError(f"the field {field} is not OWNER/NAME", field=field)
    return value


def _nodes(fields: Fields, name: str) -> Sequence[Any]:
    """Return a list, whether it is given as such or as the nodes of a connection."""
    is_connection = isinstance(fields.row.get(name), Mapping)
    return fields.object(name).items("nodes") if is_connection else fields.items(name)


def _comments(fields: Fields) -> Sequence[Any]:
    """Return the comments that come with an issue: none where there is only their number."""
    return () if isinstance(fields.row.get("comments"), int) else _nodes(fields, "comments")


def _in_rest_form(fields: Fields) -> Row:
    """Return an issue with the fields of GraphQL as a row of REST."""
    row = fields.row
    comments = row.get("comments")
    count = comments.get("totalCount") if isinstance(comments, Mapping) else comments
    return {
        **row,
        "id": row.get("fullDatabaseId") or row.get("databaseId"),
        "node_id": row.get("id"),
        "state_reason": row.get("stateReason"),
        "user": _user(fields.object_or_none("author")),
        "author_association": row.get("authorAssociation"),
        "labels": _nodes(fields, "labels"),
        "comments": count if isinstance(count, int) else len(_comments(fields)),
        "created_at": row.get("createdAt"),
        "updated_at": row.get("updatedAt"),
        "closed_at": row.get("closedAt"),
        "html_url": row.get("url"),
    }


def _comment_in_rest_form(fields: Fields, number: object) -> Row:
    row = fields.row
    if "createdAt" not in row:
        return {"issue_number": number, **row}
    address = COMMENT_ADDRESS.search(text_in(row, "url"))
    return {
        "issue_number": number,
        "id": row.get("fullDatabaseId") or row.get("databaseId") or (int(address[1]) if address else None),
        "node_id": row.get("id"),
        "user": _user(fields.object_or_none("author")),
        "author_association": row.get("authorAssociation"),
        "body": row.get("body"),
        "created_at": row.get("createdAt"),
        "updated_at": row.get("updatedAt") or row.get("createdAt"),
        "html_url": row.get("url"),
    }


def _user(author: Fields | None) -> dict[str, Any] | None:
    """Return an account as REST gives it: gh calls an app "app/NAME", GraphQL "NAME", REST "NAME[bot]"."""
    if author is None or not author.row.get("login"):
        return None
    login = author.text("login")
    is_app = login.startswith("app/") or author.row.get("__typename") == "Bot"
    if is_app:
        login = f"{login.removeprefix('app/').removesuffix('[bot]')}[bot]"
    kind = author.row.get("__typename") or ("Bot" if is_app or author.row.get("is_bot") else "User")
    return {"login": login, "id": author.row.get("databaseId"), "type": kind}
