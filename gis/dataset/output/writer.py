"""The dataset folder: Parquet files that ``datasets.load_dataset`` opens, with every pair's provenance."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gis.dataset.issues.table import Issues, stamp
from gis.dataset.labels.clusters import Clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.output.layout import (
    CORPUS_CONFIG,
    EVIDENCE_CONFIG,
    IDS_CONFIG,
    LABELLED,
    POSITIVE_CONFIG,
    QRELS_CONFIG,
    QUERIES_CONFIG,
    Config,
)
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.retrieval import Queries
from gis.dataset.settings import Split
from gis.dataset.texts.texts import Texts

ROWS_PER_GROUP = 2000
Row = Mapping[str, Any]


class Writer:
    """Writes the files of a dataset folder and counts their rows.

    Attributes:
        rows: Rows by the path of each file that was written.
    """

    def __init__(self, folder: Path, issues: Issues, texts: Texts, clusters: Clusters) -> None:
        """Write into a folder.

        Args:
            folder: The folder.
            issues: The issues that positions refer to.
            texts: Their texts.
            clusters: Their clusters.
        """
        self.rows: dict[str, int] = {}
        self._folder = folder
        self._issues = issues
        self._texts = texts
        self._clusters = clusters

    def pairs(self, config: str, splits: Mapping[Split, Sequence[Pair]]) -> None:
        """Write a config of labelled pairs."""
        for split, pairs in splits.items():
            self._write(LABELLED[config], split, (self._row(pair) | self._pair_texts(pair) for pair in pairs))

    def ids(self, splits: Mapping[Split, Sequence[Pair]]) -> None:
        """Write the config without texts: the issues of each pair, and the hash of each text."""
        for split, pairs in splits.items():
            self._write(IDS_CONFIG, split, (self._row(pair) | self._hashes(pair) for pair in pairs))

    def positives(self, splits: Mapping[Split, Sequence[Pair]]) -> None:
        """Write the duplicate pairs alone, in the columns of the published dataset."""
        for split, pairs in splits.items():
            rows = ({"anchor": self._texts[p.first], "positive": self._texts[p.second]} for p in pairs if p.label)
            self._write(POSITIVE_CONFIG, split, rows)

    def retrieval(self, queries: Queries) -> None:
        """Write corpus, queries and relevance in the layout of mteb."""
        name = self._issues.name
        self._write(CORPUS_CONFIG, "corpus", self._corpus())
        for split, searches in queries.items():
            texts = ({"_id": name(n), "text": self._texts[n]} for n, _ in searches)
            self._write(QUERIES_CONFIG, split, texts)
            relevance = (
                {"query-id": name(n), "corpus-id": name(other), "score": 1}
                for n, others in searches
                for other in others
            )
            self._write(QRELS_CONFIG, split, relevance)

    def evidence(self, evidence: Sequence[Evidence], label_of: Callable[[Evidence], str]) -> None:
        """Write all evidence, whether it counts or not."""
        rows = (
            {
                "issue": self._issues.name(each.issue),
                "target": each.reference,
                "collected": each.target is not None,
                "tier": each.tier,
                "label": label_of(each),
                "source": each.source,
                "source_id": each.source_id,
                "actor": each.actor,
                "made": stamp(each.created_at),
                "by_closer": each.by_closer,
                "seconds_to_close": each.seconds_to_close,
                "withdrawn": each.withdrawn_reason,
            }
            for each in evidence
        )
        self._write(EVIDENCE_CONFIG, "train", rows)

    def _corpus(self) -> Iterator[Row]:
        for n, text in self._texts.between(0, len(self._issues)):
            title, _, body = text.partition("\n\n")
            if "\n" in title:  # nothing was left of it
                title, body = "", text
            created = stamp(int(self._issues.created[n]))
            yield {"_id": self._issues.name(n), "title": title, "text": body, "created": created}

    def _row(self, pair: Pair) -> dict[str, Any]:
        """Return the label of a pair and where it comes from."""
        row: dict[str, Any] = {"label": pair.label, "stratum": pair.stratum}
        cluster = self._clusters.of.get(pair.first)
        row["cluster_size"] = 1 if cluster is None else len(cluster.members)
        for side, position in self._sides(pair):
            row |= self._issue(side, position)
        if (evidence := pair.evidence) is not None:
            row |= {
                "tier": evidence.tier,
                "evidence": evidence.source_id,
                "evidence_source": evidence.source,
                "evidence_actor": evidence.actor,
                "evidence_by_closer": evidence.by_closer,
                "seconds_to_close": evidence.seconds_to_close,
            }
        return row

    def _issue(self, side: str, position: int) -> dict[str, Any]:
        issues, cluster = self._issues, self._clusters.of.get(position)
        repository = issues.names.repositories[issues.repository[position]]
        number = int(issues.number[position])
        return {
            f"repository{side}": repository,
            f"number{side}": number,
            f"url{side}": f"{issues.names.web_url}/{repository}/issues/{number}",
            f"created{side}": stamp(int(issues.created[position])),
            f"body_state{side}": "created" if self._texts.as_written[position] else "latest",
            f"cluster{side}": issues.name(position if cluster is None else cluster.members[0]),
        }

    def _pair_texts(self, pair: Pair) -> dict[str, Any]:
        return {f"text{side}": self._texts[position] for side, position in self._sides(pair)}

    def _hashes(self, pair: Pair) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for side, position in self._sides(pair):
            columns[f"sha256_{side}"] = sha256(self._texts[position])
            columns[f"cut{side}"] = self._texts.cut(position)
        return columns

    @staticmethod
    def _sides(pair: Pair) -> tuple[tuple[str, int], tuple[str, int]]:
        return ("1", pair.first), ("2", pair.second)

    def _write(self, config: Config, split: str, rows: Iterator[Row]) -> None:
        name = config.path(split)
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        count = 0
        with pq.ParquetWriter(path, config.schema, compression="zstd") as writer:
            for batch in _batched(rows, ROWS_PER_GROUP):
                writer.write_table(pa.Table.from_pylist(list(batch), config.schema))
                count += len(batch)
        self.rows[name] = count


def sha256(text: str) -> str:
    """Return the hash of a text in the config ``ids``."""
    return hashlib.sha256(text.encode()).hexdigest()


def _batched(rows: Iterator[Row], size: int) -> Iterator[tuple[Row, ...]]:
    while batch := tuple(islice(rows, size)):
        yield batch
