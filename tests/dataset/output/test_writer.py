"""The tables of a dataset folder, row by row."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow.parquet as pq
import pytest

from gis.dataset.output.layout import CONFIGS
from gis.dataset.output.writer import Writer, sha256
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.retrieval import Query
from gis.dataset.texts.texts import Texts
from tests.dataset.pairs.helpers import TextsInMemory, cluster, make_clusters, make_issues, negative

TEXTS = [
    "First\n\nIt leaks.",
    "Second\n\nIt leaks, too.",
    "Third\n\nIt creaks.",
    None,
    "No title\nbut two lines\n\nbody",
]
CLUSTER = cluster((1, 0))
RULED = Pair(
    first=1, second=0, label=1, stratum="direct", cluster=0, evidence=replace(CLUSTER.direct[0, 1], seconds_to_close=9)
)


class WrittenTexts(TextsInMemory):
    """Texts of which the second is as it was first written; it cited the first."""

    as_written = np.array([False, True, False, False, False])

    def cut(self, position: int) -> list[str]:
        return ["octo/widgets-0#1"] if position == 1 else []


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path, make_issues(5), cast("Texts", WrittenTexts(TEXTS)), make_clusters(CLUSTER))


def rows(folder: Path, config: str, split: str) -> Sequence[dict[str, Any]]:
    table = pq.read_table(folder / CONFIGS[config].path(split))
    assert table.schema.equals(CONFIGS[config].schema)
    written: list[dict[str, Any]] = table.to_pylist()
    return written


def test_a_ruled_pair_has_its_texts_and_its_evidence(writer: Writer, tmp_path: Path) -> None:
    writer.pairs("default", {"test": [RULED]})
    assert rows(tmp_path, "default", "test") == [
        {
            "text1": TEXTS[1], "text2": TEXTS[0], "label": 1, "stratum": "direct",
            "repository1": "octo/widgets-0", "number1": 2, "url1": "https://github.com/octo/widgets-0/issues/2",
            "created1": "1970-01-01T00:00:01Z",
            "repository2": "octo/widgets-0", "number2": 1, "url2": "https://github.com/octo/widgets-0/issues/1",
            "created2": "1970-01-01T00:00:00Z", "body_state1": "created", "body_state2": "latest",
            "cluster1": "octo/widgets-0#1", "cluster2": "octo/widgets-0#1", "cluster_size": 2,
            "tier": "whole_comment", "evidence": "C1", "evidence_source": "comment", "evidence_actor": "person",
            "evidence_by_closer": False, "seconds_to_close": 9,
        }
    ]  # fmt: skip


def test_a_negative_pair_has_no_evidence_and_each_issue_its_own_cluster(writer: Writer, tmp_path: Path) -> None:
    writer.pairs("time", {"valid": [negative(2, 1)]})
    (row,) = rows(tmp_path, "time", "valid")
    assert (row["label"], row["stratum"], row["tier"], row["evidence"]) == (0, "random", None, None)
    assert (row["cluster1"], row["cluster2"], row["cluster_size"]) == ("octo/widgets-0#3", "octo/widgets-0#1", 1)


def test_the_ids_have_hashes_in_place_of_texts(writer: Writer, tmp_path: Path) -> None:
    writer.ids({"test": [RULED]})
    (row,) = rows(tmp_path, "ids", "test")
    assert (row["sha256_1"], row["sha256_2"]) == (sha256(str(TEXTS[1])), sha256(str(TEXTS[0])))
    assert (row["cut1"], row["cut2"]) == (["octo/widgets-0#1"], [])


def test_positives_are_the_duplicates_alone(writer: Writer, tmp_path: Path) -> None:
    writer.positives({"train": [negative(2, 1), RULED]})
    assert rows(tmp_path, "positive", "train") == [{"anchor": TEXTS[1], "positive": TEXTS[0]}]


def test_retrieval_has_every_text_and_the_relevant_issues_of_each_query(writer: Writer, tmp_path: Path) -> None:
    writer.retrieval({"test": [Query(1, (0,))]})
    corpus = rows(tmp_path, "retrieval-corpus", "corpus")
    assert [row["_id"] for row in corpus] == [f"octo/widgets-0#{n}" for n in (1, 2, 3, 5)]
    assert (corpus[0]["title"], corpus[0]["text"]) == ("First", "It leaks.")
    assert (corpus[3]["title"], corpus[3]["text"]) == ("", TEXTS[4])  # its title was removed
    assert rows(tmp_path, "retrieval-queries", "test") == [{"_id": "octo/widgets-0#2", "text": TEXTS[1]}]
    assert rows(tmp_path, "retrieval-qrels", "test") == [
        {"query-id": "octo/widgets-0#2", "corpus-id": "octo/widgets-0#1", "score": 1}
    ]


def test_evidence_is_written_with_what_it_counts_as(writer: Writer, tmp_path: Path) -> None:
    ruling = CLUSTER.direct[0, 1]
    lost = replace(ruling, target=None, reference="octo/gone#7", withdrawn_reason="open")
    writer.evidence([ruling, lost], lambda evidence: "positive" if evidence.target is not None else "related")
    found = rows(tmp_path, "evidence", "train")
    assert [(row["issue"], row["target"], row["collected"], row["label"]) for row in found] == [
        ("octo/widgets-0#2", "octo/widgets-0#1", True, "positive"),
        ("octo/widgets-0#2", "octo/gone#7", False, "related"),
    ]
    assert [row["withdrawn"] for row in found] == ["", "open"]


def test_rows_are_counted_by_file(writer: Writer) -> None:
    writer.pairs("default", {"train": [RULED, negative(2, 1)], "test": []})
    assert writer.rows == {CONFIGS["default"].path("train"): 2, CONFIGS["default"].path("test"): 0}
