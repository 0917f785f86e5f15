"""Results of retrieval: a JSON file for each model and task, with the ranks that its scores follow from beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from gis.benchmark.results import (
    CHANGED,
    SCORE_AGAIN,
    NewerResultError,
    RunRecord,
    first_fault,
    own_sha256,
    result_path,
)
from gis.benchmark.retrieval.collection import Collection
from gis.benchmark.scoring import Share
from gis.errors import GisError
from gis.hashes import sha256_of_bytes, sha256_of_file
from gis.masking import masked_values
from gis.models.base import ModelCard
from gis.replacing import write_atomically, write_text
from gis.statistics.intervals import Interval
from gis.statistics.metrics import Array
from gis.statistics.retrieval import by_query, interval_of_mean

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION: Final = 1
FOLDER = "retrieval"  # below that of the model's identity
ALIKE = 1e-9  # how exactly the scores must follow from the ranks


@dataclass(frozen=True, kw_only=True)
class RetrievalRecord:
    """What was searched.

    Attributes:
        name: The task.
        protocol: "all": any other document may be found; "earlier": only those made before the query.
        source: Folder or Hub dataset.
        revision: Hub commit, or None.
        splits: Splits scored as one.
        documents: Documents.
        queries: Queries that were scored.
        full_queries: Queries before a sample was taken and some were left out.
        unanswerable: Queries left out because no relevant document may be found for them.
        judgements: Relevant documents, counted once for each query.
        sha256: Content hash of documents, queries and judgements.
        limit: Size of the sample of queries that was requested; None for all.
        seed: Seed of that sample.
        licence: Terms of the texts.
        citation: Whom to cite.
    """

    name: str
    protocol: Literal["all", "earlier"]
    source: str
    revision: str | None
    splits: tuple[str, ...]
    documents: int
    queries: int
    full_queries: int
    unanswerable: int
    judgements: int
    sha256: str
    limit: int | None
    seed: int
    licence: str | None
    citation: str | None


@dataclass(frozen=True)
class Mean:
    """The mean of a metric over the queries, with its 95 % interval; None where no error can be estimated."""

    value: Share
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class RetrievalResult:
    """How well one model finds the relevant documents of one task.

    Attributes:
        model: The model.
        task: What was searched.
        scores: The mean of each metric over the queries.
        run: How it was computed.
        notes: What a reader of the scores must know.
        schema_version: Version of the file's layout.
        ranks_sha256: Hash of the file with the rank of each relevant document; None before it is written.
        sha256: Hash of all the rest of the file; None likewise.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    model: ModelCard
    task: RetrievalRecord
    scores: Mapping[str, Mean]
    run: RunRecord
    notes: tuple[str, ...] = ()
    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    ranks_sha256: str | None = None
    sha256: str | None = None


_RESULT = TypeAdapter(RetrievalResult)


@dataclass(frozen=True)
class RankedTask:
    """A result, with its ranks: ``ranks`` has a row for each relevant document of each query."""

    result: RetrievalResult
    ranks: "pd.DataFrame"

    def by_query(self) -> dict[str, Array]:
        """Return each metric of each query."""
        return _by_query(self.ranks)

    def groups(self) -> Any:  # noqa: ANN401 - (q,) integers
        """Return the (q,) number of the group of dependent queries that each query is in."""
        return self.ranks.drop_duplicates("query")["group"].to_numpy(np.intp)


def record(collection: Collection) -> RetrievalRecord:
    """Record what was searched."""
    about = collection.task
    assert about.retrieval is not None
    return RetrievalRecord(
        name=about.name,
        protocol=about.retrieval,
        source=collection.source,
        revision=collection.revision,
        splits=collection.splits,
        documents=len(collection.documents),
        queries=len(collection.queries),
        full_queries=collection.full_queries,
        unanswerable=collection.unanswerable,
        judgements=len(collection.document),
        sha256=collection.sha256,
        limit=collection.limit,
        seed=collection.seed,
        licence=about.licence,
        citation=about.citation,
    )


