"""What events say of duplicates: a function from Arrow to Arrow, which runs wherever an engine has its data.

It needs no engine, and is all that the machines of a cluster must import.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from gis.dataset.labels.called import is_duplicate_label
from gis.dataset.labels.evidence import RULED
from gis.dataset.labels.rulings import rulings
from gis.languages import language
from gis.versions import DISTRIBUTION, VERSION

# The columns of an event that are read.
READ = ("id", "at", "repository_id", "repository", "number", "labels", "state_reason", "comment_body")
SAID = pa.schema(
    {
        "id": pa.string(),  # of the event
        "repository_id": pa.int64(),
        "number": pa.int64(),
        "is_duplicate": pa.bool_(),  # whether a plain ruling, a label or its state calls the issue a duplicate
        "named": pa.list_(pa.int64()),  # other issues of the repository that its rulings name
        "elsewhere": pa.list_(pa.string()),  # issues of other repositories that they name: owner/name#5
        "year": pa.string(),
        "kinds": pa.list_(pa.string()),  # of the rulings in the comment, each once
        "language": pa.string(),  # of the comment; "" where that is not certain
    }
)


def read_labels(batches: Iterable[pa.RecordBatch], release: str = VERSION) -> Iterator[pa.RecordBatch]:
    """Yield what events say of duplicates.

    Args:
        batches: Events with the columns ``READ``.
        release: The release of this package that must be installed where it runs: another one may read other rulings.

    Yields:
        The events that say something, with the columns ``SAID``.

    Raises:
        RuntimeError: Another release is installed.
    """
    if release != VERSION:
        raise RuntimeError(f"{DISTRIBUTION} {VERSION} is installed there, and {release} here")
    for batch in batches:
        said = [row for row in map(_said, batch.to_pylist()) if row["is_duplicate"] or row["kinds"]]
        yield pa.RecordBatch.from_pylist(said, schema=SAID)


def _said(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says."""
    labels = [label["name"] or "" for label in event["labels"] or ()]
    text = event["comment_body"] or ""
    read = list(rulings(text))
    kinds = list(dict.fromkeys(ruling.kind for ruling in read))
    ends = {end for ruling in read for end in (ruling.target, ruling.subject) if end is not None}
    here = {
        end for end in ends if end.repository is None or end.repository.lower() == (event["repository"] or "").lower()
    }
    return {
        "id": event["id"],
        "repository_id": event["repository_id"],
        "number": event["number"],
        "is_duplicate": event["state_reason"] == "duplicate"
        or any(map(is_duplicate_label, labels))
        or any(kind in RULED for kind in kinds),
        "named": sorted({end.number for end in here}),
        "elsewhere": sorted({f"{end.repository}#{end.number}".lower() for end in ends - here}),
        "year": event["at"][:4],
        "kinds": kinds,
        "language": (language(text) or "") if kinds else "",
    }
