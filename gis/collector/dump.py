"""A repository from a folder of JSON lines: issues, comments and cross-references, in any form of ``dump_rows``."""

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple, Self, cast

from gis.collector.dump_rows import (
    EXPECTED,
    GH_FIELDS,
    DumpRows,
    is_pull_request,
    number_on_web,
    rows_of_comment,
    rows_of_issue,
)
from gis.collector.fields import LARGEST_ISSUE_NUMBER, FieldError, Fields
from gis.collector.github.rest_rows import (
    comment_from_row,
    is_on_pull_request,
    issue_from_row,
    number_of_commented,
    user_from_row,
)
from gis.collector.quarantine import Quarantine, number_in
from gis.collector.records import NO_USAGE, Comment, Event, Issue, Page, Reference, Repository, Usage
from gis.collector.repositories import is_repository_name
from gis.collector.servers import is_same_server, server_named_in, web_url_of
from gis.collector.source import SourceKind
from gis.console import QUIET, Reporter
from gis.errors import GisError, check_number
from gis.text import whole_characters

ISSUES, COMMENTS, CROSS_REFERENCES = FILES = ("issues", "comments", "cross_references")  # in the order of the walk
ENDINGS = (".jsonl.gz", ".jsonl")
LINES_PER_PAGE = 500
FIRST_BYTES = 1000  # enough to see whether a file begins with a bracket
LONGEST_LINE = 32  # MB; a small compressed file can hold a line of any length
UNREADABLE = (OSError, EOFError, zlib.error)
NO_JSON = (ValueError, RecursionError)  # of a line
NUMBER = re.compile(r"[0-9]{1,10}")
MAKE_ONE = (
    "make a dump with gh api --paginate 'repos/OWNER/NAME/issues?state=all&per_page=100' | jq -c '.[]' > issues.jsonl, "
    f"or gh issue list --state all --limit 100000 --json {GH_FIELDS} | jq -c '.[]' > issues.jsonl"
)


class NumberedLine(NamedTuple):
    """A line of a file.

    Attributes:
        number: Its number in the file, from 1.
        text: Its bytes.
    """

    number: int
    text: bytes


@dataclass
class _Records:
    """The records of some lines.

    Attributes:
        issues: Issues.
        comments: Comments, each with the number of its issue.
        events: Cross-references, each with the number of the issue that is referred to.
        pull_requests: Numbers of pull requests.
    """

    issues: list[Issue] = field(default_factory=list)
    comments: list[tuple[int, Comment]] = field(default_factory=list)
    events: list[tuple[int, Event]] = field(default_factory=list)
    pull_requests: list[int] = field(default_factory=list)

    def add(self, rows: DumpRows) -> None:
        """Add an issue or a pull request with its comments: all of a line, or nothing of it."""
        on_pull_request = rows.issue is not None and is_pull_request(rows.issue)
        pull_requests: list[int] = []
        issues: list[Issue] = []
        comments: list[tuple[int, Comment]] = []
        if rows.issue is not None:
            if on_pull_request:
                pull_requests.append(Fields(rows.issue).issue_number("number"))
            else:
                issues.append(issue_from_row(Fields(rows.issue)))
        for row in rows.comments:
            if on_pull_request or is_on_pull_request(row):
                pull_requests.append(number_on_web(row) or number_of_commented(Fields(row)))
            else:
                comments.append(comment_from_row(Fields(row)))
        self.issues += issues
        self.comments += comments
        self.pull_requests += pull_requests

    def add_reference(self, row: Fields) -> None:
        """Add a cross-reference, and the pull request that it may be from."""
        event = _cross_reference(row)
        if event is None:
            return
        self.events.append(event)
        target = event[1].target
        if target is not None and target.pull_request and target.repository is None:
            self.pull_requests.append(target.number)


