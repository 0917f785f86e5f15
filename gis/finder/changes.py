"""What changed in a store since an index was made, without reading the rest of it.

Which issues are duplicates of one another depends on the comments of all that any evidence ties together. So the issues
that changed are copied into a small store, with all that they are tied to, and read by the functions that read a whole
store. Where new evidence ties them to others, these are copied, too.
"""

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.collector.store_schema import columns_of, create_store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import load_names
from gis.dataset.texts.texts import Templates
from gis.finder.corpus import Corpus, read_corpus
from gis.replacing import temporary_folder
from gis.union_find import DisjointSets

Issue = tuple[int, int]  # the store's key of the repository, and the number
Groups = Sequence[Sequence[str]]  # names of issues that evidence ties together, in lower case
NUMBER = re.compile(r"\d{1,9}")
OF_ONE = "repository = ? AND number = ?"
# Columns that may mention an issue; and those of an issue that is only mentioned which nobody needs.
MENTIONS = {"issues": ("duplicate_number", "gone"), "comments": ("body",), "events": ("target_number",)}
UNMENTIONED = ("body", "original_body", "state_reason", "duplicate_repository", "duplicate_number")
WHOLE = ("repositories", "names", "runs")  # tables that every reader of a store needs


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is new of a store.

    Attributes:
        corpus: The issues that changed, those that they are tied to, and others that they mention.
        tied: Of which issues the clusters of the corpus hold: those that changed, and those that they are tied to.
        groups: All groups of issues that evidence ties together, as they are now.
    """

    corpus: Corpus
    tied: Set[Issue]
    groups: Groups


def grouped(ties: Iterable[tuple[str, str]]) -> Groups:
    """Return the groups of names that pairs of them form."""
    number: dict[str, int] = {}
    sets = DisjointSets()
    for one, other in ties:
        sets.join(number.setdefault(one, len(number)), number.setdefault(other, len(number)))
    names = list(number)
    return sorted(sorted(names[n] for n in group) for group in sets.groups(range(len(names))))


def read_changes(
    store: Store, changed: Collection[Issue], groups: Groups, templates: Templates, *, reporter: Reporter = QUIET
) -> Changes:
    """Read the issues that changed.

    Args:
        store: The store.
        changed: Which issues were written since the index was made; at least one.
        groups: The groups of issues that evidence tied together then.
        templates: Hashes of template lines by repository index, as the index has them.
        reporter: Shows progress.

    Raises:
        DamagedStoreError: What is read is damaged.
    """
    names, keys = load_names(store)
    name_of = {key: name.lower() for key, name in zip(keys, names.repositories, strict=True)}
    key_of = {name: key for key, name in name_of.items()}
    group_of = {name: n for n, group in enumerate(groups) for name in group}
    tied: set[str] = set()
    more = {f"{name_of[key]}#{number}" for key, number in changed}
    while more:
        tied |= more.union(*(groups[group_of[name]] for name in more & group_of.keys()))
        issues = set(_issues(tied, key_of))
        store.check_issues(issues)
        with small_store(store, issues) as (small, mentioned):
            read = read_corpus(small, templates=templates, reporter=reporter)
        known = {f"{name_of[key]}#{number}" for key, number in mentioned}
        more = {name for tie in read.ties for name in tie if name in known and name not in tied}
    kept = [group for group in groups if tied.isdisjoint(group)]
    return Changes(corpus=read.corpus, tied=issues, groups=sorted([*kept, *grouped(read.ties)], key=list))


def _issues(names: Iterable[str], key_of: dict[str, int]) -> Iterator[Issue]:
    """Yield the issues with these names that are in a collected repository."""
    for name in names:
        repository, _, number = name.rpartition("#")
        if repository in key_of:
            yield key_of[repository], int(number)


@contextmanager
def small_store(store: Store, issues: Collection[Issue]) -> Iterator[tuple[Store, set[Issue]]]:
    """Yield a temporary store with some issues of another, and the other issues that these mention.

    The latter are there without comments and events, so that a reference to them is one to an issue.
    """
    with temporary_folder("gis-index") as folder:
        path = folder / "issues.db"
        create_store(path)
        mentioned = _copy(store, path, issues)
        with Store(path, check=False) as small:
            yield small, mentioned


def _copy(store: Store, path: Path, issues: Collection[Issue]) -> set[Issue]:
    """Copy issues, and the bare rows of those that they mention, which are returned."""
    with closing(connect(path)) as connection:
        copy = _Copy(store, connection)
        connection.execute("BEGIN")
        for table in WHOLE:
            copy.rows(table, "TRUE")
        copy.rows("users", "type = 'Bot'")
        keys = [key for (key,) in store.rows("SELECT key FROM repositories")]
        copied, mentioned, numbers = set(issues), set[Issue](), set[int]()
        for issue in issues:
            for table in MENTIONS:
                numbers |= copy.rows(table, OF_ONE, *issue)
        while more := {(key, number) for key in keys for number in numbers} - copied:
            copied |= more
            numbers = set()
            for issue in more:
                copy.rows("pull_requests", OF_ONE, *issue)
                if store.rows(f"SELECT 1 FROM issues WHERE {OF_ONE}", issue):
                    mentioned.add(issue)
                    numbers |= copy.rows("issues", OF_ONE, *issue, without=UNMENTIONED)
        connection.execute("COMMIT")
    return mentioned


class _Copy:
    """Copies rows of one store into another."""

    def __init__(self, store: Store, connection: sqlite3.Connection) -> None:
        self._store, self._connection = store, connection

    def rows(self, table: str, condition: str, *values: object, without: Collection[str] = ()) -> set[int]:
        """Copy the rows that meet a condition, without some columns, and return the numbers that they mention."""
        columns = columns_of(table)
        chosen = ", ".join("NULL" if name in without else name for name in columns)
        rows = self._store.rows(f"SELECT {chosen} FROM {table} WHERE {condition}", values)
        self._connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
        telling = [columns.index(name) for name in MENTIONS.get(table, ())]
        return {int(number) for row in rows for n in telling for number in NUMBER.findall(str(row[n] or ""))}
