"""Measure the index of gis find, its start, its queries, and what one more issue costs, on made-up issues.

Vectors are random (384 float32 each, of text and title), words are drawn by Zipf's law with a topic for each issue. A
store is made with the same issues, without comments. The index is written and read by the functions of gis index and
gis find; only reading the whole store and embedding it are left out, and the ranker is the one that ships. Queries are
issues of the index, one at a time, after one that is not counted. Then one issue is added to the store at a time, and
the index is brought up to date, which embeds the issue by a real model.
"""

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.collector.store_schema import create_store
from gis.console import QUIET
from gis.dataset.issues.table import NOBODY, load_names, stamp
from gis.finder import index as index_module
from gis.finder.chain import load_chain
from gis.finder.content import Content, Part
from gis.finder.find import Finder, staleness
from gis.finder.index import _write, build_index, index_path, read_index
from gis.finder.parts import Titles
from gis.finder.segments import Segment
from gis.finder.state import names_of, state_of
from gis.finder.terms import Postings
from gis.models.base import LoadSettings
from gis.spec import parse_spec

VOCABULARY, TOPICS, TITLE_WORDS, DIMENSIONS, BLOCK = 200_000, 5_000, 6, 384, 20_000
REPOSITORY, FIRST, APART = "octo/widgets", 1_420_070_400, 600  # seconds: of the first issue, and between two
OPEN = 4  # one issue of so many is open; the others were closed at once
OFFLINE = LoadSettings(device="cpu", offline=True)


