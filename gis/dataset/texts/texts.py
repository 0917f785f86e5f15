"""The text of every issue, cleaned and judged once, kept on disk: a million do not fit into memory."""

import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.collector.records import Reference
from gis.collector.store import Store
from gis.console import Reporter
from gis.dataset.issues.table import Issues
from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import Cites, Cleaned, clean, learn_templates, prose
from gis.text import words

CHUNK = 500  # issues that a worker takes at a time
FEW = 5000  # issues from which on workers pay
SAMPLE = 5000  # issues of a repository that its templates are learnt from
SURE, ENOUGH_WORDS = 0.95, 20  # a language is told when it is this probable, in so many words
REASONS = ("kept", "empty", "short", "long", "language", "removed")
Partners = Mapping[int, Collection[int]]


@dataclass
class Texts:
    """Cleaned texts by position.

    Attributes:
        chars: (n,) characters of each text; 0 of those left out.
        reason: (n,) index in ``REASONS``: why an issue was left out, or 0.
        as_written: (n,) whether title and body are as they were first written.
        redacted: How many of each kind were replaced.
        sentences: Sentences taken out as they state a ruling or cite a partner.
        lines: Lines of templates taken out.
        templates: Hashes of the lines that were taken for a template's, by repository index.
    """

    connection: sqlite3.Connection
    chars: NDArray[np.int32]
    reason: NDArray[np.int8]
    as_written: NDArray[np.bool_]
    templates: Mapping[int, frozenset[bytes]]
    redacted: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    lines: int = 0

    def __getitem__(self, position: int) -> str:
        """A text."""
        (text,) = self.connection.execute("SELECT text FROM texts WHERE position = ?", (int(position),)).fetchone()
        return str(text)

    def cut(self, position: int) -> list[str]:
        """The issues, OWNER/NAME#N, whose citations were taken out of a text."""
        query = "SELECT cut FROM texts WHERE position = ?"
        (found,) = self.connection.execute(query, (int(position),)).fetchone()
        return list(json.loads(found))

    def between(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Positions from ``start`` to before ``end`` with their texts, but for those left out."""
        yield from self.connection.execute(
            "SELECT position, text FROM texts WHERE position >= ? AND position < ? ORDER BY position", (start, end)
        )

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """(n,) whether an issue has a text."""
        return np.equal(self.reason, 0)

    def why(self, position: int) -> str:
        """Why an issue was left out."""
        return REASONS[int(self.reason[position])]

    def counts(self) -> dict[str, int]:
        """Issues by the reason that they were left out, or "kept"."""
        found = np.bincount(self.reason, minlength=len(REASONS))
        return {reason: int(count) for reason, count in zip(REASONS, found, strict=True)}


@contextmanager
def make_texts(
    store: Store, issues: Issues, partners: Partners, settings: TextSettings, reporter: Reporter
) -> Iterator[Texts]:
    """Clean all texts of a store; they live as long as the block.

    Args:
        store: Where titles and bodies are.
        issues: What is there.
        partners: By position, issues that one may be paired with: sentences that cite them are taken out.
        settings: How.
        reporter: Shows progress.
    """
    templates = {repository: _templates(store, key) for repository, key in enumerate(issues.keys)}
    with tempfile.TemporaryDirectory(prefix="gis-build-") as folder:
        connection = sqlite3.connect(Path(folder) / "texts.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE texts (position INTEGER PRIMARY KEY, text TEXT NOT NULL, cut TEXT NOT NULL)")
        count = len(issues)
        texts = Texts(
            connection, np.zeros(count, np.int32), np.zeros(count, np.int8), np.zeros(count, np.bool_), templates
        )
        try:
            with reporter.track("texts", count, "issues") as tracker:
                for made in _made(_rows(store, issues, partners, settings), issues, texts.templates, settings):
                    _keep(texts, made)
                    tracker.advance(len(made), (tracker.done + len(made)) / max(count, 1))
            yield texts
        finally:
            connection.close()


Row = tuple[int, int, str, str, bool, frozenset[tuple[int, int]]]
Made = tuple[int, str, int, bool, Mapping[str, int], int, int, list[str]]


def _templates(store: Store, key: int) -> frozenset[bytes]:
    """The template lines of a repository, learnt from issues spread over its whole life."""
    (count,) = store.rows("SELECT count(*) FROM issues WHERE repository = ? AND gone IS NULL", (key,))[0]
    step = max(count // SAMPLE, 1)
    rows = store.stream("SELECT body FROM issues WHERE repository = ? AND gone IS NULL ORDER BY number", (key,))
    return learn_templates(body or "" for (body,) in islice(rows, 0, None, step))


def _rows(store: Store, issues: Issues, partners: Partners, settings: TextSettings) -> Iterator[Row]:
    position = 0
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
            as_written = settings.original and original is not None
            if settings.original:
                title, body = first_titles.get(number, title), original if as_written else body
            near = frozenset((int(issues.repository[n]), int(issues.number[n])) for n in partners.get(position, ()))
            yield position, repository, title, body or "", as_written, near
            position += 1


def _made(
    rows: Iterator[Row], issues: Issues, templates: Mapping[int, frozenset[bytes]], settings: TextSettings
) -> Iterator[list[Made]]:
    work = partial(_clean_all, Cleaner(issues, templates, settings))
    chunks = iter(lambda: list(islice(rows, CHUNK)), [])
    workers = min(os.cpu_count() or 1, 8)
    if len(issues) < FEW or workers == 1:
        yield from map(work, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        waiting = [pool.submit(work, chunk) for chunk in islice(chunks, 2 * workers)]
        while waiting:  # in order, so that the same store gives the same file
            yield waiting.pop(0).result()
            waiting += [pool.submit(work, chunk) for chunk in islice(chunks, 1)]


class Cleaner:
    """Makes texts; small enough to be sent to a worker."""

    def __init__(self, issues: Issues, templates: Mapping[int, frozenset[bytes]], settings: TextSettings) -> None:
        self.names = issues.names
        self._templates = templates
        self.settings = settings
        self.removed = {n for name in settings.removed if (n := issues.position_of_name(name)) is not None}

    def text(self, repository: int, title: str, body: str, partners: frozenset[tuple[int, int]]) -> Cleaned:
        """The text of an issue of a repository, by its index."""
        return clean(title, body, self._templates[repository], self._cites(repository, partners), self.settings.form)

    def _cites(self, repository: int, partners: frozenset[tuple[int, int]]) -> Cites:
        def cites(reference: Reference) -> bool:
            return (self.names.index_of(reference, repository), reference.number) in partners

        return cites


def _clean_all(cleaner: Cleaner, rows: Sequence[Row]) -> list[Made]:
    made: list[Made] = []
    for position, repository, title, body, as_written, partners in rows:
        cleaned = cleaner.text(repository, title, body, partners)
        removed = position in cleaner.removed
        reason = REASONS.index("removed") if removed else judge(cleaned.text, cleaner.settings)
        cut = sorted({cleaner.names.canonical(each, repository) for each in cleaned.cut})
        counts = (dict(cleaned.redacted), cleaned.sentences, cleaned.lines)
        made.append((position, cleaned.text, reason, as_written, *counts, cut))
    return made


def judge(text: str, settings: TextSettings) -> int:
    """Why a text is left out, as an index in ``REASONS``; 0 if it is kept."""
    found = words(text)
    if not found:
        return REASONS.index("empty")
    if len(found) < settings.min_words:
        return REASONS.index("short")
    if len(text) > settings.max_chars:
        return REASONS.index("long")
    if settings.languages and language(text) not in (*settings.languages, None):
        return REASONS.index("language")
    return 0


def language(text: str) -> str | None:
    """The ISO 639-1 code of a text's prose; None where it cannot be told surely."""
    told = prose(text)[:2000]
    if len(words(told)) < ENOUGH_WORDS:
        return None
    code, probability = _identifier()(told)
    return str(code) if probability >= SURE else None


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return found.classify  # type: ignore[no-any-return]


def _keep(texts: Texts, made: Iterable[Made]) -> None:
    rows: list[tuple[Any, ...]] = []
    for position, text, reason, as_written, redacted, sentences, lines, cut in made:
        texts.reason[position] = reason
        texts.as_written[position] = as_written
        texts.sentences += sentences
        texts.lines += lines
        if reason == 0:
            texts.chars[position] = len(text)
            texts.redacted.update(redacted)
            rows.append((position, text, json.dumps(cut)))
    texts.connection.executemany("INSERT INTO texts VALUES (?, ?, ?)", rows)
