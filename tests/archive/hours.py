"""Hourly files of GH Archive made from repositories, with the faults of the real ones, and the truth about them.

    write_hours(folder, [from_dump(rust)], era="2018", files=2000)

The same arguments give the same bytes. Events of a repository are those that its dump knows: an issue opened with its
first body, commented on, closed and reopened, and since May 2026 labelled. Between them stand events of other kinds and
comments on pull requests. Faults only add lines and files, or reorder them, so that what can be read of a damaged
archive is what the whole one holds; ``truncated``, ``missing hour`` and ``begin`` alone take something away.
"""

import gzip
import json
import random
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.archive.shapes import GHOST, KINDS_OF_NOISE, Row, Shape, era_of, noise_payload, stamp
from tests.collector.world import World

Reason = Literal["issue", "comment", "no text", "pull request", "other kind", "malformed", "overlong", "repeated"]
Fault = Literal[
    "malformed",  # lines that are not JSON, not an object, or whose fields are of other types
    "overlong",  # a line of 17 MB
    "truncated",  # a file that ends in the middle
    "empty",  # a gz of nothing, and a file of no bytes
    "repeated",  # events that stand twice, in their file and in the next one
    "missing hour",  # an hour without a file
    "doubled hour",  # an hour of two files, one of them not compressed
    "out of order",  # lines in any order, and events in the file of the next hour
    "odd texts",  # NUL and half of a surrogate pair in texts
    "glued",  # a line of two events with NUL bytes between them, as in 2023-05-14-19
    "unknown layout",  # a file of other JSON, and one of HTML
]
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]
OVERLONG = 17_000_000
FIRST_EVENT = 2_489_651_000
ODD = "before \x00 and \ud83d after"
BROKEN = (
    b"[]",
    b"null",
    b'"IssuesEvent"',
    b"{",
    b'{"id":"1","type":"IssuesEvent"}',
    b'{"id":"2","type":"IssuesEvent","repo":{"id":4711,"name":"octo/widgets"},"payload":{"action":"opened","issue":"x"},'
    b'"created_at":"2020-01-01T00:00:00Z","actor":{"login":"a","id":1},"public":true}',
    b'{"id":"3","type":"IssueCommentEvent","repo":{"id":4711,"name":"octo/widgets"},"payload":{"issue":{"number":"7"},'
    b'"comment":[]},"created_at":"yesterday","actor":{"login":"a","id":1},"public":true}',
    b'{"id":"4","type":"IssuesEvent","repo":{"id":4711,"name":"octo/widgets"},"payload":{"action":"opened","issue":'
    b'{"number":99999999999999999999,"id":1,"title":"x","body":"y","user":null}},"created_at":"2020-01-01T00:00:00Z"}',
    b'{"id":"5","type":"IssuesEvent","payload":\xff\xfe}',
    b'{"id":"6","type":"IssuesEvent","repo":{"id":4711,"name":"octo/widgets"},"payload":{"action":"opened","issue":'
    b'{"number":0,"id":1,"title":"x","body":"y","user":null}},"created_at":"2020-01-01T00:00:00Z"}',
)


class Expected(NamedTuple):
    """An event that a reader must find, once.

    Attributes:
        id: Of the event; "" in the Timeline shape, which has none.
        kind: What happened: "opened", "closed", "reopened", "labeled" or "commented".
        repository: GitHub's number of it.
        number: Of the issue.
        time: ISO 8601, UTC, of the event.
        actor: Who did it.
        text: Title and body of the issue, or the body of the comment; None where the era keeps none.
    """

    id: str
    kind: str
    repository: int
    number: int
    time: str
    actor: str
    text: tuple[str, ...] | None


class Line(NamedTuple):
    """A line of a file, without its end, and what a reader finds in it."""

    text: bytes
    reason: Reason
    event: Expected | None = None


@dataclass
class FileTruth:
    """What is in a file.

    Attributes:
        lines: Its lines by what a reader finds in each; of a file that ends in the middle those that are whole. The
            last one of such a file, of which a part is there, is counted as malformed.
        lost: Lines that were written and are not whole.
        layout: Whether it holds events at all.
    """

    lines: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    layout: bool = True


