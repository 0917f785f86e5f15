"""The GraphQL documents, each without the fields that a server lacks."""

from collections.abc import Collection, Sequence
from itertools import islice

FIELDS = {
    "Issue.duplicateOf": "duplicateOf { number repository { nameWithOwner } }",
    "ClosedEvent.duplicateOf": "duplicateOf { ...Target }",
    "ClosedEvent.stateReason": "stateReason",
}
STATE_REASON, STATE_REASON_ARGUMENT = "Issue.stateReason", "stateReason(enableDuplicate)"
EDITS = "Issue.userContentEdits"
DISCUSSION = "Repository.discussion"
SUGGESTIONS = "Issue.pendingSuggestions"
# Older servers lack these. Once a server reports one as unknown, it is asked without it or for its older form.
OPTIONAL_FIELDS = frozenset(
    {
        *FIELDS,
        STATE_REASON,
        STATE_REASON_ARGUMENT,
        DISCUSSION,
        EDITS,
        SUGGESTIONS,
        "Issue.fullDatabaseId",
        "IssueComment.fullDatabaseId",
    }
)
EVENTS = (
    "MARKED_AS_DUPLICATE_EVENT",
    "UNMARKED_AS_DUPLICATE_EVENT",
    "CROSS_REFERENCED_EVENT",
    "CLOSED_EVENT",
    "REOPENED_EVENT",
    "RENAMED_TITLE_EVENT",
    "TRANSFERRED_EVENT",
)

# GitHub lists edits newest first: the last of them is the body as it was first written.
FIRST_BODY = "userContentEdits(last: 1) { nodes { diff } }"
MAX_NODES = 100  # of a connection in one request, as GitHub allows

ACTOR = """
fragment Who on Actor {
  __typename login
  ... on User { databaseId isSiteAdmin }
  ... on Bot { databaseId }
  ... on Mannequin { databaseId }
}"""
TARGET = """
fragment Target on IssueOrPullRequest {
  __typename
  ... on Issue { number repository { nameWithOwner } }
  ... on PullRequest { number repository { nameWithOwner } }
}"""


def page_query(without: Collection[str], *, edits: bool) -> str:
    """Make the query for a page of issues by their last change, and beside it a page of numbers of pull requests.

    Args:
        without: The members of ``OPTIONAL_FIELDS`` that the server lacks.
        edits: Whether to request each body as it was first written.
    """
    return f"""
query Issues(
  $owner: String!, $name: String!, $first: Int!, $after: String, $since: DateTime, $nested: Int!
  $pulls: Int!, $pullsAfter: String, $withIssues: Boolean!, $withPulls: Boolean!
) {{
  rateLimit {{ cost remaining resetAt }}
  repository(owner: $owner, name: $name) {{
    issues(first: $first, after: $after, filterBy: {{since: $since}}, orderBy: {{field: UPDATED_AT, direction: ASC}})
    @include(if: $withIssues) {{
      totalCount
      pageInfo {{ endCursor hasNextPage }}
      nodes {{ ...IssueFields }}
    }}
    pullRequests(first: $pulls, after: $pullsAfter, orderBy: {{field: CREATED_AT, direction: ASC}})
    @include(if: $withPulls) {{
      totalCount
      pageInfo {{ endCursor hasNextPage }}
      nodes {{ number }}
    }}
  }}
}}
{_issue(without, edits=edits)}{_event(without)}{_comment(without)}{ACTOR}{TARGET}
"""


def more_comments_query(without: Collection[str]) -> str:
    """Make the query for comments of one issue that did not fit onto its page."""
    return f"""
query MoreComments($id: ID!, $first: Int!, $after: String) {{
  rateLimit {{ cost remaining resetAt }}
  node(id: $id) {{
    ... on Issue {{
      comments(first: $first, after: $after) {{ pageInfo {{ endCursor hasNextPage }} nodes {{ ...CommentFields }} }}
    }}
  }}
}}
{_comment(without)}{ACTOR}
"""


