"""Part of a real repository, without embeddings: the blend finds more than each of the similarities by words."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.finder.backtest import backtest
from gis.finder.corpus import read_corpus, read_rulings
from gis.finder.parts import Vectors
from gis.finder.replay import BLEND, replay
from gis.finder.search import SearchedCorpus
from gis.finder.terms import Terms

LAST = 9000  # number of an issue


@pytest.mark.slow
@pytest.mark.shared
def test_the_blend_finds_more_duplicates_than_its_parts(shared_data: Path, tmp_path: Path) -> None:
    source, dump = shared_data / "github" / "rust-lang_rust", tmp_path / "rust-lang_rust"
    dump.mkdir()
    for name, key in (("issues", "number"), ("comments", "issue_number")):
        with gzip.open(source / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            number = re.compile(rf'"{key}":\s*(\d+)')
            rows = [line for line in file if (match := number.search(line)) and int(match[1]) <= LAST]
        (dump / f"{name}.jsonl").write_text("".join(rows), encoding="utf-8")
    with StoreWriter.open(tmp_path / "rust.db") as opened:
        collect(opened, DumpSource(dump))
    with Store(tmp_path / "rust.db") as store:
        corpus = read_corpus(store).corpus
        nothing = Vectors.of(np.zeros((len(corpus), 1), np.float32))
        searched = SearchedCorpus(
            corpus=corpus,
            vectors=nothing,
            title_vectors=nothing,
            terms=Terms.of(corpus.texts),
            title_terms=Terms.of(corpus.titles),
        )
        replayed = backtest(replay(searched, read_rulings(store, corpus).cluster_before))
    found = {row.name: [each.share for each in row.found] for row in replayed.rows}
    assert replayed.duplicates > 100
    assert found[BLEND][1] > max(found["TF-IDF"][1], found["BM25"][1]) > 0.3
    assert found["cosine"][0] < 0.05
