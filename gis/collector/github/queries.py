"""The GraphQL documents, made for what a server knows."""

from collections.abc import Collection

# Fields that older servers lack. A server that calls one of them undefined is asked without it from then on.
OPTIONAL = {
    "Issue.duplicateOf": "duplicateOf { number repository { nameWithOwner } }",
    "ClosedEvent.duplicateOf": "duplicateOf { ...Target }",
    "Issue.stateReason": "stateReason(enableDuplicate: true)",
    "ClosedEvent.stateReason": "stateReason",
}
EVENTS = (
    "MARKED_AS_DUPLICATE_EVENT",
    "UNMARKED_AS_DUPLICATE_EVENT",
    "CROSS_REFERENCED_EVENT",
    "CLOSED_EVENT",
    "REOPENED_EVENT",
    "RENAMED_TITLE_EVENT",
    "TRANSFERRED_EVENT",
)

NESTED = 100  # comments, events and labels that come with an issue; the rest is asked for one issue at a time

ACTOR = """
fragment Who on Actor {
  __typename login
  ... on User { databaseId isSiteAdmin }
  ... on Bot { databaseId }
  ... on Mannequin { databaseId }
}"""
COMMENT = """
fragment CommentFields on IssueComment {
  fullDatabaseId id body authorAssociation createdAt updatedAt author { ...Who }
}"""
TARGET = """
fragment Target on IssueOrPullRequest {
  __typename
  ... on Issue { number repository { nameWithOwner } }
  ... on PullRequest { number repository { nameWithOwner } }
}"""


def page_query(without: Collection[str], *, edits: bool) -> str:
    """A page of issues by their last change, and beside it a page of pull requests' numbers.

    Args:
        without: Keys of ``OPTIONAL`` that the server lacks.
        edits: Ask for the history of the bodies.
    """
    return f"""
query Issues(
  $owner: String!, $name: String!, $first: Int!, $after: String, $since: DateTime, $nested: Int!
  $pulls: Int!, $pullsAfter: String, $withPulls: Boolean!
) {{
  rateLimit {{ cost remaining resetAt }}
  repository(owner: $owner, name: $name) {{
    issues(first: $first, after: $after, filterBy: {{since: $since}}, orderBy: {{field: UPDATED_AT, direction: ASC}}) {{
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
{_issue(without, edits=edits)}{_event(without)}{COMMENT}{ACTOR}{TARGET}
"""


def more_comments_query() -> str:
    """The comments of one issue that did not fit onto its page."""
    return f"""
query MoreComments($id: ID!, $first: Int!, $after: String) {{
  rateLimit {{ cost remaining resetAt }}
  node(id: $id) {{
    ... on Issue {{
      comments(first: $first, after: $after) {{ pageInfo {{ endCursor hasNextPage }} nodes {{ ...CommentFields }} }}
    }}
  }}
}}
{COMMENT}{ACTOR}
"""


def more_events_query(without: Collection[str]) -> str:
    """The events of one issue that did not fit onto its page."""
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


def numbers_query() -> str:
    """The numbers of a hundred issues."""
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
    """How much there is, for an estimate: one point."""
    return """
query Size($owner: String!, $name: String!, $since: DateTime) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    issues(filterBy: {since: $since}) { totalCount }
    pullRequests { totalCount }
    sample: issues(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { comments { totalCount } } }
  }
}
"""


def _issue(without: Collection[str], *, edits: bool) -> str:
    # GitHub lists edits newest first: the last of them is the body as it was written.
    history = "userContentEdits(last: 1) { nodes { diff } }" if edits else ""
    return f"""
fragment IssueFields on Issue {{
  fullDatabaseId id number title body state locked authorAssociation createdAt updatedAt closedAt
  {_optional("Issue", without)}
  {history}
  author {{ ...Who }}
  labels(first: $nested) {{ totalCount nodes {{ name }} }}
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


def _optional(kind: str, without: Collection[str]) -> str:
    return " ".join(text for name, text in OPTIONAL.items() if name.startswith(f"{kind}.") and name not in without)
