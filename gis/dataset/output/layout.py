"""The layout of a dataset folder: its configs, their files and columns. No other module knows file names."""

from collections.abc import Container
from dataclasses import dataclass

import pyarrow as pa

from gis.dataset.settings import SPLITS

IDS_CARD = "ids/README.md"  # the card of a copy without texts
CROISSANT = "croissant.json"

PROVENANCE = pa.schema(
    [
        ("stratum", pa.string()),
        ("repository1", pa.string()),
        ("number1", pa.int64()),
        ("url1", pa.string()),
        ("created1", pa.string()),
        ("repository2", pa.string()),
        ("number2", pa.int64()),
        ("url2", pa.string()),
        ("created2", pa.string()),
        ("body_state1", pa.string()),
        ("body_state2", pa.string()),
        ("cluster1", pa.string()),
        ("cluster2", pa.string()),
        ("cluster_size", pa.int64()),
        ("tier", pa.string()),
        ("evidence", pa.string()),
        ("evidence_source", pa.string()),
        ("evidence_actor", pa.string()),
        ("evidence_by_closer", pa.bool_()),
        ("seconds_to_close", pa.int64()),
    ]
)

NAMES = pa.list_(pa.string())

TEXTS = [("text1", pa.string()), ("text2", pa.string())]

LABEL = ("label", pa.int64())

PAIRS = pa.schema([*TEXTS, LABEL, *PROVENANCE])

HASHES = [(f"{name}{side}", kind) for side in ("1", "2") for name, kind in (("sha256_", pa.string()), ("cut", NAMES))]

IDS = pa.schema([LABEL, *HASHES, *PROVENANCE])

POSITIVE = pa.schema([("anchor", pa.string()), ("positive", pa.string())])

CORPUS = pa.schema([("_id", pa.string()), ("title", pa.string()), ("text", pa.string()), ("created", pa.string())])

QUERIES = pa.schema([("_id", pa.string()), ("text", pa.string())])

QRELS = pa.schema([("query-id", pa.string()), ("corpus-id", pa.string()), ("score", pa.int64())])

EVIDENCE = pa.schema(
    [
        ("issue", pa.string()),
        ("target", pa.string()),
        ("collected", pa.bool_()),
        ("tier", pa.string()),
        ("label", pa.string()),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("actor", pa.string()),
        ("made", pa.string()),
        ("by_closer", pa.bool_()),
        ("seconds_to_close", pa.int64()),
        ("withdrawn", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """A part of a dataset folder that ``datasets.load_dataset(folder, name)`` opens.

    Attributes:
        name: Its name.
        pattern: Path of the file of a split in the folder, with "{split}" where the split's name goes.
        schema: Its columns.
        summary: What it holds, in Markdown, for the card.
        splits: Its splits.
        text_columns: Columns that hold texts of issues.
    """

    name: str
    pattern: str
    schema: pa.Schema
    summary: str
    splits: tuple[str, ...] = SPLITS
    text_columns: tuple[str, ...] = ()

    def path(self, split: str) -> str:
        """Return the path of a split's file in the folder."""
        return self.pattern.format(split=split)

    def files(self, existing: Container[str]) -> dict[str, str]:
        """Return the paths that are among ``existing``, by split."""
        return {split: self.path(split) for split in self.splits if self.path(split) in existing}


def _pairs(name: str, summary: str, folder: str = "") -> Config:
    pattern = f"{folder or name}/{{split}}-00000-of-00001.parquet"
    return Config(name=name, pattern=pattern, schema=PAIRS, summary=summary, text_columns=("text1", "text2"))


POSITIVE_CONFIG = Config(
    name="positive",
    pattern="positive/{split}-00000-of-00001.parquet",
    schema=POSITIVE,
    summary="the duplicate pairs alone, as `anchor` and `positive`",
    text_columns=("anchor", "positive"),
)
IDS_CONFIG = Config(
    name="ids",
    pattern="ids/{split}-00000-of-00001.parquet",
    schema=IDS,
    summary="the pairs of `default` without their texts, which `gis hydrate` restores",
)
EVIDENCE_CONFIG = Config(
    name="evidence",
    pattern="evidence/evidence.parquet",
    schema=EVIDENCE,
    summary="all evidence that two issues are duplicates",
    splits=("train",),
)
CORPUS_CONFIG = Config(
    name="retrieval-corpus",
    pattern="retrieval/corpus.parquet",
    schema=CORPUS,
    summary="every issue that has a text",
    splits=("corpus",),
    text_columns=("title", "text"),
)
QUERIES_CONFIG = Config(
    name="retrieval-queries",
    pattern="retrieval/queries-{split}.parquet",
    schema=QUERIES,
    summary="issues whose duplicates are to be found: all members of a cluster except the oldest",
    text_columns=("text",),
)
QRELS_CONFIG = Config(
    name="retrieval-qrels",
    pattern="retrieval/qrels-{split}.parquet",
    schema=QRELS,
    summary="the duplicates of each query; the corpus also holds the query itself, which is to be left out",
)
LABELLED = {
    config.name: config
    for config in (
        _pairs("default", "labelled pairs, split by cluster", folder="data"),
        _pairs("repository", "labelled pairs, split by repository"),
        _pairs("time", "labelled pairs, split by time"),
    )
}
CONFIGS = {
    config.name: config
    for config in (
        LABELLED["default"],
        POSITIVE_CONFIG,
        LABELLED["repository"],
        LABELLED["time"],
        IDS_CONFIG,
        EVIDENCE_CONFIG,
        CORPUS_CONFIG,
        QUERIES_CONFIG,
        QRELS_CONFIG,
    )
}
WITHOUT_TEXTS = ("ids", "evidence")  # the configs of a copy without texts
