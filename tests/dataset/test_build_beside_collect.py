"""A dataset that is built while the store is being filled is of one state: each text is that of its issue."""

import random
import threading
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gis.collector.records import Page, Repository
from gis.collector.store_writer import StoreWriter
from gis.dataset.build import build
from gis.dataset.settings import BuildSettings
from tests.dataset.stores import by_chance, fill

REPOSITORY = Repository("octo/widgets", 1, "octo/widgets")
pytestmark = pytest.mark.slow


def test_every_text_is_that_of_its_issue_whatever_is_collected_meanwhile(tmp_path: Path) -> None:
    issues = [replace(issue, body=f"token{issue.number} {issue.body}") for issue in by_chance(250, 1)]
    path = fill(tmp_path / "store.db", issues)
    rng = random.Random(0)
    stop = threading.Event()

    def collect() -> None:
        """Remove an issue and bring it back, over and over."""
        while not stop.is_set():
            with StoreWriter.open(path) as store:
                key = store.repository(REPOSITORY, "graphql")
                run = store.begin(key, "graphql", {})
                issue = rng.choice(issues)
                store.mark_removed(key, run, issue.number, "deleted")
                time.sleep(0.001 * rng.random())
                store.write(key, run, Page(resume_point={}, done=True, issues=(issue,)))
            stop.wait(0.01)  # the processor is the build's for the most part

    writer = threading.Thread(target=collect)
    writer.start()
    try:
        for offset in range(12):
            time.sleep(0.003 * offset)
            build(path, tmp_path / "data", BuildSettings.from_recipe(), force=offset > 0)
            corpus = pd.read_parquet(tmp_path / "data" / "retrieval" / "corpus.parquet")
            numbers = corpus["_id"].str.rpartition("#")[2]
            texts = corpus["title"] + " " + corpus["text"]
            assert len(corpus) > 190
            assert all(f"token{number} " in text for number, text in zip(numbers, texts, strict=True))
    finally:
        stop.set()
        writer.join()
