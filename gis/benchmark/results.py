"""Result files: one JSON file for each model and task, with the per-pair scores beside it."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from gis.benchmark.scoring import Correlation, TaskScores
from gis.errors import GisError
from gis.files import file_name
from gis.hashes import SHORT_HASH, sha256_of, sha256_of_bytes, sha256_of_file
from gis.masking import masked_values
from gis.models.base import ModelCard
from gis.replacing import write_atomically, write_text

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION: Final = 3  # version 1 had no hashes, version 2 neither the size of models nor the numbers of texts
CHANGED = "was changed or damaged after gis bench wrote it"
SCORE_AGAIN = "run the same gis bench again, which makes it anew"
# The columns of the per-pair file whose values hardly repeat; so encoded, the file is less than half as large.
PAIR_ENCODINGS = {
    "id": "DELTA_BYTE_ARRAY",
    "score": "BYTE_STREAM_SPLIT",
    "text_id1": "DELTA_BINARY_PACKED",
    "text_id2": "DELTA_BINARY_PACKED",
}


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """Which pairs were scored.

    Attributes:
        name: The task.
        label: Graded or binary.
        text: Markup of the texts: "html" or "markdown" as published, or "plain".
        source: File or Hub dataset.
        revision: Hub commit, or None.
        pinned: Whether the revision or a content hash in the catalogue fixes the data.
        splits: Splits scored as one.
        rows: Pairs of the full set.
        sha256: Content hash of the full set.
        verified: Whether that is the catalogue's hash; None where it has none.
        limit: Size of the sample that was requested; None for all pairs.
        seed: Seed of that sample.
        licence: Terms of the texts.
        citation: Whom to cite.
        mteb: mteb's name of this test set.
    """

    name: str
    label: str
    text: str
    source: str
    revision: str | None
    pinned: bool
    splits: tuple[str, ...]
    rows: int
    sha256: str
    verified: bool | None
    limit: int | None
    seed: int
    licence: str | None
    citation: str | None
    mteb: str | None

    @property
    def sample(self) -> str:
        """The sample in words, "100 pairs, seed 5"; empty for all pairs. Only equal samples compare."""
        return "" if self.limit is None else f"{self.limit:,} pairs, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class TextRecord:
    """What the model saw of the texts.

    Attributes:
        pairs: Pairs scored.
        texts: Distinct texts.
        empty: Distinct texts that are empty or white space.
        pairs_with_empty: Pairs in which either text is so.
        mended: Texts of the whole data that held half of a character, which U+FFFD replaced.
        unit: What lengths are counted in; None for models that do not count.
        tokens: Length of all distinct texts.
        tokens_kept: How much of it the model read; of a text that a model cut together with others, the least.
        truncated: Distinct texts that were cut at the model's limit.
        pairs_truncated: Pairs in which either text was cut.
        zero_vectors: Distinct texts whose vector is zero; their cosine counts as 0.
    """

    pairs: int
    texts: int
    empty: int
    pairs_with_empty: int
    unit: str | None = None
    tokens: int | None = None
    tokens_kept: int | None = None
    truncated: int | None = None
    pairs_truncated: int | None = None
    zero_vectors: int | None = None
    mended: int = 0


@dataclass(frozen=True, kw_only=True)
class PrecisionAgreement:
    """How far a model in less than full precision agrees with itself in fp32.

    Attributes:
        pairs: How many of the run's pairs were compared.
        spearman: The rank correlation of their similarities.
    """

    pairs: int
    spearman: Correlation

    def __str__(self) -> str:
        if isinstance(self.spearman, float):
            return f"{self.spearman:.5f} on {self.pairs} pairs"
        return f"undefined on {self.pairs} pairs ({self.spearman.undefined})"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """How it was computed.

    Attributes:
        command: The command line that did it.
        date: UTC, ISO 8601.
        seconds: What embedding this task's texts cost, whenever that was, and scoring by models that compare pairs.
        from_cache: How many of its texts had a vector from an earlier run.
        hardware: What the vectors were made on.
        precision: Number format.
        threads: Threads of the process that scored.
        batch_tokens: Tokens of a forward pass, where it was set by hand.
        versions: Versions of gis, Python and the libraries that decide a number.
        agreement: Of a model in another precision with itself in fp32; None for others, and in results of an older gis.
    """

    command: str
    date: str
    seconds: float
    from_cache: int
    hardware: tuple[str, ...]
    precision: str
    threads: int
    batch_tokens: int | None
    versions: Mapping[str, str]
    agreement: PrecisionAgreement | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """One model's scores on one task, with all that is needed to get them again.

    Attributes:
        model: The model.
        task: Which pairs were scored.
        scores: The scores.
        texts: What the model saw of the texts.
        run: How the scores were computed.
        notes: What a reader of the scores must know.
        schema_version: Version of the file's layout.
        pairs_sha256: Hash of the file with the per-pair scores; None before it is written, and in version 1.
        sha256: Hash of all the rest of the file; None likewise.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    model: ModelCard
    task: TaskRecord
    scores: TaskScores
    texts: TextRecord
    run: RunRecord
    notes: tuple[str, ...] = ()
    schema_version: Literal[1, 2, 3] = SCHEMA_VERSION
    pairs_sha256: str | None = None
    sha256: str | None = None

    @property
    def verified(self) -> bool:
        """Whether hashes show that the numbers are those that were computed; schema version 1 had none."""
        return self.schema_version > 1


_RESULT = TypeAdapter(Result)


class NewerResultError(GisError):
    """A result that a newer gis wrote: nothing to overwrite."""


