"""Measure the index of gis find, its queries, and what one more issue costs, on made-up issues.

Vectors are random (384 float32 each, of text and title), words are drawn by Zipf's law with a topic for each issue. The
index is written and read by the functions that gis index and gis find use; only embedding and the store are left out,
and the ranker is the one that ships. Queries are issues of the index, one at a time, after one that is not counted.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from gis.files import new_folder
from gis.finder.corpus import NO_CLUSTER, Corpus
from gis.finder.index import Index, _write, index_path, read_index
from gis.finder.ranker import default_ranker
from gis.finder.search import SearchedCorpus
from gis.models.term_matrix import TermMatrix
from gis.spec import Spec

VOCABULARY, TOPICS, TITLE_WORDS, DIMENSIONS, BLOCK = 200_000, 5_000, 6, 384, 20_000


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


def made_up(count: int, words: int, folder: Path) -> SearchedCorpus:
    """Return a corpus of made-up issues, ten minutes apart."""
    rng = np.random.default_rng(0)
    texts = texts_of(count, words, rng)
    titles = [text.partition("\n")[0] for text in texts]
    corpus = Corpus(
        names=tuple(f"octo/widgets#{n}" for n in range(1, count + 1)),
        titles=tuple(titles),
        texts=tuple(texts),
        repository=np.zeros(count, np.int32),
        created=1_420_070_400 + 600 * np.arange(count, dtype=np.int64),
        authors=tuple(f"user-{n}" for n in rng.integers(0, 20_000, count)),
        cluster=np.full(count, NO_CLUSTER, np.int32),
        canonical=np.zeros(count, np.bool_),
        templates={},
        host="github.com",
    )
    vectors = vectors_of(count, folder / "vectors.npy", rng)
    return SearchedCorpus(
        corpus=corpus,
        vectors=vectors,
        title_vectors=vectors,
        terms=TermMatrix.of(texts),
        title_terms=TermMatrix.of(titles),
    )


def peak() -> str:
    """Return the highest memory of this process so far, and what it holds now that is not a mapped file."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    own = int(status["RssAnon"].split()[0]) / 2**20
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB ({own:.2f} without mapped files)"


def seconds_since(start: float) -> str:
    """Return how long ago a time was."""
    return f"{time.perf_counter() - start:.2f} s"


def write(count: int, words: int, store: Path) -> None:
    """Make and write an index."""
    start = time.perf_counter()
    searched = made_up(count, words, store.parent)
    print(f"made up and counted: {seconds_since(start)}; peak {peak()}", flush=True)
    start, path = time.perf_counter(), index_path(store)
    index = Index(
        path=path, model=Spec("random"), identity="0" * 64, state="", searched=searched, ranker=default_ranker()
    )
    with new_folder(path) as folder:
        _write(index, folder)
    size = sum(file.stat().st_size for file in path.iterdir()) / 2**30
    print(f"written: {seconds_since(start)}; {size:.2f} GiB; peak {peak()}", flush=True)


def search(store: Path, queries: int) -> None:
    """Read an index and search it."""
    start = time.perf_counter()
    index = read_index(store)
    print(f"read: {seconds_since(start)}; peak {peak()}", flush=True)
    searched, count = index.searched, len(index.searched.corpus)
    chosen = np.random.default_rng(1).choice(np.arange(count // 2, count), queries + 1, replace=False)
    times = []
    for position in chosen:
        start = time.perf_counter()
        (candidates,) = searched.search(searched.queries(np.array([position])))
        index.ranker.scores(candidates)
        times.append(time.perf_counter() - start)
    middle, most = np.median(times[1:]), max(times[1:])
    print(f"first query {times[0]:.2f} s, then {middle:.3f} s (median of {queries}), {most:.3f} s at most; {peak()}")


def main() -> None:
    """Run from the command line; writing and searching are processes of their own, so that each has its own peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=120, help="of each issue")
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where the index is made, for a while")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        store = Path(temporary) / "issues.db"
        for work, *given in ((write, arguments.issues, arguments.words, store), (search, store, arguments.queries)):
            process = multiprocessing.get_context("spawn").Process(target=work, args=given)
            process.start()
            process.join()


if __name__ == "__main__":
    main()
