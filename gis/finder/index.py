"""The index beside a store: texts, vectors and words of its issues, and the ranker; written whole or not at all."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.benchmark.results import own_sha256
from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import seconds, stamp
from gis.errors import GisError, UsageError
from gis.files import FullDiskError, held_alone, load_json, new_folder, sha256_of, sha256_of_file
from gis.finder.comparers import Comparer, load_comparer
from gis.finder.corpus import Corpus, read_corpus
from gis.finder.leaks import unlearned
from gis.finder.ranker import Ranker, default_ranker, fit_ranker, ranker_of
from gis.finder.rerank import fit_reranker
from gis.finder.search import SearchedCorpus
from gis.models.base import Encoder, LoadSettings
from gis.models.learned import Learned, learned_by, together
from gis.models.registry import load_model
from gis.models.similarity import unit
from gis.models.term_matrix import TermMatrix
from gis.spec import Spec, parse_spec
from gis.versions import VERSION

SCHEMA = 2
MANIFEST = "index.json"
ANSWERS = ".judge"  # folder of the answers of a judge, beside the index
ISSUES, VECTORS, TITLE_VECTORS = "issues.parquet", "vectors.npy", "title_vectors.npy"
TERMS, TITLE_TERMS = "terms", "title_terms"  # .npz and .json


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index that was read.

    Attributes:
        path: Its folder.
        model: The encoder, as it was named.
        identity: The encoder's identity.
        learned: What the encoder has learned from.
        state: What the store held when the index was made; see ``state_of``.
        searched: What is searched.
        ranker: How candidates are ranked.
        rerank: What re-ranks the first of them, as it was named; None where nothing does.
        rerank_identity: The identity of that; "" where there is none.
    """

    path: Path
    model: Spec
    identity: str
    learned: Learned
    state: str
    searched: SearchedCorpus
    ranker: Ranker
    rerank: Spec | None
    rerank_identity: str

    @property
    def made_of(self) -> tuple[str, Spec | None, str, str]:
        """All that decides what is in it."""
        return self.identity, self.rerank, self.rerank_identity, self.state

    @property
    def chain(self) -> str:
        """The identity of all models that decide a score."""
        return sha256_of([self.identity, self.rerank_identity]) if self.rerank_identity else self.identity

    def comparer(self, load: LoadSettings, cache: Path | None) -> Comparer | None:
        """Return what re-ranks candidates; None where nothing does.

        Raises:
            GisError: What has its name by now is another model.
        """
        if self.rerank is None:
            return None
        comparer = load_comparer(self.rerank, self.path.with_suffix(ANSWERS), load, cache)
        if comparer.identity != self.rerank_identity:
            raise GisError(
                f"{self.path} was made with another {self.rerank} than there is now, so its weights do not hold",
                remedy=f"make it again: gis index --model {self.model} --rerank {shlex.quote(str(self.rerank))}",
            )
        return comparer

    def encoder(self, load: LoadSettings) -> Encoder:
        """Return the encoder that the vectors are of.

        Raises:
            GisError: What has its name by now is another model.
        """
        model = load_encoder(self.model, load)
        if model.card.identity != self.identity:
            raise GisError(
                f"{self.path} was made with {self.model} of the identity {self.identity[:12]}, which now is "
                f"{model.card.identity[:12]}: vectors of two models do not compare",
                remedy=f"make it again: gis index --model {self.model}",
            )
        return model


def index_path(store: Path) -> Path:
    """Return the folder of a store's index."""
    return store.with_name(f"{store.name}.index")


def state_of(store: Store) -> str:
    """Return a hash of which issues a store holds and when each was last changed."""
    rows = store.rows(
        "SELECT r.name, number, updated_at FROM issues JOIN repositories AS r ON r.key = repository "
        "WHERE gone IS NULL ORDER BY r.name, number"
    )
    return sha256_of([list(row) for row in rows])


def load_encoder(spec: Spec, load: LoadSettings) -> Encoder:
    """Load a model that has embeddings.

    Raises:
        UsageError: It has none.
    """
    model = load_model(spec, load)
    if not isinstance(model, Encoder):
        raise UsageError(
            f"{spec} has no embeddings; words are searched in any case", remedy="choose an encoder, such as minilm"
        )
    return model