def result_path(folder: Path, card: ModelCard, task: str, limit: int | None = None, seed: int = 0) -> Path:
    """Return the path of a result: ``<folder>/<model>/<identity>/<task>.json``.

    A sample's result has a name of its own, so that it never takes the place of a full one or of another sample.
    """
    sample = "" if limit is None else f".limit-{limit}"
    if limit is not None and seed != 0:
        sample += f".seed-{seed}"
    model = folder / file_name(card.name) / file_name(card.identity[:SHORT_HASH])
    return model / f"{file_name(task, unique=True)}{sample}.json"


def pairs_path(path: Path) -> Path:
    """Return the path of the per-pair scores that belong to a result file."""
    return path.with_name(f"{path.name.removesuffix('.json')}.pairs.parquet")


def write_result(path: Path, result: Result, pairs: "pd.DataFrame") -> Result:
    """Write the per-pair scores, then the result, so that no result is without its pairs.

    Returns:
        The result with the hashes of both.
    """
    encodings = {column: PAIR_ENCODINGS[column] for column in pairs if column in PAIR_ENCODINGS}
    repeating = [column for column in pairs if column not in encodings]
    table: bytes = pairs.to_parquet(
        index=False, compression="zstd", use_dictionary=repeating, column_encoding=encodings
    )
    stamped = replace(result, pairs_sha256=sha256_of_bytes(table))
    content = masked_values(from_json(_RESULT.dump_json(stamped, by_alias=True)))
    content["sha256"] = own_sha256(content)
    write_atomically(pairs_path(path), lambda temporary: temporary.write_bytes(table))
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return _RESULT.validate_python(content)


def own_sha256(content: Mapping[str, object]) -> str:
    """Hash the content of a result file, but for this hash."""
    return sha256_of({key: value for key, value in content.items() if key != "sha256"})


def read_pairs(path: Path) -> "pd.DataFrame":
    """Read the per-pair scores that belong to a result file.

    Raises:
        GisError: They are missing, damaged, or not those of the result.
    """
    import pandas as pd
    from pyarrow import ArrowException

    read_result(path)
    table = pairs_path(path)
    try:
        return pd.read_parquet(table)
    except FileNotFoundError as error:  # a result of version 1
        raise GisError(f"{path} has no per-pair scores beside it ({table.name})", remedy=SCORE_AGAIN) from error
    except (OSError, ArrowException) as error:
        raise GisError(f"{table} cannot be read ({error})", remedy=SCORE_AGAIN) from error


def read_result(path: Path, *, pairs_may_be_missing: bool = False) -> Result:
    """Read a result file of the current or an older schema, and check its hashes.

    Args:
        path: The result file.
        pairs_may_be_missing: Take a result whose per-pair scores are gone: its own numbers are whole.

    Raises:
        GisError: The file or that of the per-pair scores is damaged or was changed, or a newer gis wrote it.
    """
    try:
        result = _checked(path, from_json(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else str(error).splitlines()[0]
        remedy = "if gis bench wrote it, delete it and run gis bench again; else move it out of the folder of results"
        raise GisError(f"{path} is not a result file ({reason})", remedy=remedy) from error
    if result.pairs_sha256 is not None and not (pairs_may_be_missing and not pairs_path(path).exists()):
        _check_pairs(path, result.pairs_sha256)
    return result


def _checked(path: Path, content: Any) -> Result:  # noqa: ANN401 - any JSON value
    """Return the result that a file's content stands for, if its numbers are those that were written."""
    version, sha256 = content["schema_version"], content.get("sha256")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise NewerResultError(
            f"{path} was written by a newer gis (schema {version})", remedy="upgrade: pip install -U gis-similarity"
        )
    if sha256 is not None and sha256 != own_sha256(content):
        raise GisError(f"{path} {CHANGED}", remedy=SCORE_AGAIN)
    result = _RESULT.validate_python(content)
    if result.verified and None in (result.sha256, result.pairs_sha256):
        raise ValueError("its hashes are missing")
    return result


def _check_pairs(path: Path, expected_sha256: str) -> None:
    """Raise if the per-pair scores beside a result are not those that were written with it."""
    table = pairs_path(path)
    try:
        sha256 = sha256_of_file(table)
    except FileNotFoundError as error:
        raise GisError(f"{path} has no per-pair scores beside it ({table.name})", remedy=SCORE_AGAIN) from error
    except OSError as error:
        raise GisError(f"{table} cannot be read ({error.strerror})", remedy=SCORE_AGAIN) from error
    if sha256 != expected_sha256:
        raise GisError(f"{table} {CHANGED}", remedy=SCORE_AGAIN)


def first_fault(error: ValidationError) -> str:
    """Return the first field that is not what it should be, and why: "scores.main: Input should be a valid number"."""
    fault = error.errors()[0]
    field = ".".join(str(part) for part in fault["loc"] if isinstance(part, int) or part.isidentifier())
    return f"{field}: {fault['msg']}"


def result_files(folder: Path) -> list[Path]:
    """Return the path of every result file below ``folder``, sorted.

    Raises:
        GisError: There are none.
    """
    paths = sorted(path for path in folder.glob("*/*/*.json") if not path.name.startswith("."))
    if not paths:
        remedy = f"make some: gis bench --model tfidf --task sample --output {shlex.quote(str(folder))}"
        raise GisError(f"no results in {folder}", remedy=remedy)
    return paths


def read_results(folder: Path) -> Iterator[Result]:
    """Read every result below ``folder``, sorted by path.

    Raises:
        GisError: There are none, or a file is damaged.
    """
    for path in result_files(folder):
        yield read_result(path)
