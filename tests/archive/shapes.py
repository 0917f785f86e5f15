"""What GH Archive writes for an event, in the shape of each of its eras.

2011 and the Timeline shape carry numbers, not texts. Since 2015 events hold REST's issue and comment as they were at
that second; node ids and roles came in 2018, reasons of closes in 2022. Roles left in October 2025, when pull requests
were cut down too; labels are events since May 2026.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

Row = dict[str, Any]
API, WEB = "https://api.github.com", "https://github.com"
ERAS = ("2011", "timeline", "2015", "2018", "2022", "2025-10", "2026-05")
BEGINS = ("2011-01", "2012-03-11", "2015-01", "2018-06", "2022-06", "2025-10-07", "2026-05-01")
GHOST: Row = {"login": "ghost", "id": 10137, "type": "User", "site_admin": False}
PACIFIC = timezone(timedelta(hours=-8))
KINDS_OF_NOISE = {
    "PushEvent": 50,
    "CreateEvent": 14,
    "WatchEvent": 9,
    "PullRequestEvent": 9,
    "IssueCommentEvent": 7,
    "PullRequestReviewEvent": 5,
    "DeleteEvent": 3,
    "ForkEvent": 3,
}
OF_ACCOUNTS = (
    "followers",
    "following{/other_user}",
    "gists{/gist_id}",
    "starred{/owner}{/repo}",
    "subscriptions",
    "orgs",
    "repos",
    "events{/privacy}",
    "received_events",
)


def era_of(time: str) -> str:
    """The era of an ISO time."""
    return next((era for era, begin in zip(ERAS[::-1], BEGINS[::-1], strict=True) if time >= begin), ERAS[0])


@dataclass(frozen=True)
class Shape:
    """How an era writes events of a repository.

    Attributes:
        era: One of ERAS.
        repository: OWNER/NAME at the time.
        repository_id: GitHub's number of it.
    """

    era: str
    repository: str
    repository_id: int

    @property
    def has_texts(self) -> bool:
        return self.era not in ("2011", "timeline")

    @property
    def has_roles(self) -> bool:
        return self.era in ("2018", "2022")

    @property
    def has_node_ids(self) -> bool:
        return ERAS.index(self.era) >= ERAS.index("2018")

    def event(self, identity: int, kind: str, time: str, actor: Row | None, payload: Row) -> Row:
        """An event with its envelope."""
        who = actor or GHOST
        if self.era == "timeline":
            return self._timeline_event(kind, time, who, payload)
        owner = self.repository.partition("/")[0]
        api = "https://api.github.dev" if self.era == "2011" else API
        user = {
            "id": who["id"],
            "login": who["login"],
            "display_login": who["login"].removesuffix("[bot]"),
            "gravatar_id": "",
            "url": f"{api}/users/{who['login']}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{who['id']}?",
        }
        if self.era in ("2011", "2015"):
            del user["display_login"]
        return {
            "id": str(identity),
            "type": kind,
            "actor": user,
            "repo": {"id": self.repository_id, "name": self.repository, "url": f"{api}/repos/{self.repository}"},
            "payload": payload,
            "public": True,
            "created_at": time,
            "org": {
                "id": 5430905,
                "login": owner,
                "gravatar_id": "",
                "url": f"{api}/orgs/{owner}",
                "avatar_url": "https://avatars.githubusercontent.com/u/5430905?",
            },
        }

    def _timeline_event(self, kind: str, time: str, who: Row, payload: Row) -> Row:
        """An event of the Timeline API: no id, accounts by name, the local time of California."""
        owner, name = self.repository.split("/")
        anchor = f"#issuecomment-{payload['comment_id']}" if "comment_id" in payload else ""
        number = payload.pop("_number", payload.get("number"))
        return {
            "created_at": datetime.fromisoformat(time).astimezone(PACIFIC).isoformat(),
            "payload": payload,
            "public": True,
            "type": kind,
            "url": f"{WEB}/{self.repository}/issues/{number}{anchor}",
            "actor": who["login"],
            "actor_attributes": {"login": who["login"], "type": who["type"], "gravatar_id": "0" * 32},
            "repository": {
                "id": self.repository_id,
                "name": name,
                "url": f"{WEB}/{self.repository}",
                "description": "",
                "watchers": 3,
                "forks": 1,
                "fork": False,
                "size": 560,
                "owner": owner,
                "organization": owner,
                "private": False,
                "open_issues": 1,
                "has_issues": True,
                "language": "Rust",
            },
        }

    def issue_payload(self, action: str, issue: Row, label: str | None = None) -> Row:
        """The payload of an IssuesEvent."""
        if not self.has_texts:
            return {"action": action, "issue": issue["id"], "number": issue["number"]}
        payload = {"action": action, "issue": self.issue(issue)}
        return payload if label is None else {**payload, "label": self._label(label)}

    def comment_payload(self, issue: Row, comment: Row) -> Row:
        """The payload of an IssueCommentEvent."""
        if self.era == "2011":
            return {"comment_id": comment["id"], "issue_id": issue["id"]}
        if self.era == "timeline":
            return {"comment_id": comment["id"], "issue_id": issue["id"], "_number": issue["number"]}
        page = "pull" if "pull_request" in issue else "issues"
        row = {
            "url": f"{API}/repos/{self.repository}/issues/comments/{comment['id']}",
            "html_url": f"{WEB}/{self.repository}/{page}/{issue['number']}#issuecomment-{comment['id']}",
            "issue_url": f"{API}/repos/{self.repository}/issues/{issue['number']}",
            "id": comment["id"],
            **({"node_id": comment["node_id"]} if self.has_node_ids else {}),
            "user": account(comment["user"], self.has_node_ids),
            "created_at": comment["created_at"],
            "updated_at": comment["created_at"],
            **({"author_association": comment["author_association"]} if self.has_roles else {}),
            "body": comment["body"],
            **({"performed_via_github_app": None} if self.has_node_ids else {}),
        }
        return {"action": "created", "issue": self.issue(issue), "comment": row}

    def issue(self, row: Row) -> Row:
        """An issue or a pull request as REST gave it at the time; ``row`` says how it was then."""
        address = f"{API}/repos/{self.repository}/issues/{row['number']}"
        page = "pull" if "pull_request" in row else "issues"
        return {
            "url": address,
            **({"repository_url": f"{API}/repos/{self.repository}"} if self.has_node_ids else {}),
            "labels_url": f"{address}/labels{{/name}}",
            "comments_url": f"{address}/comments",
            "events_url": f"{address}/events",
            "html_url": f"{WEB}/{self.repository}/{page}/{row['number']}",
            "id": row["id"],
            **({"node_id": row["node_id"]} if self.has_node_ids else {}),
            "number": row["number"],
            "title": row["title"],
            "user": account(row["user"], self.has_node_ids),
            "labels": [self._label(label["name"]) for label in row["labels"]],
            "state": row["state"],
            "locked": row["locked"],
            "assignee": None,
            **({"assignees": []} if self.has_node_ids else {}),
            "milestone": None,
            "comments": row["comments"],
            "created_at": row["created_at"],
            "updated_at": row["updated_at"],
            "closed_at": row["closed_at"],
            **({"author_association": row["author_association"]} if self.has_roles else {}),
            **({"pull_request": row["pull_request"]} if "pull_request" in row else {}),
            "body": row["body"],
            **({"state_reason": row["state_reason"]} if ERAS.index(self.era) >= ERAS.index("2022") else {}),
        }

    def _label(self, name: str) -> Row:
        identity = sum(name.encode())
        url = f"{API}/repos/{self.repository}/labels/{name}"
        return {"id": identity, "url": url, "name": name, "color": "d93f0b", "default": False}


def account(row: Row | None, with_node_id: bool) -> Row:
    """An account with all the addresses that REST gives it."""
    row = row or GHOST
    return _account(row["login"], row["id"], row["type"], with_node_id)


@cache
def _account(login: str, identity: int, kind: str, with_node_id: bool) -> Row:
    address = f"{API}/users/{login}"
    return {
        "login": login,
        "id": identity,
        **({"node_id": f"MDQ6VXNlcj{identity}"} if with_node_id else {}),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{identity}?v=4",
        "gravatar_id": "",
        "url": address,
        "html_url": f"{WEB}/{login}",
        **{f"{end.partition('{')[0]}_url": f"{address}/{end}" for end in OF_ACCOUNTS},
        "type": kind,
        "site_admin": False,
    }


def pull_request(number: int, who: Row, time: str, rng: random.Random) -> Row:
    """A pull request in the form of an issue, as it stands in events of its comments."""
    return {
        "id": 900_000_000 + number,
        "node_id": f"PR_{number}",
        "number": number,
        "title": f"Mend {rng.randrange(16**6):x}",
        "body": "This is a duplicate of #1 in spirit only.",
        "state": "open",
        "state_reason": None,
        "locked": False,
        "labels": [{"name": "duplicate"}],
        "comments": 1,
        "user": who,
        "author_association": "MEMBER",
        "created_at": time,
        "updated_at": time,
        "closed_at": None,
        "pull_request": {"url": f"{API}/pulls/{number}", "html_url": f"{WEB}/pull/{number}"},
    }


def noise_payload(kind: str, shape: Shape, time: str, who: Row, rng: random.Random) -> Mapping[str, Any]:
    """The payload of an event of another kind, or of a comment on a pull request."""
    sha = f"{rng.getrandbits(160):040x}"
    number = rng.randrange(10**6, 2 * 10**6)
    if kind == "IssueCommentEvent" and not shape.has_texts:
        return {"comment_id": number, "issue_id": number}
    if kind == "IssueCommentEvent":
        comment = {
            "id": 1_900_000_000 + number,
            "node_id": f"IC_n{number}",
            "body": f"Duplicate of #{rng.randrange(1, 99)}, closing. {sha}",
            "user": who,
            "author_association": "MEMBER",
            "created_at": time,
        }
        return shape.comment_payload(pull_request(number, who, time, rng), comment)
    if kind in ("PullRequestEvent", "PullRequestReviewEvent"):
        cut = {"url": f"{API}/pulls/{number}", "id": number, "number": number, "head": {"ref": "x", "sha": sha}}
        whole = {**cut, "title": f"Mend {sha}", "body": "Closes #2, a duplicate of #1.", "user": account(who, True)}
        is_cut = ERAS.index(shape.era) >= ERAS.index("2025-10")
        return {"action": "opened", "number": number, "pull_request": cut if is_cut else whole}
    if kind == "PushEvent":
        commit = {
            "sha": sha,
            "author": {"name": who["login"], "email": "x@y.z"},
            "message": "Fixes #3",
            "distinct": True,
        }
        is_cut = ERAS.index(shape.era) >= ERAS.index("2025-10")
        push = {"push_id": number, "ref": "refs/heads/main", "head": sha, "before": sha[::-1]}
        return push if is_cut else {**push, "size": 1, "distinct_size": 1, "commits": [commit] * rng.randint(1, 3)}
    others: dict[str, Row] = {
        "WatchEvent": {"action": "started"},
        "CreateEvent": {"ref": "main", "ref_type": "branch", "master_branch": "main", "description": sha},
        "DeleteEvent": {"ref": sha, "ref_type": "branch"},
        "ForkEvent": {"forkee": {"id": number, "name": "fork", "full_name": f"{who['login']}/fork"}},
    }
    return others.get(kind, {})


def stamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
