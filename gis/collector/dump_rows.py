"""Rows of the exports that people have, in the form of GitHub's REST API.

Three forms are read: rows of REST; events of GH Archive, whose payload holds rows of REST; and the fields of GraphQL,
which ``gh issue list --json`` prints.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gis.collector.github.rest_rows import FieldError, Row
from gis.collector.servers import API_ADDRESS, WEB_ADDRESS, web_url_of

EXPECTED = (
    "each line must be one issue as GitHub's REST API gives it, an event of GH Archive, or an issue as gh prints it"
)
GH_FIELDS = "number,id,title,body,state,stateReason,createdAt,updatedAt,closedAt,author,labels,comments,url"
COMMENT_ADDRESS = re.compile(r"#issuecomment-(\d+)$")


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
    row = _object(line, "the line")
    if "payload" in row:
        return _of_event(row)
    comments = row.get("comments")
    if "createdAt" in row or "updatedAt" in row:
        row = _in_rest_form(row)
    elif not isinstance(row.get("number"), int) and not {"title", "created_at"} & row.keys():
        raise FieldError(f"it has the fields {', '.join(list(row)[:8]) or 'none'}, none of which an issue has")
    number = row.get("number")
    nodes = comments.get("nodes") if isinstance(comments, Mapping) else comments
    return DumpRows(
        repository_of(row),
        row,
        tuple(_comment_in_rest_form(_object(node, "comments"), number) for node in nodes)
        if isinstance(nodes, Sequence) and not isinstance(nodes, str)
        else (),
        server_of(row),
    )


def rows_of_comment(line: object) -> DumpRows:
    """Return the rows of a line of a file of comments.

    Raises:
        FieldError: The line has none of the forms that are read.
    """
    row = _object(line, "the line")
    if "payload" in row:
        return _of_event(row)
    if "createdAt" in row:
        address = WEB_ADDRESS.match(str(row.get("url")))
        row = _comment_in_rest_form(row, row.get("issue_number", int(address["number"]) if address else None))
    return DumpRows(None, None, (row,))


def is_pull_request(row: Row) -> bool:
    """Return whether a row of REST's list of issues, which holds both, is a pull request."""
    return (
        bool(row.get("pull_request"))
        or row.get("isPullRequest") is True
        or row.get("__typename") == "PullRequest"
        or "/pull/" in str(row.get("html_url"))
    )


def repository_of(row: Row) -> str | None:
    """Return the OWNER/NAME that a row gives, if it does."""
    repository = row.get("repository")
    if isinstance(repository, Mapping):
        repository = repository.get("full_name") or repository.get("nameWithOwner")
    address = WEB_ADDRESS.match(str(row.get("html_url")))
    of_api = str(row.get("repository_url") or "").partition("/repos/")[2]
    return str(repository or of_api or (address["repository"] if address else "")) or None


def server_of(row: Row) -> str | None:
    """Return the address of the server that a row gives, as that of a page or of the API, if it does."""
    addresses = (str(row.get(name)) for name in ("html_url", "repository_url", "url"))
    known = (address for address in addresses if WEB_ADDRESS.match(address) or API_ADDRESS.match(address))
    return next(map(web_url_of, known), None)


def number_on_web(row: Row) -> int | None:
    """Return the number of the issue or pull request at the address of a row, if it has one."""
    address = WEB_ADDRESS.match(str(row.get("html_url")))
    return int(address["number"]) if address else None


def _of_event(event: Row) -> DumpRows:
    """Return the rows of an event of GH Archive; events of other kinds have none."""
    repository = _object(event.get("repo"), "repo")
    payload = _object(event["payload"], "payload")
    name = None if repository.get("name") is None else str(repository["name"])
    server = server_of(repository)
    if "pull_request" in payload or str(event.get("type")).startswith("PullRequest"):
        number = payload.get("number") or _object(payload.get("pull_request"), "payload.pull_request").get("number")
        return DumpRows(name, {"number": number, "pull_request": {"number": number}}, server=server)
    if "issue" not in payload:
        return DumpRows(name, server=server)
    issue = _object(payload["issue"], "payload.issue")
    comment = payload.get("comment")
    comments = (
        () if comment is None else ({**_object(comment, "payload.comment"), "issue_number": issue.get("number")},)
    )
    return DumpRows(name, issue, comments, server)


def _in_rest_form(row: Row) -> Row:
    """Return an issue with the fields of GraphQL as a row of REST."""
    labels = row.get("labels") or ()
    labels = labels.get("nodes") or () if isinstance(labels, Mapping) else labels
    comments = row.get("comments") or 0
    nodes = comments.get("nodes", ()) if isinstance(comments, Mapping) else comments
    count = comments.get("totalCount") if isinstance(comments, Mapping) else None
    return {
        **row,
        "id": row.get("fullDatabaseId") or row.get("databaseId"),
        "node_id": row.get("id"),
        "state": str(row.get("state")).lower(),
        "state_reason": str(row.get("stateReason") or "").lower() or None,
        "user": _user(row.get("author")),
        "author_association": row.get("authorAssociation"),
        "labels": labels,
        "comments": (nodes if isinstance(nodes, int) else len(nodes)) if count is None else count,
        "created_at": row.get("createdAt"),
        "updated_at": row.get("updatedAt"),
        "closed_at": row.get("closedAt"),
        "html_url": row.get("url"),
    }


def _comment_in_rest_form(row: Row, number: object) -> Row:
    if "createdAt" not in row:
        return {"issue_number": number, **row}
    address = COMMENT_ADDRESS.search(str(row.get("url")))
    return {
        "issue_number": number,
        "id": row.get("fullDatabaseId") or row.get("databaseId") or (int(address[1]) if address else None),
        "node_id": row.get("id"),
        "user": _user(row.get("author")),
        "author_association": row.get("authorAssociation"),
        "body": row.get("body"),
        "created_at": row.get("createdAt"),
        "updated_at": row.get("updatedAt") or row.get("createdAt"),
        "html_url": row.get("url"),
    }


def _user(author: object) -> dict[str, Any] | None:
    """Return an account as REST gives it: gh calls an app "app/NAME", GraphQL "NAME", REST "NAME[bot]"."""
    if not isinstance(author, Mapping) or not author.get("login"):
        return None
    login = str(author["login"])
    is_app = login.startswith("app/") or author.get("__typename") == "Bot"
    if is_app:
        login = f"{login.removeprefix('app/').removesuffix('[bot]')}[bot]"
    kind = author.get("__typename") or ("Bot" if is_app or author.get("is_bot") else "User")
    return {"login": login, "id": author.get("databaseId"), "type": kind}


def _object(value: object, name: str) -> Row:
    if not isinstance(value, Mapping):
        raise FieldError(f"{name} is {type(value).__name__}, expected an object")
    return value