@dataclass
class Truth:
    """What is in a folder of hours.

    Attributes:
        files: By path relative to the folder, in the order in which ``repeated`` is counted.
        events: What a reader must find, in the order of the files.
        missing: Names of hours without a file.
    """

    files: dict[str, FileTruth] = field(default_factory=dict)
    events: list[Expected] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def lines(self) -> Counter[str]:
        """All lines by what a reader finds in each."""
        return sum((file.lines for file in self.files.values()), Counter())


class Moment(NamedTuple):
    """Something that happened to an issue, with the issue as it was then."""

    time: str
    order: int
    kind: str
    shape: Shape
    actor: Row | None
    issue: Row
    comment: Row | None = None
    label: str | None = None


def write_hours(
    folder: Path,
    worlds: Sequence[World],
    *,
    era: str | None = None,
    files: int | None = None,
    begin: str = "",
    noise: float = 1.0,
    faults: Collection[Fault] = (),
    renamed: tuple[str, str] | None = None,
    seed: int = 0,
    compression: int = 6,
) -> Truth:
    """Write the archive of some repositories.

    Args:
        folder: Where to; made if need be.
        worlds: The repositories; each needs an id of its own.
        era: The shape of all events; None for that of their dates.
        files: How many hours; None for those in which something happened. Else the events are spread over so many
            consecutive hours from the first, and keep their own dates.
        begin: The archive begins here (ISO 8601): older events are not in it.
        noise: How many events of other kinds there are for each of the repositories'.
        faults: What is wrong with the archive.
        renamed: An ISO time and the name that the first repository had before it.
        seed: Of all choices.
        compression: Level of gzip; 1 is three times as fast as 6.
    """
    rng = random.Random(seed)
    all_moments = (m for world in worlds for m in _moments(world, era, renamed if world is worlds[0] else None))
    moments = sorted(all_moments, key=lambda moment: (moment.time, moment.order))
    moments = [moment for moment in moments if moment.time >= begin]
    hours = _hours(moments, files)
    writer = _Writer(folder, faults, rng, compression)
    if "odd texts" in faults:
        _make_odd(moments, rng)
    noises = _Noises(moments[0].shape if moments else Shape(era or "2018", "octo/widgets", 1), rng)
    identity = count(FIRST_EVENT)
    for hour, among in hours:
        lines: list[Line] = []
        for moment in among:
            lines.append(_line(moment, next(identity)))
            wanted = int(noise) + (rng.random() < noise % 1)
            lines += [noises.line(next(identity), moment.time) for _ in range(wanted)]
        writer.add(hour, lines)
    return writer.finish()


def _moments(world: World, era: str | None, renamed: tuple[str, str] | None) -> Iterator[Moment]:
    """Everything that the archive would have seen of a repository."""

    def shape(time: str) -> Shape:
        name = renamed[1] if renamed is not None and time < renamed[0] else world.name
        return shapes.setdefault((era or era_of(time), name), Shape(era or era_of(time), name, world.id))

    shapes: dict[tuple[str, str], Shape] = {}
    order = count()
    for number, row in world.issues.items():
        comments = sorted(world.comments.get(number, ()), key=lambda row: row["created_at"])
        steps: list[tuple[str, int, str, Row | None, Row | None]] = [
            (row["created_at"], 0, "opened", row["user"], None)
        ]
        steps += [(comment["created_at"], 1, "commented", comment["user"], comment) for comment in comments]
        steps += [
            (
                event["createdAt"],
                2,
                {"ClosedEvent": "closed", "ReopenedEvent": "reopened"}[event["kind"]],
                event["actor"],
                None,
            )
            for event in world.events.get(number, ())
            if event["kind"] in ("ClosedEvent", "ReopenedEvent")
        ]
        then = {
            **row,
            "body": world.first_bodies.get(number, row["body"]),
            "state": "open",
            "state_reason": None,
            "closed_at": None,
            "comments": 0,
            "labels": [],
        }
        for time, _, kind, actor, comment in sorted(steps, key=lambda step: step[:2]):
            then = {**then, **_change(kind, row, then, time)}
            yield Moment(_a_second_later(time, number), next(order), kind, shape(time), actor, then, comment)
            if kind == "opened":
                then = {**then, "body": row["body"], "labels": row["labels"]}
                for label in row["labels"] if shape(time).era == "2026-05" else ():
                    yield Moment(time, next(order), "labeled", shape(time), actor, then, None, label["name"])


