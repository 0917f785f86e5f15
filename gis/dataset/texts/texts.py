"""The text of every issue, cleaned and filtered once, kept on disk: a million do not fit into memory."""

import json
import os
import sqlite3
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import Issues
from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import Cites, Cleaned, clean, learn_templates
from gis.dataset.texts.filters import REASONS, judge
from gis.errors import GisError
from gis.full_disk import full_disk_named
from gis.replacing import temporary_folder

ISSUES_PER_CHUNK = 500  # what a worker process takes at a time
MIN_ISSUES_FOR_WORKERS = 5000  # starting workers takes longer than they save on fewer issues
TEMPLATE_SAMPLE = 5000  # issues of a repository that its templates are learnt from
Partners = Mapping[int, Collection[int]]
Templates = Mapping[int, frozenset[bytes]]  # hashes of template lines by repository index


@dataclass
class Texts:
    """Cleaned texts by position.

    Attributes:
        connection: The database that holds them.
        chars: (n,) characters of each text; 0 where there is none.
        reason: (n,) index in ``REASONS``: why the issue was left out, or 0.
        as_written: (n,) whether the body is the first version.
        templates: Hashes of template lines by repository index.
        redacted: Number of replacements by kind.
        sentences: Number of sentences taken out because they state a ruling or cite a partner.
        template_lines: Number of lines taken out because they belong to a template.
    """

    connection: sqlite3.Connection
    chars: NDArray[np.int32]
    reason: NDArray[np.int8]
    as_written: NDArray[np.bool_]
    templates: Templates
    redacted: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    template_lines: int = 0

    def __getitem__(self, position: int) -> str:
        """Return the text of an issue that was kept."""
        (text,) = self.connection.execute("SELECT text FROM texts WHERE position = ?", (int(position),)).fetchone()
        return str(text)

    def cut(self, position: int) -> list[str]:
        """Return the issues, OWNER/NAME#N, whose citations were taken out of a text."""
        query = "SELECT cut FROM texts WHERE position = ?"
        (names,) = self.connection.execute(query, (int(position),)).fetchone()
        return list(json.loads(names))

    def between(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Yield the positions from ``start`` to before ``end`` that have a text, each with its text."""
        yield from self.connection.execute(
            "SELECT position, text FROM texts WHERE position >= ? AND position < ? ORDER BY position", (start, end)
        )

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """(n,) Whether an issue has a text."""
        return np.equal(self.reason, 0)

    def why(self, position: int) -> str:
        """Return why an issue was left out, or "kept"."""
        return REASONS[int(self.reason[position])]

    def counts(self) -> dict[str, int]:
        """Return the number of issues by the reason why they were left out, or "kept"."""
        counts = np.bincount(self.reason, minlength=len(REASONS))
        return {reason: int(count) for reason, count in zip(REASONS, counts, strict=True)}


NOT_ONE_STATE = "no dataset can be built from two states of a store; please report this"


class _RawText(NamedTuple):
    """An issue as the store has it, on its way to a worker; ``partners`` are repository indices and numbers."""

    position: int
    repository: int
    title: str
    body: str
    as_written: bool
    partners: frozenset[tuple[int, int]]


class _FilteredText(NamedTuple):
    """A cleaned text on its way back; ``reason`` is an index in ``REASONS``, ``cut`` names the partners cited."""

    position: int
    cleaned: Cleaned
    reason: int
    as_written: bool
    cut: list[str]


@contextmanager
def make_texts(
    store: Store,
    issues: Issues,
    partners: Partners,
    settings: TextSettings,
    *,
    templates: Templates | None = None,
    reporter: Reporter = QUIET,
) -> Iterator[Texts]:
    """Clean all texts of a store, in a temporary database that is deleted at the end of the block.

    Args:
        store: Where titles and bodies are.
        issues: Its issues.
        partners: By position, the issues that one may be paired with: sentences that cite them are taken out.
        settings: How to make texts, and which to leave out.
        templates: Template lines that are known; None to learn them.
        reporter: Shows progress.
    """
    if templates is None:
        templates = {repository: _templates(store, key) for repository, key in enumerate(issues.keys)}
    with temporary_folder("gis-build") as folder:
        connection = sqlite3.connect(folder / "texts.db", isolation_level=None)
        count = len(issues)
        texts = Texts(
            connection, np.zeros(count, np.int32), np.zeros(count, np.int8), np.zeros(count, np.bool_), templates
        )
        try:
            with full_disk_named(folder), reporter.track("texts", count, "issues") as tracker:
                _make_table(connection)
                cleaner = Cleaner(issues, templates, settings)
                for chunk in _cleaned_chunks(_raw_texts(store, issues, partners, settings), cleaner, count):
                    _add(texts, chunk)
                    tracker.advance(len(chunk), (tracker.done + len(chunk)) / max(count, 1))
            if tracker.done != count:
                raise GisError(f"{store.path} gave {tracker.done:,} texts for {count:,} issues: {NOT_ONE_STATE}")
            yield texts
        finally:
            connection.close()


def _make_table(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("CREATE TABLE texts (position INTEGER PRIMARY KEY, text TEXT NOT NULL, cut TEXT NOT NULL)")


def _templates(store: Store, key: int) -> frozenset[bytes]:
    """Learn the template lines of a repository from issues spread over its whole life."""
    (count,) = store.rows("SELECT count(*) FROM issues WHERE repository = ? AND gone IS NULL", (key,))[0]
    step = max(count // TEMPLATE_SAMPLE, 1)
    rows = store.stream("SELECT body FROM issues WHERE repository = ? AND gone IS NULL ORDER BY number", (key,))
    return learn_templates(body or "" for (body,) in islice(rows, 0, None, step))


def _raw_texts(store: Store, issues: Issues, partners: Partners, settings: TextSettings) -> Iterator[_RawText]:
    """Read titles and bodies: the first versions if these are wanted and known."""
    for repository, key in enumerate(issues.keys):
        first_titles = dict(
            store.stream(
                "SELECT number, detail FROM events WHERE repository = ? AND kind = 'renamed' AND detail IS NOT NULL "
                "ORDER BY number, created_at DESC",  # of several rows the last stays: the first rename
                (key,),
            )
        )
        for number, title, body, original in store.stream(
            "SELECT number, title, body, original_body FROM issues WHERE repository = ? AND gone IS NULL "
            "ORDER BY number",
            (key,),
        ):
            position = issues.position(repository, number)
            if position is None:
                raise GisError(f"{store.path} changed while it was read: {NOT_ONE_STATE}")
            as_written = settings.original and original is not None
            if settings.original:
                title, body = first_titles.get(number, title), original if as_written else body
            keys = frozenset((int(issues.repository[n]), int(issues.number[n])) for n in partners.get(position, ()))
            yield _RawText(position, repository, title, body or "", as_written, keys)


class Cleaner:
    """Cleans and filters texts; small enough to be sent to a worker process."""

    def __init__(self, issues: Issues, templates: Templates, settings: TextSettings) -> None:
        self._names = issues.names
        self._templates = templates
        self._settings = settings
        positions = map(issues.position_of_name, settings.removed)
        self._removed = {position for position in positions if position is not None}

    def filtered(self, raw: _RawText) -> _FilteredText:
        """Clean a text, and judge whether it is kept."""
        cites = self._cites(raw.repository, raw.partners)
        templates = self._templates[raw.repository]
        cleaned = clean(raw.title, raw.body, templates, cites, self._settings.form, self._names.host)
        removed = raw.position in self._removed
        reason = REASONS.index("removed") if removed else judge(cleaned.text, self._settings)
        cut = sorted({self._names.canonical(reference, raw.repository) for reference in cleaned.cited})
        return _FilteredText(raw.position, cleaned, reason, raw.as_written, cut)

    def _cites(self, repository: int, partners: frozenset[tuple[int, int]]) -> Cites:
        def cites(reference: Reference) -> bool:
            return (self._names.index_of(reference, repository), reference.number) in partners

        return cites


def _cleaned_chunks(texts: Iterator[_RawText], cleaner: Cleaner, count: int) -> Iterator[list[_FilteredText]]:
    """Clean texts in chunks, in several processes where there are many; the order stays, so that a build repeats."""
    work = partial(_clean_chunk, cleaner)
    chunks = iter(lambda: list(islice(texts, ISSUES_PER_CHUNK)), [])
    workers = min(os.cpu_count() or 1, 8)
    if count < MIN_ISSUES_FOR_WORKERS or workers == 1:
        yield from map(work, chunks)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:  # a fork would copy locks that other threads hold
        waiting = deque(pool.submit(work, chunk) for chunk in islice(chunks, 2 * workers))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(work, chunk) for chunk in islice(chunks, 1))


def _clean_chunk(cleaner: Cleaner, chunk: Sequence[_RawText]) -> list[_FilteredText]:
    return [cleaner.filtered(raw) for raw in chunk]


def _add(texts: Texts, chunk: Iterable[_FilteredText]) -> None:
    rows: list[tuple[int, str, str]] = []
    for position, cleaned, reason, as_written, cut in chunk:
        texts.reason[position] = reason
        texts.as_written[position] = as_written
        texts.sentences += cleaned.sentences
        texts.template_lines += cleaned.template_lines
        if reason == 0:
            texts.chars[position] = len(cleaned.text)
            texts.redacted.update(cleaned.redacted)
            rows.append((position, cleaned.text, json.dumps(cut)))
    texts.connection.executemany("INSERT INTO texts VALUES (?, ?, ?)", rows)
