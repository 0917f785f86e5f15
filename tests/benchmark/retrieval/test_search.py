import numpy as np
import pytest

from gis.benchmark.retrieval import search
from gis.benchmark.retrieval.collection import Collection
from gis.benchmark.retrieval.search import blocks, by_cosine, by_words, ranks
from gis.benchmark.tasks.catalogue import Task


def make_collection(documents: int, queries: int, seed: int = 0) -> Collection:
    rng = np.random.default_rng(seed)
    judged = rng.random((queries, documents)) < 0.1
    judged[:, 0] = True
    query, document = np.nonzero(judged)
    return Collection(
        task=Task(name="made", retrieval="earlier"),
        document_ids=tuple(f"d{n}" for n in rng.permutation(documents)),
        documents=("",) * documents,
        query_ids=tuple(f"q{n}" for n in range(queries)),
        queries=("",) * queries,
        query=query,
        document=document,
        gain=np.ones(len(query)),
        opened=np.arange(documents, dtype=np.float64),
        asked=np.full(queries, documents / 2),
        source="here",
        splits=("test",),
        full_queries=queries,
        sha256="",
    ).answerable()


def plain_rank(collection: Collection, scores: np.ndarray, query: int, document: int) -> int:
    """By sorting all candidates by score, then by id, both descending, as trec_eval does."""
    candidates = np.flatnonzero(collection.candidates(query)).tolist()
    ordered = sorted(candidates, key=lambda n: (scores[n], collection.document_ids[n].encode()), reverse=True)
    return ordered.index(document) + 1


def test_ranks_are_those_of_sorting_by_score_and_then_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    collection = make_collection(60, 9)
    table = np.random.default_rng(1).integers(0, 4, (9, 60)).astype(np.float32)  # many ties
    monkeypatch.setattr(search, "BYTES_PER_BLOCK", 4 * 60 * 4)
    found = ranks(collection, lambda block: table[block].copy())
    pairs = zip(collection.query, collection.document, strict=True)
    assert found.tolist() == [plain_rank(collection, table[query], query, document) for query, document in pairs]


def test_equal_texts_have_equal_cosines_whatever_block_they_are_in() -> None:
    rng = np.random.default_rng(0)
    documents = rng.standard_normal((301, 384)).astype(np.float32)
    documents[1::2] = documents[0]
    scores = by_cosine(rng.standard_normal((5, 384)).astype(np.float32), documents)(slice(0, 5))
    assert all(len(set(row[1::2]) | {row[0]}) == 1 for row in scores)


def test_a_zero_vector_is_similar_to_nothing() -> None:
    assert by_cosine(np.zeros((1, 3), np.float32), np.ones((2, 3), np.float32))(slice(0, 1)).tolist() == [[0, 0]]


@pytest.mark.parametrize("model", ["tfidf", "bm25"])
def test_words_find_the_text_that_shares_the_rarest(model: str) -> None:
    scores = by_words(model, ("the compiler panics",), ("the cat", "a compiler", "the dog", "nothing"))(slice(0, 1))
    assert scores[0].argmax() == 1
    assert scores[0][0] == scores[0][2] > scores[0][3] == 0


def test_blocks_cover_all_queries_within_their_memory() -> None:
    parts = list(blocks(1000, 1_000_000))
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == 1000
    assert max(part.stop - part.start for part in parts) * 4_000_000 <= search.BYTES_PER_BLOCK


def test_the_smallest_block_is_one_query() -> None:
    assert len(list(blocks(3, 10**9))) == 3