@dataclass(frozen=True)
class DumpResumePoint:
    """Where a walk through the files continues.

    Attributes:
        file: The file to read, without its ending.
        line: How many of its lines were read.
        done: Whether the walk is complete.
    """

    file: str
    line: int = 0
    done: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the form that the store keeps."""
        return {"file": self.file, "line": self.line, "done": self.done}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned."""
        return cls(**stored)


class DumpSource:
    """A folder with issues.jsonl and, optionally, comments.jsonl and cross_references.jsonl, each also as .jsonl.gz.

    Args:
        folder: The folder.
        api_url: Address of the API of the server that the issues are of, for dumps that do not say.
        longest_line: The longest line that is read, in MB.
        reporter: Warned about broken lines, which are left out.

    Attributes:
        mended_lines: How many lines held half of a character, which U+FFFD replaced.

    Raises:
        GisError: The folder or its file of issues does not exist, or a file holds one JSON array.
    """

    kind: ClassVar[SourceKind] = "dump"

    def __init__(
        self,
        folder: Path,
        *,
        api_url: str | None = None,
        longest_line: int = LONGEST_LINE,
        reporter: Reporter = QUIET,
    ) -> None:
        check_number("the longest line of a dump, in MB,", longest_line, 1)
        if not folder.is_dir():
            raise GisError(f"{folder} is not a folder")
        self._files = {name: path for name in FILES if (path := _find(folder, name)) is not None}
        if ISSUES not in self._files:
            raise GisError(f"{folder} does not contain issues.jsonl or issues.jsonl.gz")
        for path in self._files.values():
            _refuse_array(path)
        self.capabilities = frozenset(map(_version_of, self._files.values()))
        self.expected_issues = 0
        self.mended_lines = 0
        self._longest_line = longest_line
        self._quarantine = Quarantine(reporter)
        self._other_repositories: Counter[str] = Counter()
        self._read = 0
        self._folder = folder
        self._api_url = api_url
        self._reporter = reporter

    @cached_property
    def _first_rows(self) -> DumpRows:
        """The first line of the file of issues that can be read."""
        path = self._files[ISSUES]
        with _open(path) as file, suppress(*UNREADABLE):  # reported when the file is read
            for line in self._lines(file, path):
                with suppress(FieldError, *NO_JSON):
                    return rows_of_issue(json.loads(line.text))
        return DumpRows(None)

    @cached_property
    def repository(self) -> Repository:
        """The repository that the first issue names, or the one that the folder is named after, as OWNER_NAME.

        Raises:
            GisError: Neither of them names one.
        """
        name = self._first_rows.repository
        if name is None:
            owner, _, rest = self._folder.resolve().name.partition("_")
            if not is_repository_name(f"{owner}/{rest}"):
                raise GisError(
                    f"{self._folder}: neither its issues nor its name say which repository it is of",
                    remedy="rename the folder to OWNER_NAME",
                )
            name = f"{owner}/{rest}"
        return Repository(name, 0, name)

    @cached_property
    def server(self) -> str | None:
        """The address of the server's web pages; None where nothing names one.

        It is the one that the first issue names, or else that was given, or else the only one on which the texts have
        addresses of the repository's issues.
        """
        if self._first_rows.server is not None:
            return self._first_rows.server
        if self._api_url is not None:
            return web_url_of(self._api_url)
        named = server_named_in(self._all_lines(), self.repository.name)
        if named is not None:
            self._reporter.warn(
                f"{self._folder}: its issues do not say which server they are of; it is taken to be {named}, where its "
                "texts have addresses of them"
            )
        return named

    def provenance(self) -> Mapping[str, Any]:
        """Return the files, and the server if it is known."""
        files = {"files": [str(path) for path in self._files.values()]}
        return files if self.server is None else {**files, "server": self.server}

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield everything, file by file; see ``Source``. A dump does not say what changed ``since``."""
        names = list(self._files)
        point = DumpResumePoint(names[0]) if resume_from is None else DumpResumePoint.from_json(resume_from)
        if point.done:
            point = DumpResumePoint(names[0])
        while not point.done:
            yield from self._pages_of_file(point)
            following = names[names.index(point.file) + 1 :]
            if not following:
                return
            point = DumpResumePoint(following[0])

    def issue_numbers(self, known: int) -> None:
        """Return None: a dump may hold only a part of a repository."""

    def fate_of(self, number: int) -> str:  # noqa: ARG002
        """Return that nothing is known but that the issue is not listed."""
        return "no longer listed"

    def take_usage(self) -> Usage:
        """Return that nothing was spent."""
        return NO_USAGE

    def _pages_of_file(self, point: DumpResumePoint) -> Iterator[Page]:
        """Yield the rest of a file from ``point``, and at last a page that continues with the next file."""
        path, names = self._files[point.file], list(self._files)
        following = names[names.index(point.file) + 1 :]
        read = point.line
        with _open(path) as file:
            lines = islice(self._lines(file, path), read, None)
            while True:
                chunk, failure = _read_chunk(lines)
                read += len(chunk)
                at_end = failure is None and len(chunk) < LINES_PER_PAGE
                if at_end and following:
                    next_point = DumpResumePoint(following[0])
                else:
                    next_point = DumpResumePoint(point.file, read, done=at_end)
                page = self._page(point.file, chunk, next_point)
                if at_end:
                    self._report(point)
                yield page
                if isinstance(failure, GisError):
                    raise failure
                if failure is not None:
                    raise GisError(f"{path} cannot be read to its end ({failure})") from failure
                if at_end:
                    return

    def _all_lines(self) -> Iterator[bytes]:
        """Yield the lines of all files, as far as they can be read."""
        for path in self._files.values():
            with _open(path) as file, suppress(GisError, *UNREADABLE):
                yield from (line.text for line in self._lines(file, path))

    def _page(self, name: str, lines: list[NumberedLine], next_point: DumpResumePoint) -> Page:
        """Return the records of some lines; broken lines are named and left out."""
        records = _Records()
        for line in lines:
            if not line.text.strip():
                continue
            try:
                row = self._parsed(line.text)
                self._add(records, name, row)
            except FieldError as error:
                self._leave_out(name, line, error, number_in(row))
            except NO_JSON as error:
                self._leave_out(name, line, GisError(_reason(error)))
        self.expected_issues += len(records.issues)
        self._read += len(records.issues) + len(records.pull_requests)
        return Page(
            resume_point=next_point.to_json(),
            done=next_point.done,
            issues=tuple(records.issues),
            comments=tuple(records.comments),
            events=tuple(records.events),
            pull_requests=tuple(records.pull_requests),
            left_out=self._quarantine.take(),
        )

    def _add(self, records: _Records, name: str, row: object) -> None:
        """Add what a line of a file holds, unless it is of another repository."""
        if name == CROSS_REFERENCES:
            records.add_reference(Fields.of(row, "the line"))
            return
        rows = rows_of_issue(row) if name == ISSUES else rows_of_comment(row)
        if rows.server and self.server and not is_same_server(rows.server, self.server):
            raise FieldError(f"it is of {rows.server}, and the first issue of {self.server}")
        if (rows.repository or self.repository.name).casefold() != self.repository.name.casefold():
            self._other_repositories[str(rows.repository)] += 1
        else:
            records.add(rows)

    def _lines(self, file: IO[bytes], path: Path) -> Iterator[NumberedLine]:
        """Yield the lines of a file.

        Raises:
            GisError: A line is too long.
        """
        limit = self._longest_line * 10**6
        for number in count(1):
            text = file.readline(limit + 1)
            if len(text) > limit:
                raise GisError(
                    f"line {number} of {path} is longer than {self._longest_line} MB",
                    remedy="if it is meant to be, raise --max-line",
                )
            if not text:
                return
            yield NumberedLine(number, text)

    def _parsed(self, line: bytes) -> Any:  # noqa: ANN401 - any JSON value
        text = line.decode("utf-8")
        value = json.loads(text)
        if "\\u" not in text:  # where else half of a character could be
            return value
        mended = _mended(value)
        self.mended_lines += mended != value
        return mended

    def _leave_out(self, name: str, line: NumberedLine, error: GisError, issue: int = 0) -> None:
        path = self._files[name]
        self._quarantine.leave_out(error, f"{path.name}:{line.number}", number=issue, name=f"{path}:{line.number}")

    def _report(self, begun: DumpResumePoint) -> None:
        """Say at the end of a file how much of it was left out.

        Raises:
            GisError: It is the file of issues, and nothing of it could be read.
        """
        path = self._files[begun.file]
        if begun.file == ISSUES and begun.line == 0 and not self._read:
            reason = self._quarantine.most_common_reason or "it has no lines"
            raise GisError(f"nothing of {path} could be read: {reason}; {EXPECTED}", remedy=MAKE_ONE)
        self._quarantine.summarize(str(path), "lines")
        if self._other_repositories:
            names = ", ".join(name for name, _ in self._other_repositories.most_common(3))
            total = self._other_repositories.total()
            self._reporter.warn(
                f"{path}: {total:,} lines are of other repositories, such as {names}, and were left out"
            )
        if self.mended_lines:
            self._reporter.warn(f"{path}: {self.mended_lines:,} lines held half of a character, replaced by U+FFFD")
        self._other_repositories.clear()
        self.mended_lines = 0


def _mended(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with whole characters in all texts."""
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {whole_characters(key): _mended(item) for key, item in value.items()}
    return value


