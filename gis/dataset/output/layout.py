"""What a dataset folder holds: its configs, their folders, columns and files."""

import pyarrow as pa

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

CORPUS = pa.schema([("_id", pa.string()), ("title", pa.string()), ("text", pa.string())])

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