def build_index(
    store: Path,
    model: Spec,
    *,
    rerank: Spec | None = None,
    load: LoadSettings | None = None,
    cache: Path | None = None,
    reporter: Reporter = QUIET,
) -> Index:
    """Make the index of a store, or bring it up to date.

    Vectors are kept in the embedding cache, by the hash of a text and the identity of the model: what was embedded once
    is never embedded again.

    Args:
        store: The store that ``gis collect`` filled.
        model: The encoder.
        rerank: What compares an issue with its first candidates, text by text: see ``load_comparer``. None for nothing.
        load: How models are loaded.
        cache: Folder of the embedding cache; None keeps no embeddings, so that the next call makes all anew.
        reporter: Shows progress.

    Raises:
        UsageError: The model has no embeddings, or the other one cannot re-rank.
        GisError: The store has no issues, too few duplicates to weigh a re-ranker, or another process makes its index.
    """
    load = load or LoadSettings()
    encoder = load_encoder(model, load)
    path = index_path(store)
    comparer = None if rerank is None else load_comparer(rerank, path.with_suffix(ANSWERS), load, cache)
    rerank_identity = "" if comparer is None else comparer.identity
    busy = GisError(f"{path} is being made by another gis index", remedy="wait for it")
    with Store(store) as opened, held_alone(path, busy):
        if path.exists() and not (path / MANIFEST).is_file():
            raise GisError(f"{path} is not an index of gis", remedy="move it away")
        state = state_of(opened)
        before = _existing(store, reporter)
        if before is not None and before.made_of == (encoder.card.identity, rerank, rerank_identity, state):
            reporter.say(f"{path} is up to date")
            return before
        corpus = read_corpus(opened, reporter=reporter).corpus
        searched = _searched(corpus, encoder, cache, reporter)
        learned = together([learned_by(encoder), *([] if comparer is None else [comparer.learned])])
        duplicates, usable = corpus.older_duplicates, unlearned(corpus, learned)
        ranker = fit_ranker(searched, duplicates, usable, reporter=reporter) or default_ranker()
        if comparer is not None:
            ranker = fit_reranker(searched, duplicates, usable, ranker, comparer, reporter=reporter)
        index = Index(
            path=path,
            model=model,
            identity=encoder.card.identity,
            learned=learned,
            state=state,
            searched=searched,
            ranker=ranker,
            rerank=rerank,
            rerank_identity=rerank_identity,
        )
        with new_folder(path) as folder:
            _write(index, folder)
    return index


def _existing(store: Path, reporter: Reporter) -> Index | None:
    """Return the index that a store has; None where there is none, or it cannot be used."""
    if not index_path(store).exists():
        return None
    try:
        return read_index(store)
    except GisError as error:
        reporter.say(f"{error}; it is made again")
        return None


def _searched(corpus: Corpus, encoder: Encoder, cache: Path | None, reporter: Reporter) -> SearchedCorpus:
    texts = list(dict.fromkeys((*corpus.texts, *corpus.titles)))
    row = {text: n for n, text in enumerate(texts)}
    with EmbeddingCache(cache if encoder.reproducible else None, encoder.card.identity) as stored:
        vectors = unit(embed(encoder, texts, stored, encoder.card.name, reporter).vectors)
    return SearchedCorpus(
        corpus=corpus,
        vectors=vectors[[row[text] for text in corpus.texts]],
        title_vectors=vectors[[row[title] for title in corpus.titles]],
        terms=TermMatrix.of(corpus.texts),
        title_terms=TermMatrix.of(corpus.titles),
    )


