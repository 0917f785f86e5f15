"""A repository from a folder of JSON lines: issues, comments and cross-references, in any form of ``dump_rows``."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from gis.collector.dump_file import LONGEST_LINE, UNREADABLE, DumpFile, NumberedLine
from gis.collector.dump_records import DumpRecords
from gis.collector.dump_rows import (
    EXPECTED,
    GH_FIELDS,
    DumpRows,
    rows_of_comment,
    rows_of_issue,
)
from gis.collector.fields import FieldError, Fields
from gis.collector.quarantine import Quarantine, number_in
from gis.collector.records import NO_USAGE, Page, Repository, Usage
from gis.collector.repositories import is_repository_name
from gis.collector.servers import is_same_server, server_named_in, web_url_of
from gis.collector.source import SourceKind
from gis.console import QUIET, Reporter
from gis.errors import GisError, check_number

ISSUES, COMMENTS, CROSS_REFERENCES = FILES = ("issues", "comments", "cross_references")  # in the order of the walk
LINES_PER_PAGE = 500
NO_JSON = (ValueError, RecursionError)  # of a line
MAKE_ONE = (
    "make a dump with gh api --paginate 'repos/OWNER/NAME/issues?state=all&per_page=100' | jq -c '.[]' > issues.jsonl, "
    f"or gh issue list --state all --limit 100000 --json {GH_FIELDS} | jq -c '.[]' > issues.jsonl"
)


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
        self._files = {name: file for name in FILES if (file := DumpFile.find(folder, name, longest_line)) is not None}
        if ISSUES not in self._files:
            raise GisError(f"{folder} does not contain issues.jsonl or issues.jsonl.gz")
        self.capabilities = frozenset(file.version for file in self._files.values())
        self.expected_issues = 0
        self._quarantine = Quarantine(reporter)
        self._other_repositories: Counter[str] = Counter()
        self._read = 0
        self._folder = folder
        self._api_url = api_url
        self._reporter = reporter

    @cached_property
    def _first_rows(self) -> DumpRows:
        """The first line of the file of issues that can be read."""
        with suppress(*UNREADABLE):  # reported when the file is read
            for line in self._files[ISSUES].lines():
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
        files = {"files": [str(file.path) for file in self._files.values()]}
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
        names = list(self._files)
        following = names[names.index(point.file) + 1 :]
        read = point.line
        for chunk in self._files[point.file].chunks(read, LINES_PER_PAGE):
            read += len(chunk.lines)
            if chunk.at_end and following:
                next_point = DumpResumePoint(following[0])
            else:
                next_point = DumpResumePoint(point.file, read, done=chunk.at_end)
            page = self._page(point.file, chunk.lines, next_point)
            if chunk.at_end:
                self._report(point)
            yield page
            if chunk.failure is not None:
                raise chunk.failure

    def _all_lines(self) -> Iterator[bytes]:
        """Yield the lines of all files, as far as they can be read."""
        for file in self._files.values():
            with suppress(GisError, *UNREADABLE):
                yield from (line.text for line in file.lines())

    def _page(self, name: str, lines: list[NumberedLine], next_point: DumpResumePoint) -> Page:
        """Return the records of some lines; broken lines are named and left out."""
        records = DumpRecords()
        for line in lines:
            if not line.text.strip():
                continue
            try:
                row = self._files[name].parsed(line)
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

    def _add(self, records: DumpRecords, name: str, row: object) -> None:
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

    def _leave_out(self, name: str, line: NumberedLine, error: GisError, issue: int = 0) -> None:
        path = self._files[name].path
        self._quarantine.leave_out(error, f"{path.name}:{line.number}", number=issue, name=f"{path}:{line.number}")

    def _report(self, begun: DumpResumePoint) -> None:
        """Say at the end of a file how much of it was left out.

        Raises:
            GisError: It is the file of issues, and nothing of it could be read.
        """
        file = self._files[begun.file]
        path = file.path
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
        if file.mended_lines:
            self._reporter.warn(f"{path}: {file.mended_lines:,} lines held half of a character, replaced by U+FFFD")
        self._other_repositories.clear()
        file.mended_lines = 0


def _reason(error: Exception) -> str:
    """Return why a line is not JSON."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
