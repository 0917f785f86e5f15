"""A repository from a folder of JSON lines: issues, comments and cross-references as REST tells of them."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, ClassVar, cast

from gis.collector.github.rest_rows import comment_from_row, issue_from_row, user_from_row
from gis.collector.records import Event, Page, Reference, Repository
from gis.console import Reporter
from gis.errors import GisError

FILES = ("issues", "comments", "cross_references")
ENDINGS = (".jsonl.gz", ".jsonl")
LINES = 500  # of a page


class DumpSource:
    """Reads a folder with issues.jsonl and, where they are, comments.jsonl and cross_references.jsonl; also .gz.

    Args:
        folder: The folder.
        reporter: Told of lines that are broken; the rest is read.

    Raises:
        GisError: There is no file of issues.
    """

    name: ClassVar[str] = "dump"

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self._files = {name: path for name in FILES if (path := _find(folder, name)) is not None}
        if FILES[0] not in self._files:
            raise GisError(f"{folder} holds no issues.jsonl or issues.jsonl.gz")
        self._folder = folder
        self._reporter = reporter
        self.total = 0
        self.broken = 0
        marks = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in self._files.values()]
        self.asks = frozenset(f"{path} of {size} bytes, {when}" for path, size, when in marks)

    def repository(self) -> Repository:
        """The repository that the issues name; else the folder's name, OWNER_NAME."""
        with _open(self._files[FILES[0]]) as file, suppress(OSError, EOFError, zlib.error):  # told of when it is read
            for line in file:
                try:
                    name = json.loads(line).get("repository")
                except (ValueError, AttributeError, RecursionError):
                    continue
                if name:
                    return Repository(str(name), 0, str(name))
                break
        owner, _, name = self._folder.resolve().name.partition("_")
        if not name:
            raise GisError(f"{self._folder}: its issues name no repository; call the folder OWNER_NAME")
        return Repository(f"{owner}/{name}", 0, f"{owner}/{name}")

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        """All lines, from where ``checkpoint`` says."""
        names = list(self._files)
        state: dict[str, Any] = dict(checkpoint or {"done": True})
        if state["done"]:
            state = {"file": names[0], "line": 0}
        for name in names[names.index(state["file"]) :]:
            line = state["line"] if state["file"] == name else 0
            following = names[names.index(name) + 1 :]
            with _open(self._files[name]) as file:
                lines = enumerate(islice(file, line, None), start=line + 1)
                failure: Exception | None = None
                last = False
                while not last:
                    chunk: list[tuple[int, bytes]] = []
                    try:
                        for numbered in islice(lines, LINES):
                            chunk.append(numbered)  # noqa: PERF402 - what was read before a failure is kept
                    except (OSError, EOFError, zlib.error) as error:
                        failure = error
                    last = failure is None and len(chunk) < LINES
                    line += len(chunk)
                    state = {"file": following[0], "line": 0} if last and following else {"file": name, "line": line}
                    done = last and not following
                    yield self._page(name, chunk, {**state, "done": done}, done=done)
                    if failure is not None:
                        raise GisError(
                            f"{self._files[name]} cannot be read to its end ({failure}); what came before is kept"
                        ) from failure

    def listing(self, repository: Repository, known: int) -> None:
        """None: a dump may be a part."""

    def spent(self) -> tuple[int, int]:
        """Nothing."""
        return 0, 0

    def about(self) -> Mapping[str, Any]:
        """The files."""
        return {"files": [str(path) for path in self._files.values()]}

    def _page(self, name: str, chunk: list[tuple[int, bytes]], state: Mapping[str, Any], *, done: bool) -> Page:
        found: list[Any] = []
        for number, line in chunk:
            if not line.strip():
                continue
            try:
                made = MAKERS[name](json.loads(line.decode("utf-8")))
                if made is not None:
                    found.append(made)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                self.broken += 1
                self._reporter.warn(f"{self._files[name]}:{number}: left out: {type(error).__name__} {error}")
        if name == "issues":
            self.total += len(found)
            return Page(state, done, issues=tuple(found))
        if name == "comments":
            return Page(state, done, comments=tuple(found))
        sources = [event.target for _, event in found]
        pulls = tuple(each.number for each in sources if each and each.pull_request and each.repository is None)
        return Page(state, done, events=tuple(found), pull_requests=pulls)


def _cross_reference(row: Mapping[str, Any]) -> tuple[int, Event] | None:
    """The issue that is referred to, and by what; None for a commit's reference."""
    if row.get("event", "cross-referenced") != "cross-referenced":
        return None
    source = row["from"]
    repository, _, number = str(source).rpartition("#")
    target = Reference(repository or None, int(number), row.get("type") != "issue")
    actor = row.get("actor")
    who = user_from_row(actor if isinstance(actor, dict) or actor is None else {"login": actor, "type": _type(actor)})
    return int(row["number"]), Event("cross_referenced", str(row["date"]), who, target)


def _type(login: str) -> str:
    return "Bot" if login.endswith("[bot]") else "User"


MAKERS = {"issues": issue_from_row, "comments": comment_from_row, "cross_references": _cross_reference}


def _find(folder: Path, name: str) -> Path | None:
    return next((path for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()), None)


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