def texts_of(count: int, words: int, rng: np.random.Generator) -> list[str]:
    """Return texts: a title, a blank line, and a body of two thirds common words and one third of a topic."""
    names = [f"w{n:06}" for n in range(VOCABULARY)]
    topics = rng.integers(0, VOCABULARY, (TOPICS, 40))
    texts = []
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        common = np.minimum(rng.zipf(1.3, (size, words - words // 3)), VOCABULARY) - 1
        own = topics[rng.integers(0, TOPICS, size)[:, None], rng.integers(0, 40, (size, words // 3))]
        for row in rng.permuted(np.concatenate([common, own], axis=1), axis=1).tolist():
            chosen = [names[n] for n in row]
            texts.append(f"{' '.join(chosen[:TITLE_WORDS])}\n\n{' '.join(chosen[TITLE_WORDS:])}")
    return texts


def vectors_of(count: int, path: Path, rng: np.random.Generator) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Write random vectors of length 1 to a file, and map it."""
    vectors = open_memmap(path, "w+", np.float32, (count, DIMENSIONS))
    for start in range(0, count, BLOCK):
        block = rng.standard_normal((min(BLOCK, count - start), DIMENSIONS), np.float32)
        vectors[start : start + BLOCK] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return vectors


def add_to_store(store: Path, texts: list[str], first: int) -> None:
    """Write issues into a store, as gis collect would, numbered from ``first`` on."""
    columns = (
        "repository, number, id, node_id, title, body, state, locked, association, labels, comment_count, "
        "created_at, updated_at, closed_at"
    )
    with closing(connect(store)) as connection:
        connection.execute("BEGIN")
        rows = []
        for number, text in enumerate(texts, first):
            title, _, body = text.partition("\n\n")
            moment = stamp(FIRST + APART * number)
            closed = moment if number % OPEN else None
            state = "closed" if number % OPEN else "open"
            rows.append((1, number, number, "", title, body, state, 0, "NONE", "[]", 0, moment, moment, closed))
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO issues ({columns}) VALUES ({marks})", rows)
        changes = [(number, 1, number) for number in range(first, first + len(texts))]
        connection.executemany("INSERT INTO changes VALUES (?, ?, ?)", changes)
        connection.execute("COMMIT")


def make_store(store: Path, texts: list[str]) -> None:
    """Make a store of issues, ten minutes apart."""
    create_store(store)
    with closing(connect(store)) as connection:
        connection.execute("INSERT INTO repositories (key, name, id, source) VALUES (1, ?, 1, 'graphql')", [REPOSITORY])
        connection.execute("INSERT INTO names VALUES (?, 1)", [REPOSITORY])
    add_to_store(store, texts, 1)


def peak() -> str:
    """Return the highest memory of this process so far, and what it holds now that is not a mapped file."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    own = int(status["RssAnon"].split()[0]) / 2**20
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB ({own:.2f} without mapped files)"


class Clock:
    """How long ago it was made: seconds, and those of the processor in brackets, which other programs change less."""

    def __init__(self) -> None:
        self._start = self._now()

    def _now(self) -> tuple[float, float]:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in both)

    def read(self) -> tuple[float, float]:
        """Return both, in seconds."""
        wall, processor = self._now()
        return wall - self._start[0], processor - self._start[1]

    def __str__(self) -> str:
        return in_words(*self.read())


def in_words(wall: float, processor: float) -> str:
    """Write down seconds and those of the processor."""
    return f"{wall:.3f} s ({processor:.3f})"


def write(count: int, words: int, store: Path, model: str) -> None:
    """Make a store, and write its index."""
    clock, rng = Clock(), np.random.default_rng(0)
    texts = texts_of(count, words, rng)
    make_store(store, texts)
    print(f"store made: {clock}, {store.stat().st_size / 2**30:.2f} GiB", flush=True)
    clock = Clock()
    numbers = np.arange(1, count + 1)
    vectors = vectors_of(count, store.parent / "vectors.npy", rng)
    segment = Segment(
        facts=np.stack([np.ones_like(numbers), numbers, FIRST + APART * numbers, np.full(count, NOBODY)]),
        texts=texts,
        vectors=vectors,
        title_vectors=vectors,
        words=Postings.of(texts),
        title_words=Postings.of(Titles(texts)),
    )
    print(f"vectors made up and words counted: {clock}; peak {peak()}", flush=True)
    clock, path = Clock(), index_path(store)
    with Store(store, check=False) as opened:
        names, keys = load_names(opened)
        content = Content(
            state=state_of(opened),
            names=names_of(opened),
            repositories=names.repositories,
            keys=keys,
            host=names.host,
            templates={0: frozenset()},
            parts=(Part(segment=segment),),
            rulings=np.zeros((4, 0), np.int64),
            closings=segment.facts[:3, numbers % OPEN != 0],
        )
    _write(path, content, [], load_chain(path, parse_spec(model), None, OFFLINE, None), None, QUIET)
    (store.parent / "vectors.npy").unlink()
    print(f"index written: {clock}; {size_of(path):.2f} GiB; peak {peak()}", flush=True)


def size_of(folder: Path) -> float:
    """Return the size of a folder in GiB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**30


def search(store: Path, queries: int) -> None:
    """Read an index and search it."""
    clock = Clock()
    index = read_index(store)
    read = str(clock)
    with Store(store, check=False) as opened:
        assert not staleness(opened, index)
        finder = Finder(opened, index)
        print(f"read: {read}, with a look at the store {clock}; peak {peak()}", flush=True)
        searched, count = index.searched, len(index.searched.corpus)
        chosen = np.random.default_rng(1).choice(np.arange(count // 2, count), queries + 1, replace=False)
        bare, whole = [], []
        for position in chosen.tolist():
            clock = Clock()
            (candidates,) = searched.search(searched.queries(np.array([position])))
            index.ranker.rank(candidates)
            bare.append(clock.read())
            clock = Clock()
            finder.issues([searched.corpus.names[position]])
            whole.append(clock.read())
    print(f"first query: {in_words(*bare[0])}; then, median and most of {queries}:")
    for name, times in (("search", bare[1:]), ("search, reasons, and the store's word", whole[1:])):
        print(f"  {name}: {in_words(*np.median(times, axis=0))}, {in_words(*np.max(times, axis=0))}")
    print(f"peak {peak()}", flush=True)


def add(store: Path, model: str, rounds: int) -> None:
    """Add an issue to a store and bring its index up to date, some times; the model is loaded before."""
    clock = Clock()
    chain = load_chain(index_path(store), parse_spec(model), None, OFFLINE, None)
    chain.encoder.load()
    list(chain.encoder.batches(["the first text also starts libraries"]))
    loaded = str(clock)
    setattr(index_module, "load_chain", lambda *_: chain)  # noqa: B010 - it is not exported
    times = []
    for _ in range(rounds):
        count = len(read_index(store, check=False).searched.corpus)
        add_to_store(store, texts_of(1, 120, np.random.default_rng(count)), count + 1)
        clock = Clock()
        index = build_index(store, parse_spec(model), load=OFFLINE)
        times.append(str(clock))
        assert len(index.searched.corpus) == count + 1
    print(f"one more issue: {', '.join(times)}, beside {loaded} for loading the model; peak {peak()}", flush=True)


def commands(store: Path, model: str) -> None:
    """Time whole commands: starting Python, importing libraries and loading the model are among it."""
    count = len(read_index(store, check=False).searched.corpus)
    name = f"{REPOSITORY}#{count}"
    add_to_store(store, texts_of(1, 120, np.random.default_rng(count)), count + 1)
    for verb, *arguments in (("--help",), ("index", "--model", model), ("index", "--model", model), ("find", name)):
        options = [] if verb == "--help" else ["--store", str(store), "--device", "cpu", "--offline", "--quiet"]
        clock = Clock()
        subprocess.run([sys.executable, "-m", "gis", verb, *arguments, *options], check=True, stdout=subprocess.DEVNULL)
        print(f"gis {verb}: {clock}", flush=True)
    print(json.dumps({"segments": [len(part) for part in read_index(store, check=False).content.parts]}))


def main() -> None:
    """Run from the command line; each measurement is a process of its own, so that each has its own peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=120, help="of each issue")
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3, help="how often an issue is added")
    parser.add_argument("--model", default="minilm", help="embeds the issues that are added; of 384 dimensions")
    parser.add_argument("--folder", type=Path, help="where store and index are made, for a while")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        store = Path(temporary) / "issues.db"
        for work, *arguments in (
            (write, given.issues, given.words, store, given.model),
            (search, store, given.queries),
            (add, store, given.model, given.rounds),
            (commands, store, given.model),
        ):
            process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
            process.start()
            process.join()


if __name__ == "__main__":
    main()
