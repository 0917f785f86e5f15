"""Search a collection with a model: each text embedded once, or its words counted; then one rank per judgement."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import Embeddings, embed
from gis.benchmark.records import run_record
from gis.benchmark.results import NewerResultError
from gis.benchmark.retrieval.collection import Collection
from gis.benchmark.retrieval.results import (
    RankedTask,
    RetrievalResult,
    ranks_table,
    read_retrieval,
    record,
    retrieval_path,
    scores_of,
    write_retrieval,
)
from gis.benchmark.retrieval.search import Scores, by_cosine, by_pairs, by_words, ranks
from gis.console import Reporter
from gis.errors import GisError
from gis.hashes import sha256_of
from gis.models.base import Encoder, LoadSettings, Model, ModelCard, PairScorer
from gis.models.lexical import baseline_of

SEARCHED_BY_WORDS = ("tfidf", "bm25")
MOST_COMPARISONS = 200_000  # by a model without vectors: seconds for one that compares words, an hour for others
FITTED_ON_CORPUS = "the documents that are searched"
SCORE = {"tfidf": "cosine", "bm25": "sum over the distinct words of the query"}


def search_collections(
    model: Model,
    collections: Sequence[Collection],
    *,
    output: Path | None,
    cache: Path | None,
    load: LoadSettings,
    command: str,
    force: bool,
    reporter: Reporter,
) -> Iterator[RankedTask]:
    """Score one model on retrieval tasks, and write each result the moment it exists.

    Args:
        model: An encoder, one of the models that search by words, or for a few texts one that compares pairs.
        collections: What to search.
        output: Folder for the results; None keeps them in memory only.
        cache: Folder of the embedding cache; None neither reads nor keeps embeddings.
        load: How the model was loaded, for the record.
        command: The command line, for the record.
        force: Score again what has a result already.
        reporter: Where progress goes.

    Raises:
        GisError: The model would have too many pairs to compare, is fitted to pairs, or failed.
    """
    words = _words_of(model)
    if isinstance(model, PairScorer) and words is None:
        _check_comparisons(model, collections)
    card = model.card if words is None else _searching_card(model.card, words)
    for collection in collections:
        path = None if output is None else retrieval_path(output, card, record(collection))
        existing = None if force or path is None or not model.reproducible else _existing(path, collection, reporter)
        if existing is not None:
            reporter.say(f"{card.name}: {collection.task.name} was scored on {existing.result.run.date[:10]}, kept")
            yield existing
            continue
        if isinstance(model, Encoder):
            ranked = _by_vectors(model, collection, cache, load, command, reporter)
        else:
            started = time.perf_counter()
            queries, documents = collection.queries, collection.documents
            scores = by_pairs(model, queries, documents) if words is None else by_words(words, queries, documents)
            ranked = _ranked(collection, scores, card, load, command, seconds=time.perf_counter() - started)
        yield ranked if path is None else write_retrieval(path, ranked)


def _words_of(model: Model) -> str | None:
    """Return by which words a model searches; None for one that has vectors, or that compares pairs."""
    words = baseline_of(model.card) if isinstance(model, PairScorer) else None
    return words if words in SEARCHED_BY_WORDS else None


def _check_comparisons(model: PairScorer, collections: Sequence[Collection]) -> None:
    """Refuse a model that only compares pairs where that takes too long, or where pairs are what it is fitted to."""
    remedy = f"choose an encoder, {' or '.join(SEARCHED_BY_WORDS)}"
    if model.card.fitted_on is not None:
        raise GisError(
            f"{model.card.name} is fitted to the pairs of a task, and there are none in a search", remedy=remedy
        )
    comparisons = max(len(each.queries) * len(each.documents) for each in collections)
    if comparisons > MOST_COMPARISONS:
        raise GisError(
            f"{model.card.name} only compares pairs of texts: that would be {comparisons:,} comparisons, and at most "
            f"{MOST_COMPARISONS:,} are made",
            remedy=f"{remedy}, or --limit N queries",
        )


def _searching_card(card: ModelCard, words: str) -> ModelCard:
    """Return the card of a model that searches by words: it is fitted on the documents, and BM25 is the plain one."""
    settings = {**card.settings, "score": SCORE[words]}
    identity = sha256_of({"adapter": words, "searches": True, **settings})
    return replace(card, settings=settings, identity=identity, fitted_on=FITTED_ON_CORPUS)


def _existing(path: Path, collection: Collection, reporter: Reporter) -> RankedTask | None:
    """Return the result of an earlier run, if it is of the same data and sample."""
    if not path.is_file():
        return None
    try:
        ranked = read_retrieval(path)
    except NewerResultError:
        raise
    except GisError as error:
        reporter.say(f"{error}; {collection.task.name} is scored again")
        return None
    now, before = record(collection), ranked.result.task
    same = (now.sha256, now.protocol, now.queries) == (before.sha256, before.protocol, before.queries)
    return ranked if same else None


def _by_vectors(
    model: Encoder,
    collection: Collection,
    cache: Path | None,
    load: LoadSettings,
    command: str,
    reporter: Reporter,
) -> RankedTask:
    number: dict[str, int] = {}
    queries, documents = (
        np.array([number.setdefault(text, len(number)) for text in texts], np.intp)
        for texts in (collection.queries, collection.documents)
    )
    label = f"{model.card.name}: {collection.task.name}"
    with EmbeddingCache(cache if model.reproducible else None, model.card.identity) as stored:
        embedded = embed(model, list(number), stored, label, reporter)
    started = time.perf_counter()
    ranked = _ranked(
        collection,
        by_cosine(embedded.vectors[queries], embedded.vectors[documents]),
        replace(model.card, dimension=embedded.vectors.shape[1]),
        load,
        command,
        seconds=float(embedded.seconds.sum()),
        embedded=embedded,
    )
    reporter.say(f"{label}: {len(queries):,} queries in {time.perf_counter() - started:.1f} s")
    return ranked


def _ranked(
    collection: Collection,
    scores: Scores,
    card: ModelCard,
    load: LoadSettings,
    command: str,
    *,
    seconds: float,
    embedded: Embeddings | None = None,
) -> RankedTask:
    started = time.perf_counter()
    table = ranks_table(collection, ranks(collection, scores))
    hardware = ["cpu"] if embedded is None else [str(name) for name in set(embedded.hardware)]
    run = run_record(
        card,
        load,
        command,
        seconds=seconds + (time.perf_counter() - started if embedded is None else 0.0),
        from_cache=0 if embedded is None else int(embedded.from_cache.sum()),
        hardware=hardware,
    )
    result = RetrievalResult(
        model=card,
        task=record(collection),
        scores=scores_of(table),
        run=run,
        notes=tuple(_notes(collection, card, embedded)),
    )
    return RankedTask(result, table)


def _notes(collection: Collection, card: ModelCard, embedded: Embeddings | None) -> Iterator[str]:
    if embedded is not None and (cut := int((embedded.kept < embedded.tokens).sum())):
        read = embedded.kept.sum() / max(embedded.tokens.sum(), 1)
        unit = card.length_unit
        yield f"{cut:,} of {len(embedded.tokens):,} texts were cut at {card.max_tokens} {unit}; {read:.1%} were read"
    if collection.unanswerable:
        yield f"{collection.unanswerable:,} queries were left out: no relevant document may be found for them"
    if collection.limit is not None:
        yield f"partial: a sample of {len(collection.queries):,} queries"
