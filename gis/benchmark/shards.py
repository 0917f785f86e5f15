"""Shares of a run: which cells of the (model, task) grid a shard scores, and which of a folder's runs lack some."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import TypeAdapter, ValidationError

from gis.benchmark.results import first_fault, own_sha256
from gis.benchmark.tasks.catalogue import Task
from gis.errors import GisError, UsageError
from gis.files import load_json
from gis.hashes import SHORT_HASH, sha256_of
from gis.masking import masked_values
from gis.models.registry import ADAPTERS
from gis.replacing import write_text
from gis.spec import Spec, parse_specs

FOLDER = "shards"  # in a folder of results; its files are a level above those that are taken for results
SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
OPTION = re.compile(r"(--shard[= ])\S+")
USUAL_PAIRS = 3000  # of a task that the catalogue does not know
LEXICAL, NEURAL = 1, 100  # what a pair costs, roughly: 30 µs with tfidf, 2.8 ms with minilm on two cores


@dataclass(frozen=True)
class Shard:
    """One of ``count`` shares of a run; ``number`` counts from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "3/16".

        Raises:
            UsageError: It is not the number of a shard and that of all shards.
        """
        match = SHARD.fullmatch(text.strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(f"a shard is written I/N, with I from 1 to N, such as 3/16, not '{text}'")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


class Cell(NamedTuple):
    """A model and a task, as they are named on the command line, and the number of the shard that scores them."""

    model: str
    task: str
    shard: int


def grid_of(models: Iterable[object], tasks: Sequence[object], count: int, limit: int | None = None) -> list[Cell]:
    """Divide a grid among ``count`` shards.

    The cells stand in a row, model by model, each as long as it costs; the row is cut into equal parts, and a cell
    belongs to the part that holds its middle. So a shard has few models to load, and no more to do than its share and
    one cell. Names alone decide, not what a machine holds: all shards divide alike.

    Args:
        models: Names as typed, each once or more often.
        tasks: Tasks of the catalogue, folders or files, by name.
        count: How many shards.
        limit: How many pairs of each task are scored.

    Raises:
        UsageError: A model or a task is an object in memory, which has no name that other processes know.
    """
    specs = list(dict.fromkeys(str(spec) for model in models for spec in _specs(model)))
    named: list[Task] = []
    for task in tasks:
        if not isinstance(task, Task):
            raise _in_memory(task)
        named.append(task)
    pairs = [(spec, task) for spec in specs for task in named]
    costs = [_cost(spec, task, limit) for spec, task in pairs]
    total = sum(costs)
    return [
        Cell(spec, task.name, 1 + (2 * end - cost) * count // (2 * total))
        for (spec, task), cost, end in zip(pairs, costs, accumulate(costs), strict=True)
    ]


def _specs(model: object) -> list[Spec]:
    if isinstance(model, Spec):
        return [model]
    if isinstance(model, str):
        return parse_specs([model])
    if isinstance(model, Path):
        return [Spec(str(model))]
    raise _in_memory(model)


def _in_memory(given: object) -> UsageError:
    return UsageError(f"{given!r:.80} has no name by which other shards know it", remedy="give names, folders or files")


def _cost(spec: str, task: Task, limit: int | None) -> int:
    """Return about what a cell costs: the pairs of the task, times what one costs."""
    name = parse_specs([spec])[0].name
    is_lexical = name in ADAPTERS and ADAPTERS[name].factory.startswith("gis.models.lexical:")
    pairs = task.rows or USUAL_PAIRS
    return min(pairs, limit or pairs) * (LEXICAL if is_lexical else NEURAL)


@dataclass(frozen=True, kw_only=True)
class ShardRecord:
    """What a shard of a run has done.

    Attributes:
        command: The command line of the shard.
        shard: Which one it is, such as "3/16".
        cells: The whole grid.
        results: Model, task and result file of each cell that is scored; the file is relative to the folder of results.
    """

    command: str
    shard: str
    cells: tuple[Cell, ...]
    results: tuple[tuple[str, str, str], ...] = ()


_RECORD = TypeAdapter(ShardRecord)
RUN_AGAIN = "remove it, and run the shard again, which keeps its results"


class ShardLog:
    """Keeps the record of a shard in a file of its own, in the folder of results.

    Args:
        results: The folder of results.
        shard: Which shard it is.
        cells: The whole grid.
        command: The command line.
        settings: What else tells one run from another, as a JSON value.
    """

    def __init__(self, results: Path, shard: Shard, cells: Sequence[Cell], command: str, settings: object) -> None:
        grid = [(cell.model, cell.task) for cell in cells]  # of one run, however it is divided
        run = sha256_of([grid, settings])[:SHORT_HASH]  # a shard that is repeated writes the same file
        self._path = results / FOLDER / f"{run}-{shard.number}-of-{shard.count}.json"
        self._results = results
        self._record = ShardRecord(command=command, shard=str(shard), cells=tuple(cells))
        self._write()

    def add(self, model: str, task: str, path: Path) -> None:
        """Note that a cell is scored.

        Raises:
            OSError: The file cannot be written.
        """
        done = (model, task, path.relative_to(self._results).as_posix())
        self._record = replace(self._record, results=(*self._record.results, done))
        self._write()

    def _write(self) -> None:
        content = masked_values(_RECORD.dump_python(self._record, mode="json"))
        content["sha256"] = own_sha256(content)
        write_text(self._path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


@dataclass(frozen=True, kw_only=True)
class UnfinishedRun:
    """A run in shards of which cells are missing.

    Attributes:
        cells: How many cells the whole grid has.
        missing: Those without a result.
        shards: How many shards it has.
        command: The command line of one of them.
    """

    cells: int
    missing: tuple[Cell, ...]
    shards: int
    command: str

    def command_of(self, shard: int) -> str:
        """Return the command line that scores the missing cells of a shard."""
        return OPTION.sub(rf"\g<1>{shard}/{self.shards}", self.command)


def unfinished_runs(results: Path) -> list[UnfinishedRun]:
    """Return the runs in shards below a folder of results of which cells are missing.

    Raises:
        GisError: A record of a shard is damaged.
    """
    runs: dict[str, list[ShardRecord]] = {}
    for path in sorted((results / FOLDER).glob("*-of-*.json")):
        runs.setdefault(path.name.split("-")[0], []).append(_read(path))
    unfinished = []
    for records in runs.values():
        first = records[0]
        listed = [result for record in records for result in record.results]
        done = {(model, task) for model, task, path in listed if (results / path).is_file()}
        missing = tuple(cell for cell in first.cells if (cell.model, cell.task) not in done)
        if missing:
            shards = Shard.parse(first.shard).count
            unfinished.append(
                UnfinishedRun(cells=len(first.cells), missing=missing, shards=shards, command=first.command)
            )
    return unfinished


def _read(path: Path) -> ShardRecord:
    try:
        content = load_json(path)
        record = _RECORD.validate_python(content)
        Shard.parse(record.shard)
    except (OSError, ValueError, UsageError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise GisError(f"{path} does not say what a shard has scored ({reason})", remedy=RUN_AGAIN) from error
    if content.get("sha256") != own_sha256(content):
        raise GisError(f"{path} was changed since a shard wrote it", remedy=RUN_AGAIN)
    return record