def _read_chunk(lines: Iterator[NumberedLine]) -> tuple[list[NumberedLine], Exception | None]:
    """Return the next lines, and the error if the file cannot be read any further."""
    chunk: list[NumberedLine] = []
    try:
        for line in islice(lines, LINES_PER_PAGE):
            chunk.append(line)  # noqa: PERF402 - what was read before a failure is kept
    except (GisError, *UNREADABLE) as error:
        return chunk, error
    return chunk, None


def _reason(error: Exception) -> str:
    """Return why a line is not JSON."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _cross_reference(row: Fields) -> tuple[int, Event] | None:
    """Return the number of the issue that is referred to, and by what; None for the reference of a commit."""
    if row.row.get("event", "cross-referenced") != "cross-referenced":
        return None
    target = _source_of_reference(row)
    actor = row.row.get("actor")
    if isinstance(actor, str):
        actor = {"login": actor, "type": "Bot" if actor.endswith("[bot]") else "User"}
    user = user_from_row(None if actor is None else Fields.of(actor, "the field actor", "actor."))
    return row.issue_number("number"), Event("cross_referenced", row.time("date"), user, target)


def _source_of_reference(row: Fields) -> Reference:
    """Return the issue or pull request that a cross-reference is from: N, or OWNER/NAME#N."""
    source = row.row.get("from")
    repository, _, digits = (str(source) if isinstance(source, int | str) else "").rpartition("#")
    number = int(digits) if NUMBER.fullmatch(digits) else 0
    if not 0 < number <= LARGEST_ISSUE_NUMBER or (repository and not is_repository_name(repository)):
        raise row.error("from", "is neither a number nor OWNER/NAME#N")
    return Reference(repository or None, number, row.row.get("type") != "issue")


def _refuse_array(path: Path) -> None:
    """Raise if a file holds one JSON array, as GitHub's API answers, and not an object on each line."""
    with _open(path) as file, suppress(*UNREADABLE):  # reported when the file is read
        if file.read(FIRST_BYTES).lstrip().startswith(b"["):
            raise GisError(
                f"{path} holds a JSON array; each line must be one JSON object",
                remedy=f"convert it with jq -c '.[]' {path.name}",
            )


def _version_of(path: Path) -> str:
    """Return a string that changes whenever the file does."""
    status = path.stat()
    return f"{path.resolve()} of {status.st_size} bytes, {status.st_mtime_ns}"


def _find(folder: Path, name: str) -> Path | None:
    return next((path for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()), None)


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