def _change(kind: str, row: Row, then: Row, time: str) -> Row:
    """What an event changes of an issue."""
    if kind == "commented":
        return {"comments": then["comments"] + 1, "updated_at": time}
    if kind == "closed":
        return {"state": "closed", "state_reason": row["state_reason"], "closed_at": time, "updated_at": time}
    if kind == "reopened":
        return {"state": "open", "state_reason": "reopened", "closed_at": None, "updated_at": time}
    return {"updated_at": time}


def _a_second_later(time: str, number: int) -> str:
    """The time of the event of something, which now and then is a second after it, and so perhaps in the next hour."""
    return time if number % 4 else stamp(datetime.fromisoformat(time) + timedelta(seconds=1))


def _hours(moments: Sequence[Moment], files: int | None) -> Iterator[tuple[str, Sequence[Moment]]]:
    """The name of each hour with its events."""
    if files is None:
        among: dict[str, list[Moment]] = {}
        for moment in moments:
            among.setdefault(moment.time[:13], []).append(moment)
        yield from ((f"{time[:10]}-{int(time[11:])}", events) for time, events in sorted(among.items()))
        return
    first = datetime.fromisoformat(moments[0].time)
    for file in range(files):
        time = first + timedelta(hours=file)
        part = moments[len(moments) * file // files : len(moments) * (file + 1) // files]
        yield f"{time:%Y-%m-%d}-{time.hour}", part


def _line(moment: Moment, identity: int) -> Line:
    shape, issue, comment = moment.shape, moment.issue, moment.comment
    if comment is None:
        payload = shape.issue_payload(moment.kind, issue, moment.label)
        event = shape.event(identity, "IssuesEvent", moment.time, moment.actor, payload)
    else:
        payload = shape.comment_payload(issue, comment)
        event = shape.event(identity, "IssueCommentEvent", moment.time, moment.actor, payload)
    if not shape.has_texts:
        text = None
    else:
        text = (issue["title"], issue["body"] or "") if comment is None else (comment["body"],)
    expected = Expected(
        event.get("id", ""),
        moment.kind,
        shape.repository_id,
        issue["number"],
        moment.time,
        (moment.actor or GHOST)["login"],
        text,
    )
    reason: Reason = "no text" if not shape.has_texts else "issue" if comment is None else "comment"
    return Line(_json(event), reason, expected)


def _json(value: Any) -> bytes:  # noqa: ANN401
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair can only be escaped
        return json.dumps(value, separators=(",", ":")).encode()


def _make_odd(moments: list[Moment], rng: random.Random) -> None:
    """Put odd characters into the bodies of a few comments and issues."""
    for place in rng.sample(range(len(moments)), min(6, len(moments))):
        moment = moments[place]
        if moment.comment is not None:
            moments[place] = moment._replace(comment={**moment.comment, "body": f"{ODD} {moment.comment['body']}"})
        else:
            moments[place] = moment._replace(issue={**moment.issue, "body": f"{ODD} {moment.issue['body']}"})


class _Noises:
    """Events of other kinds, drawn from a few hundred of them; only their ids and times differ."""

    def __init__(self, shape: Shape, rng: random.Random) -> None:
        self._rng = rng
        self._templates: list[tuple[list[bytes], Reason]] = []
        self._shape = shape
        kinds = rng.choices(list(KINDS_OF_NOISE), list(KINDS_OF_NOISE.values()), k=500)
        for number, kind in enumerate(kinds):
            who = {"login": f"stranger-{number}", "id": 5_000_000 + number, "type": "User", "site_admin": False}
            other = Shape(shape.era, f"stranger-{number}/thing", 70_000_000 + number)
            if kind == "IssueCommentEvent" and number % 2:
                other = shape  # a pull request of the repository itself
            time = "2020-02-02T02:02:02Z"
            event = other.event(0, kind, time, who, dict(noise_payload(kind, other, time, who, rng)))
            if "id" in event:
                event["id"] = "@ID"
            event["created_at"] = "@TIME"
            reason: Reason = "other kind"
            if kind == "IssueCommentEvent":
                reason = "pull request" if shape.has_texts else "no text"
            self._templates.append((_json(event).replace(b"@ID", b"@TIME").split(b"@TIME"), reason))

    def line(self, identity: int, time: str) -> Line:
        parts, reason = self._templates[int(self._rng.random() * len(self._templates))]
        if len(parts) == 2:  # the Timeline shape has no ids
            return Line(parts[0] + time.replace("Z", "+00:00").encode() + parts[1], reason)
        return Line(parts[0] + str(identity).encode() + parts[1] + time.encode() + parts[2], reason)


class _Writer:
    """Writes files of lines, and counts what is in them."""

    def __init__(self, folder: Path, faults: Collection[Fault], rng: random.Random, compression: int) -> None:
        unknown = set(faults) - set(FAULTS)
        assert not unknown, unknown
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.faults, self.rng, self.compression = folder, set(faults), rng, compression
        self.truth = Truth()
        self.hours: list[str] = []
        self.carried: list[Line] = []

    def add(self, hour: str, lines: list[Line]) -> None:
        """Write an hour, with one fault of each kind in every third of them."""
        place = len(self.hours)
        self.hours.append(hour)
        if "missing hour" in self.faults and place == 1:
            self.truth.missing.append(hour)
            return
        lines, self.carried = self.carried + lines, []
        if place % 3 == 0:
            if "repeated" in self.faults and lines:
                again = _repeated(lines[0])
                lines += [again, again]
                self.carried.append(again)
            lines = self._with_bad_lines(lines)
            if "out of order" in self.faults:
                self.carried += lines[-1:]
                lines = lines[:-1]
                self.rng.shuffle(lines)
        self._write(f"{hour}.json.gz", lines, cut="truncated" in self.faults and place == 2)
        if "doubled hour" in self.faults and place == 3:
            self._write(f"{hour}.json", [_repeated(line) if _is_event(line) else line for line in lines])

    def _with_bad_lines(self, lines: list[Line]) -> list[Line]:
        bad: list[Line] = []
        if "malformed" in self.faults:
            bad += [Line(text, "malformed") for text in BROKEN]
            bad += [Line(line.text[: len(line.text) // 2], "malformed") for line in lines[:2]]
        if "overlong" in self.faults and not self.truth.files:
            bad.append(Line(b'{"id":"9","type":"PushEvent","payload":{"x":"' + b"x" * OVERLONG + b'"}}', "overlong"))
        if "glued" in self.faults:
            bad.append(
                Line(b'{"id":"7","type":"PushEvent"}' + bytes(1409) + b'{"id":"8","type":"PushEvent"}', "malformed")
            )
        for line in bad:
            lines.insert(self.rng.randint(0, len(lines)), line)
        return lines

    def _write(self, name: str, lines: Sequence[Line], *, cut: bool = False) -> None:
        data = b"".join(line.text + b"\n" for line in lines)
        path = self.folder / name
        truth = self.truth.files[name] = FileTruth()
        packed = data if path.suffix != ".gz" else gzip.compress(data, self.compression, mtime=0)
        if cut:
            packed = packed[: len(packed) * 2 // 3]
            rest = _readable(packed)
            truth.lost = len(lines) - rest.count(b"\n")
            truth.lines["malformed"] += not rest.endswith(b"\n")
            lines = lines[: rest.count(b"\n")]
        path.write_bytes(packed)
        truth.lines.update(line.reason for line in lines)
        self.truth.events += [line.event for line in lines if line.event is not None]

    def finish(self) -> Truth:
        """Write the hours of the day after the last one, and return what is in all files."""
        day = datetime.fromisoformat(self.hours[-1].rpartition("-")[0] if self.hours else "2020-01-01") + timedelta(
            days=1
        )
        names = [f"{day:%Y-%m-%d}-{hour}.json.gz" for hour in range(5)]
        if self.carried:
            self._write(names[0], self.carried)
        if "empty" in self.faults:
            self._write(names[1], [])
            (self.folder / names[2]).write_bytes(b"")
            self.truth.files[names[2]] = FileTruth()
        if "unknown layout" in self.faults:
            rows = [b'{"commit":"%040x","author":"someone"}' % number for number in range(5)]
            for name, texts in ((names[3], rows), (names[4], [b"<html>", b"404</html>"])):
                self._write(name, [Line(text, "malformed") for text in texts])
                self.truth.files[name].layout = False
        return self.truth


def _repeated(line: Line) -> Line:
    return line._replace(reason="repeated", event=None)


def _is_event(line: Line) -> bool:
    return line.reason not in ("malformed", "overlong")


def _readable(packed: bytes) -> bytes:
    """What can be read of a file of gzip that breaks off."""
    return zlib.decompressobj(wbits=31).decompress(packed)
