"""Stores made by hand, and larger ones by chance."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gis.collector.records import Comment, Event, Issue, Page, Reference, Repository, User
from gis.collector.store_writer import StoreWriter

DAY = 86_400


def at(seconds: int) -> str:
    """A time, in seconds after 2020 began."""
    stamp = np.datetime64("2020-01-01T00:00:00") + np.timedelta64(seconds, "s")
    return f"{stamp}Z"


def person(name: str) -> User:
    return User(name, None, "Bot" if name.endswith("[bot]") else "User")


def comment(identity: int, author: str, body: str, when: int, *, via_app: str | None = None) -> Comment:
    return Comment(
        id=identity,
        node_id=f"C{identity}",
        author=person(author),
        association="NONE",
        body=body,
        created_at=at(when),
        updated_at=at(when),
        via_app=via_app,
    )


def issue(
    number: int,
    *,
    title: str = "",
    body: str = "",
    opened: int | None = None,
    closed: int | None = None,
    closer: str = "keeper",
    author: str = "reporter",
    labels: Sequence[str] = (),
    comments: Sequence[Comment] = (),
    events: Sequence[Event] = (),
    reason: str | None = None,
    duplicate_of: Reference | None = None,
    original: str | None = None,
) -> Issue:
    opened = number * 1000 if opened is None else opened
    return Issue(
        number=number,
        id=number,
        node_id=f"I{number}",
        title=title or f"Widget {number} does not open in the morning",
        body=body or f"The widget called number {number} refuses to open when it rains outside the house.",
        state="open" if closed is None else "closed",
        state_reason=reason,
        locked=False,
        author=person(author),
        association="NONE",
        labels=tuple(labels),
        comment_count=len(comments),
        created_at=at(opened),
        updated_at=at(max(opened, closed or 0)),
        closed_at=None if closed is None else at(closed),
        closed_by=None if closed is None else person(closer),
        duplicate_of=duplicate_of,
        original_body=original,
        comments=tuple(comments),
        events=tuple(events),
    )


def fill(
    path: Path,
    issues: Iterable[Issue],
    *,
    name: str = "octo/widgets",
    pulls: Sequence[int] = (),
    key: int = 1,
    server: str = "",
) -> Path:
    """A store, or one more repository in it; ``server`` is the address of its API where that is not GitHub's."""
    with StoreWriter.open(path) as store:
        repository = store.repository(Repository(name, key, name), "graphql")
        run = store.begin(repository, "graphql", {"server": server} if server else {})
        store.write(repository, run, Page(resume_point={}, done=True, issues=tuple(issues), pull_requests=tuple(pulls)))
    return path


def new_store(folder: Path, issues: Iterable[Issue], *, pulls: Sequence[int] = ()) -> Path:
    """A store of its own for each call."""
    return fill(folder / f"store-{len(list(folder.glob('store-*.db')))}.db", issues, pulls=pulls)


def mark_moved(path: Path, repository: str, number: int, where: str, *, key: int = 1) -> None:
    """Note that an issue was transferred, as collecting notes it."""
    with StoreWriter.open(path) as store:
        index = store.repository(Repository(repository, key, repository), "graphql")
        store.mark_removed(index, store.begin(index, "graphql", {}), number, f"moved to {where}")


def by_chance(count: int, seed: int) -> list[Issue]:
    """Issues on topics; about one in five is ruled a duplicate of an earlier one with the same topic."""
    rng = np.random.default_rng(seed)
    vocabulary = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ana", "elo", "iru", "onte", "usk", "ari")]
    topics = [rng.choice(vocabulary, 8) for _ in range(max(count // 4, 1))]
    found: list[Issue] = []
    topic_of: list[int] = []
    for number in range(1, count + 1):
        target = int(rng.integers(max(number - 40, 1), number)) if number > 5 and rng.random() < 0.2 else 0
        topic_of.append(topic_of[target - 1] if target else int(rng.integers(len(topics))))
        words = [*rng.choice(topics[topic_of[-1]], 10), *rng.choice(vocabulary, int(rng.integers(10, 60)))]
        rng.shuffle(words)
        cited = int(rng.integers(1, number)) if number > 1 else 0
        events = [Event("cross_referenced", at(number), person("x"), Reference(None, cited, False))] if cited else []
        found.append(
            issue(
                number,
                title=" ".join(words[:5]),
                body=" ".join(words[5:]) + (f". See #{cited}." if cited else ""),
                closed=number * 1000 + 500,
                author=f"user-{rng.integers(9)}",
                labels=[f"area-{topic_of[-1] % 5}"],
                comments=[comment(number, "keeper", f"Duplicate of #{target}", number * 1000 + 490)] if target else [],
                events=events,
            )
        )
    return found