def _write(index: Index, folder: Path) -> None:
    """Write the files of an index, and last the manifest with the hash of each."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from scipy.sparse import save_npz

    searched, corpus = index.searched, index.searched.corpus
    columns = {
        "name": list(corpus.names),
        "text": list(corpus.texts),
        "title": list(corpus.titles),
        "repository": corpus.repository,
        "created": [stamp(int(moment)) for moment in corpus.created],
        "author": list(corpus.authors),
        "cluster": corpus.cluster,
        "canonical": corpus.canonical,
    }
    try:
        pq.write_table(pa.table(columns), folder / ISSUES, compression="zstd")
        np.save(folder / VECTORS, searched.vectors)
        np.save(folder / TITLE_VECTORS, searched.title_vectors)
        for name, terms in ((TERMS, searched.terms), (TITLE_TERMS, searched.title_terms)):
            save_npz(folder / f"{name}.npz", terms.counts)
            (folder / f"{name}.json").write_text(json.dumps(list(terms.vocabulary)), encoding="utf-8")
    except pa.ArrowException as error:
        raise FullDiskError(index.path) from error
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "gis": VERSION,
        "model": str(index.model),
        "identity": index.identity,
        "learned": index.learned.to_json(),
        "state": index.state,
        "host": corpus.host,
        "ranker": index.ranker.content(),
        "rerank": None if index.rerank is None else str(index.rerank),
        "rerank_identity": index.rerank_identity,
        "templates": {name: sorted(line.hex() for line in lines) for name, lines in corpus.templates.items()},
        "files": {file.name: sha256_of_file(file) for file in sorted(folder.iterdir())},
    }
    content["sha256"] = own_sha256(content)
    (folder / MANIFEST).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def read_index(store: Path) -> Index:
    """Read the index of a store; its vectors are mapped into memory.

    Raises:
        GisError: There is none, it is damaged, was replaced while it was read, or is of another version of gis.
    """
    path = index_path(store)
    again = f"make it again: gis index --store {store}"
    if not path.is_dir():
        raise GisError(f"{store} has no index", remedy=f"make it: gis index --store {store}")
    try:
        content = load_json(path / MANIFEST)
        schema = content["schema"]
        if schema != SCHEMA or content["gis"] != VERSION:
            raise GisError(f"{path} is an index of another version of gis ({content['gis']})", remedy=again)
        if content["sha256"] != own_sha256(content):
            raise GisError(f"{path / MANIFEST} is damaged", remedy=again)
        for name, sha256 in content["files"].items():
            if sha256_of_file(path / name) != sha256:
                raise GisError(f"{path / name} is damaged, or was replaced while it was read", remedy=again)
        return _read(path, content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GisError(f"{path} cannot be read ({reason})", remedy=again) from error


def _read(path: Path, content: Mapping[str, Any]) -> Index:
    import pyarrow.parquet as pq

    table = pq.read_table(path / ISSUES)
    texts, titles, names, authors = (
        tuple(table.column(name).to_pylist()) for name in ("text", "title", "name", "author")
    )
    repository, cluster, canonical = (table.column(name).to_numpy() for name in ("repository", "cluster", "canonical"))
    corpus = Corpus(
        names=names,
        titles=titles,
        texts=texts,
        repository=repository,
        created=np.array([seconds(moment) for moment in table.column("created").to_pylist()], np.int64),
        authors=authors,
        cluster=cluster,
        canonical=canonical,
        templates={name: frozenset(map(bytes.fromhex, lines)) for name, lines in content["templates"].items()},
        host=content["host"],
    )
    return Index(
        path=path,
        model=parse_spec(content["model"]),
        identity=content["identity"],
        learned=Learned.from_json(content["learned"]),
        state=content["state"],
        searched=SearchedCorpus(
            corpus=corpus,
            vectors=_vectors(path / VECTORS),
            title_vectors=_vectors(path / TITLE_VECTORS),
            terms=_terms(path / TERMS),
            title_terms=_terms(path / TITLE_TERMS),
        ),
        ranker=ranker_of(content["ranker"]),
        rerank=None if content["rerank"] is None else parse_spec(content["rerank"]),
        rerank_identity=content["rerank_identity"],
    )


def _vectors(path: Path) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return vectors


def _terms(path: Path) -> TermMatrix:
    from scipy.sparse import load_npz

    vocabulary = load_json(path.with_suffix(".json"))
    return TermMatrix({word: n for n, word in enumerate(vocabulary)}, load_npz(path.with_suffix(".npz")))