def more_events_query(without: Collection[str]) -> str:
    """Make the query for events of one issue that did not fit onto its page."""
    return f"""
query MoreEvents($id: ID!, $first: Int!, $after: String) {{
  rateLimit {{ cost remaining resetAt }}
  node(id: $id) {{
    ... on Issue {{
      timelineItems(first: $first, after: $after, itemTypes: [{", ".join(EVENTS)}]) {{
        pageInfo {{ endCursor hasNextPage }} nodes {{ ...EventFields }}
      }}
    }}
  }}
}}
{_event(without)}{ACTOR}{TARGET}
"""


def reactions_query(_: Collection[str] = ()) -> str:
    """Make the query for how many agree and disagree with comments."""
    return """
query Reactions($ids: [ID!]!) {
  rateLimit { cost remaining resetAt }
  nodes(ids: $ids) {
    ... on IssueComment {
      id
      up: reactions(content: THUMBS_UP) { totalCount }
      down: reactions(content: THUMBS_DOWN) { totalCount }
    }
  }
}
"""


def suggestions_query(without: Collection[str]) -> str:
    """Make the query for the suggestions on issues that wait for an answer."""
    fields = "createdAt rationale stateReason actor { ...Who } duplicateOf { ...Target }"
    pending = f"pendingSuggestions {{ __typename ... on PendingCloseSuggestion {{ {fields} }} }}"
    return f"""
query Suggestions($ids: [ID!]!) {{
  rateLimit {{ cost remaining resetAt }}
  nodes(ids: $ids) {{ ... on Issue {{ number {"" if SUGGESTIONS in without else pending} }} }}
}}
{"" if SUGGESTIONS in without else ACTOR + TARGET}
"""


def numbers_query() -> str:
    """Make the query for the numbers of a page of issues."""
    return """
query Numbers($owner: String!, $name: String!, $first: Int!, $after: String) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    issues(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      pageInfo { endCursor hasNextPage } nodes { number }
    }
  }
}
"""


def size_query() -> str:
    """Make the query for the size of a repository, which costs one point."""
    return """
query Size($owner: String!, $name: String!) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    issues { totalCount }
    pullRequests { totalCount }
    sample: issues(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { comments { totalCount } } }
  }
}
"""


def texts_query(numbers: Sequence[int], without: Collection[str]) -> str:
    """Make the query for the titles and bodies of issues of one repository, as they are now and as first written.

    Args:
        numbers: The issues' numbers. The one at place N is the query's variable "numberN", its issue in the answer
            "issueN".
        without: The members of ``OPTIONAL_FIELDS`` that the server lacks.
    """
    places = range(len(numbers))
    fields = "\n    ".join(f"issue{place}: issue(number: $number{place}) {{ ...Text }}" for place in places)
    declared = " ".join(f"$number{place}: Int!" for place in places)
    history = "" if EDITS in without else FIRST_BODY
    return f"""
query Texts($owner: String!, $name: String!, {declared}) {{
  rateLimit {{ cost remaining resetAt }}
  repository(owner: $owner, name: $name) {{
    isPrivate
    {fields}
  }}
}}
fragment Text on Issue {{
  title body {history}
  timelineItems(first: 1, itemTypes: [RENAMED_TITLE_EVENT]) {{
    nodes {{ ... on RenamedTitleEvent {{ previousTitle }} }}
  }}
}}
"""


def states_query(sizes: Sequence[int], without: Collection[str]) -> str:  # noqa: ARG001 - nothing in it is optional
    """Make the query for issues of several repositories, as far as they are there.

    Args:
        sizes: How many issues of each repository. The repository at place N is named by the query's variables "ownerN"
            and "nameN", and is "repositoryN" in the answer; the issues are counted through all of them: "numberN" and
            "issueN".
        without: The members of ``OPTIONAL_FIELDS`` that the server lacks.
    """
    numbers = iter(range(sum(sizes)))
    repositories = []
    for place, size in enumerate(sizes):
        issues = [f"    issue{n}: issue(number: $number{n}) {{ ...State }}" for n in islice(numbers, size)]
        fields = "\n".join(["    databaseId nameWithOwner isPrivate hasIssuesEnabled", *issues])
        repositories.append(
            f"  repository{place}: repository(owner: $owner{place}, name: $name{place}) {{\n{fields}\n  }}"
        )
    newline = "\n"
    return f"""
query States({_declared(len(sizes), sum(sizes))}) {{
  rateLimit {{ cost remaining resetAt }}
{newline.join(repositories)}
}}
fragment State on Issue {{
  number title body
  repository {{ nameWithOwner }}
}}
"""


