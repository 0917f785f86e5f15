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
from gis.dataset.output.layout import CORPUS, EVIDENCE, IDS, PAIRS, POSITIVE, QRELS, QUERIES
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.retrieval import Queries
from gis.dataset.pairs.splits import Split
from gis.dataset.texts.texts import Texts

ROWS = 2000  # of a row group
Row = Mapping[str, Any]


class Writer:
    """Writes the tables of a dataset folder, and remembers what it wrote.

    Args:
        folder: Where to.
        issues: What the positions of pairs mean.
        texts: Their texts.
        clusters: Which cluster an issue is in.
    """

    def __init__(self, folder: Path, issues: Issues, texts: Texts, clusters: Clusters) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._issues = issues
        self._texts = texts
        self._clusters = clusters

    def pairs(self, config: str, splits: Mapping[Split, Sequence[Pair]]) -> None:
        """A config of labelled pairs; ``default`` is in ``data``."""
        folder = "data" if config == "default" else config
        for split, pairs in splits.items():
            self._write(_shard(folder, split), PAIRS, (self._row(pair, texts=True) for pair in pairs))

    def ids(self, splits: Mapping[Split, Sequence[Pair]]) -> None:
        """The config without texts: what they are, and the hash of each."""
        for split, pairs in splits.items():
            self._write(_shard("ids", split), IDS, (self._row(pair, texts=False) for pair in pairs))

    def positives(self, splits: Mapping[Split, Sequence[Pair]]) -> None:
        """The duplicates alone, as the published set has them."""
        for split, pairs in splits.items():
            rows = ({"anchor": self._texts[p.first], "positive": self._texts[p.second]} for p in pairs if p.label)
            self._write(_shard("positive", split), POSITIVE, rows)

    def retrieval(self, asked: Queries) -> None:
        """Corpus, queries and relevance in mteb's layout."""
        name = self._issues.name
        self._write("retrieval/corpus.parquet", CORPUS, self._corpus())
        for split, queries in asked.items():
            texts = ({"_id": name(n), "text": self._texts[n]} for n, _ in queries)
            self._write(f"retrieval/queries-{split}.parquet", QUERIES, texts)
            rows = (
                {"query-id": name(n), "corpus-id": name(other), "score": 1} for n, others in queries for other in others
            )
            self._write(f"retrieval/qrels-{split}.parquet", QRELS, rows)

    def evidence(self, found: Sequence[Evidence], label_of: Callable[[Evidence], str]) -> None:
        """Every trace, whatever came of it."""
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
            for each in found
        )
        self._write("evidence/evidence.parquet", EVIDENCE, rows)

    def _corpus(self) -> Iterator[Row]:
        for n, text in self._texts.between(0, len(self._issues)):
            title, _, body = text.partition("\n\n")
            if "\n" in title:  # nothing was left of it
                title, body = "", text
            yield {"_id": self._issues.name(n), "title": title, "text": body}

    def _row(self, pair: Pair, *, texts: bool) -> Row:
        issues, each = self._issues, pair.evidence
        row: dict[str, Any] = {"label": pair.label, "stratum": pair.stratum}
        first = self._clusters.of.get(pair.first)
        row["cluster_size"] = 1 if first is None else len(first.members)
        for side, n in (("1", pair.first), ("2", pair.second)):
            cluster = self._clusters.of.get(n)
            repository, number, text = (
                issues.names.repositories[issues.repository[n]],
                int(issues.number[n]),
                self._texts[n],
            )
            row |= {
                f"repository{side}": repository,
                f"number{side}": number,
                f"url{side}": f"https://github.com/{repository}/issues/{number}",
                f"created{side}": stamp(int(issues.created[n])),
                f"body_state{side}": "created" if self._texts.as_written[n] else "latest",
                f"cluster{side}": issues.name(n if cluster is None else cluster.members[0]),
            }
            row |= (
                {f"text{side}": text} if texts else {f"sha256_{side}": sha256(text), f"cut{side}": self._texts.cut(n)}
            )
        if each is not None:
            row |= {
                "tier": each.tier,
                "evidence": each.source_id,
                "evidence_source": each.source,
                "evidence_actor": each.actor,
                "evidence_by_closer": each.by_closer,
                "seconds_to_close": each.seconds_to_close,
            }
        return row

    def _write(self, name: str, schema: pa.Schema, rows: Iterator[Row]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        count = 0
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for part in _batched(rows, ROWS):
                writer.write_table(pa.Table.from_pylist(list(part), schema))
                count += len(part)
        self.rows[name] = count


def sha256(text: str) -> str:
    """The hash that the ``ids`` config knows a text by."""
    return hashlib.sha256(text.encode()).hexdigest()


def _shard(folder: str, split: str) -> str:
    return f"{folder}/{split}-00000-of-00001.parquet"


def _batched(rows: Iterator[Row], size: int) -> Iterator[tuple[Row, ...]]:
    while part := tuple(islice(rows, size)):
        yield part