def ranks_table(collection: Collection, ranks: Any) -> "pd.DataFrame":  # noqa: ANN401 - (m,) integers
    """Make a row for each judgement, by query: ids, gain and rank, without texts."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "query": [collection.query_ids[n] for n in collection.query],
            "document": [collection.document_ids[n] for n in collection.document],
            "gain": collection.gain,
            "rank": ranks,
            "group": collection.groups[collection.query],
        }
    )
    return table.iloc[np.argsort(collection.query, kind="stable")].reset_index(drop=True)


def scores_of(ranks: "pd.DataFrame") -> dict[str, Mean]:
    """Return the mean of each metric over the queries, with its interval."""
    group = ranks.drop_duplicates("query")["group"].to_numpy(np.intp)
    return {
        name: Mean(float(values.mean()), interval_of_mean(values, group)) for name, values in _by_query(ranks).items()
    }


def _by_query(ranks: "pd.DataFrame") -> dict[str, Array]:
    numbers = ranks["query"].factorize()[0].astype(np.intp)
    return by_query(numbers, ranks["rank"].to_numpy(np.intp), ranks["gain"].to_numpy(np.float64))


def retrieval_path(folder: Path, card: ModelCard, task: RetrievalRecord) -> Path:
    """Return the path of a result: ``<folder>/<model>/<identity>/retrieval/<task>.json``."""
    path = result_path(folder, card, task.name, task.limit, task.seed)
    return path.parent / FOLDER / path.name


def ranks_path(path: Path) -> Path:
    """Return the path of the ranks that belong to a result file."""
    return path.with_name(f"{path.name.removesuffix('.json')}.ranks.parquet")


def write_retrieval(path: Path, ranked: RankedTask) -> RankedTask:
    """Write the ranks, then the result, so that no result is without them; return it with the hashes of both."""
    table: bytes = ranked.ranks.to_parquet(index=False, compression="zstd")
    stamped = replace(ranked.result, ranks_sha256=sha256_of_bytes(table))
    content = masked_values(from_json(_RESULT.dump_json(stamped)))
    content["sha256"] = own_sha256(content)
    write_atomically(ranks_path(path), lambda temporary: temporary.write_bytes(table))
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return replace(ranked, result=_RESULT.validate_python(content))


def read_retrieval(path: Path) -> RankedTask:
    """Read a result with its ranks, and check that it is what was written and follows from them.

    Raises:
        GisError: Either file is missing or damaged or was changed, or a newer gis wrote it.
    """
    try:
        content = from_json(path.read_bytes())
        version = content["schema_version"]
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise NewerResultError(
                f"{path} was written by a newer gis (schema {version})", remedy="upgrade: pip install -U gis-similarity"
            )
        result = _RESULT.validate_python(content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise GisError(f"{path} is not a result of retrieval ({reason})", remedy=SCORE_AGAIN) from error
    if result.sha256 != own_sha256(content):
        raise GisError(f"{path} {CHANGED}", remedy=SCORE_AGAIN)
    ranks = _read_ranks(ranks_path(path), result.ranks_sha256)
    for name, mean in scores_of(ranks).items():
        if name in result.scores and abs(result.scores[name].value - mean.value) > ALIKE:
            raise GisError(
                f"{path}: {name} is {result.scores[name].value:.6f}, but its ranks give {mean.value:.6f}",
                remedy=SCORE_AGAIN,
            )
    return RankedTask(result, ranks)


def _read_ranks(path: Path, expected_sha256: str | None) -> "pd.DataFrame":
    import pandas as pd
    from pyarrow import ArrowException

    try:
        if sha256_of_file(path) != expected_sha256:
            raise GisError(f"{path} {CHANGED}", remedy=SCORE_AGAIN)
        return pd.read_parquet(path)
    except (OSError, ArrowException) as error:
        raise GisError(f"{path} cannot be read ({error})", remedy=SCORE_AGAIN) from error


def read_all_retrieval(folder: Path) -> Iterator[RankedTask]:
    """Read every result of retrieval below ``folder``, sorted by path; there may be none.

    Raises:
        GisError: A file is damaged.
    """
    for path in sorted(folder.glob(f"*/*/{FOLDER}/*.json")):
        if not path.name.startswith("."):
            yield read_retrieval(path)