def discussions_query(count: int, without: Collection[str]) -> str:
    """Make the query for discussions of one repository, as far as they are there.

    Args:
        count: How many. Variables and answers are named as for ``states_query``, but for "discussionN".
        without: The members of ``OPTIONAL_FIELDS`` that the server lacks.
    """
    known = range(0 if DISCUSSION in without else count)
    fields = " ".join(f"discussion{place}: discussion(number: $number{place}) {{ number }}" for place in known)
    return f"""
query Discussions({_declared(1, len(known))}) {{
  rateLimit {{ cost remaining resetAt }}
  repository0: repository(owner: $owner0, name: $name0) {{ databaseId {fields} }}
}}
"""


def _declared(repositories: int, numbers: int) -> str:
    """Return the declarations of the variables that name repositories and numbers."""
    names = [f"$owner{place}: String! $name{place}: String!" for place in range(repositories)]
    return " ".join([*names, *(f"$number{place}: Int!" for place in range(numbers))])


def _issue(without: Collection[str], *, edits: bool) -> str:
    history = FIRST_BODY if edits else ""
    return f"""
fragment IssueFields on Issue {{
  {_number("Issue", without)} id number title body state locked authorAssociation createdAt updatedAt closedAt
  repository {{ nameWithOwner }}
  {_optional("Issue", without)} {_state_reason(without)}
  {history}
  author {{ ...Who }}
  labels(first: 100) {{ totalCount nodes {{ name }} }}
  comments(first: $nested) {{ totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ ...CommentFields }} }}
  timelineItems(first: $nested, itemTypes: [{", ".join(EVENTS)}]) {{
    pageInfo {{ endCursor hasNextPage }} nodes {{ ...EventFields }}
  }}
}}"""


def _event(without: Collection[str]) -> str:
    return f"""
fragment EventFields on IssueTimelineItems {{
  __typename
  ... on Node {{ id }}
  ... on MarkedAsDuplicateEvent {{ createdAt actor {{ ...Who }} canonical {{ ...Target }} }}
  ... on UnmarkedAsDuplicateEvent {{ createdAt actor {{ ...Who }} canonical {{ ...Target }} }}
  ... on CrossReferencedEvent {{ createdAt actor {{ ...Who }} source {{ ...Target }} }}
  ... on ClosedEvent {{ createdAt actor {{ ...Who }} {_optional("ClosedEvent", without)} }}
  ... on ReopenedEvent {{ createdAt actor {{ ...Who }} }}
  ... on RenamedTitleEvent {{ createdAt actor {{ ...Who }} previousTitle }}
  ... on TransferredEvent {{ createdAt actor {{ ...Who }} fromRepository {{ nameWithOwner }} }}
}}"""


def _comment(without: Collection[str]) -> str:
    return f"""
fragment CommentFields on IssueComment {{
  {_number("IssueComment", without)} id body authorAssociation createdAt updatedAt author {{ ...Who }}
}}"""


def _optional(kind: str, without: Collection[str]) -> str:
    return " ".join(text for name, text in FIELDS.items() if name.startswith(f"{kind}.") and name not in without)


def _state_reason(without: Collection[str]) -> str:
    if STATE_REASON in without:
        return ""
    return "stateReason" if STATE_REASON_ARGUMENT in without else "stateReason(enableDuplicate: true)"


def _number(kind: str, without: Collection[str]) -> str:
    return "fullDatabaseId: databaseId" if f"{kind}.fullDatabaseId" in without else "fullDatabaseId"
