"""Score models on tasks: every text embedded once, every result written the moment it exists."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gis.benchmark.execution import score_tasks
from gis.benchmark.records import task_record, warnings_of
from gis.benchmark.results import (
    NewerResultError,
    Result,
    read_pairs,
    read_result,
    result_path,
    write_result,
)
from gis.benchmark.retrieval.collection import Collection
from gis.benchmark.retrieval.layouts import load_collection
from gis.benchmark.retrieval.results import RankedTask, retrieval_path
from gis.benchmark.retrieval.run import search_collections
from gis.benchmark.scoring import views_of
from gis.benchmark.shards import Shard, ShardLog, grid_of
from gis.benchmark.tasks.catalogue import Task
from gis.benchmark.tasks.loading import load_tasks, resolved_tasks
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError, failure_of
from gis.models.base import LoadSettings, Model
from gis.models.in_memory import wrap_model
from gis.models.registry import load_model
from gis.spec import Spec, parse_spec

if TYPE_CHECKING:
    import pandas as pd

Loaded = TypeVar("Loaded", LoadedTask, Collection)


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a run is carried out.

    Attributes:
        output: Folder for the results; None keeps them in memory only.
        cache: Folder of the embedding cache; None neither reads nor keeps embeddings.
        load: How models are loaded.
        source: Where the pairs of tasks are looked for, and how many are scored.
        force: Score again what has a result already.
        check_invariance: Prove over a sample of the texts that each has one vector; what has a result is scored again.
        command: The command line, for the record.
        shard: Score only this share of the cells; None scores all.
    """

    output: Path | None = None
    cache: Path | None = None
    load: LoadSettings = field(default_factory=LoadSettings)
    source: SourceSettings = field(default_factory=SourceSettings)
    force: bool = False
    check_invariance: bool = False
    command: str = ""
    shard: Shard | None = None


@dataclass(frozen=True)
class ScoredTask:
    """A result, and where its per-pair scores are.

    Attributes:
        result: The scores, and everything needed to reproduce them.
        path: The result file; None where the run has no folder.
        table: The per-pair scores, kept in memory where there is no file.
    """

    result: Result
    path: Path | None = None
    table: "pd.DataFrame | None" = None

    def pairs(self) -> "pd.DataFrame":
        """Return one row per pair: id, gold, score and, where known, stratum or subset and the texts' lengths.

        Raises:
            GisError: The file of the per-pair scores is missing or broken.
        """
        if self.table is not None or self.path is None:
            import pandas as pd

            return pd.DataFrame() if self.table is None else self.table
        return read_pairs(self.path)


class ModelFailure(NamedTuple):
    """A model that could not be scored on all tasks, and why."""

    model: str
    error: GisError


class ResultNotWrittenError(GisError):
    """The folder of results cannot be written: the next model would fail alike."""


@dataclass(frozen=True)
class RunOutcome:
    """What a run produced.

    Attributes:
        scored: Every result, model by model, with its per-pair scores.
        failures: The models that failed; what they finished before is in ``scored`` and ``ranked``.
        ranked: Every result of retrieval, likewise.
    """

    scored: tuple[ScoredTask, ...]
    failures: tuple[ModelFailure, ...] = ()
    ranked: tuple[RankedTask, ...] = ()

    @property
    def results(self) -> list[Result]:
        """The results alone."""
        return [scored.result for scored in self.scored]


def run_models(
    models: Iterable[str | Spec | object],
    tasks: Iterable[object],
    settings: RunSettings | None = None,
    *,
    reporter: Reporter = QUIET,
) -> RunOutcome:
    """Score models on tasks, one model after the other.

    All tasks are loaded, and all models found, before the first is scored. A model that fails, whatever it raises, does
    not stop the others.

    Args:
        models: Names as on the command line ("minilm", "org/name,pooling=cls"), one model each, or objects in memory
            (see ``wrap_model``).
        tasks: Names of tasks, suites, files, folders or Hub datasets, paths, DataFrames, or loaded tasks (see
            ``load_tasks``).
        settings: Folders, device, sample; by default everything stays in memory.
        reporter: Where progress and warnings go.

    Returns:
        The results in order of models and tasks, and the failures.

    Raises:
        UsageError: A name or option is wrong, or two different models could not be told apart.
        GisError: Tasks cannot be loaded; all of them are named. Or results cannot be written.
    """
    settings = settings or RunSettings()
    resolved = resolved_tasks(tasks, settings.source)
    share = None if settings.shard is None else _Share(settings.shard, models, resolved, settings, reporter)
    if share is not None:
        models, resolved = share.models, [task for task in resolved if share.has_task(task)]
        if not models:
            return RunOutcome(())
    searched = [task for task in resolved if isinstance(task, Task) and task.retrieval is not None]
    compared = [task for task in resolved if not isinstance(task, Task) or task.retrieval is None]
    loaded = load_tasks(compared, settings.source, reporter=reporter) if compared or not searched else []
    collections = [load_collection(task, settings.source) for task in searched]
    scored: list[ScoredTask] = []
    ranked: list[RankedTask] = []
    failures: list[ModelFailure] = []

    def note(model: str, error: BaseException) -> None:
        failures.append(ModelFailure(model, failure_of(model, error)))
        reporter.warn(str(failures[-1].error))

    waiting = _find_models(models, settings.load, note)
    _check_distinct([model for _, model in waiting])
    while waiting:
        name, model = waiting.pop(0)  # its weights are freed when the next one takes its place
        try:
            for done in _score(model, name, loaded, collections, share, settings, reporter):
                if isinstance(done, RankedTask):  # what was scored before a failure is kept
                    ranked.append(done)
                else:
                    scored.append(done)
        except (ResultNotWrittenError, NewerResultError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a panic of the tokenizers, for one, is not an Exception
            note(name, error)
    for warning in warnings_of([task.result for task in scored]):
        reporter.warn(warning)
    return RunOutcome(tuple(scored), tuple(failures), tuple(ranked))


def _score(
    model: Model,
    name: str,
    loaded: Sequence[LoadedTask],
    collections: Sequence[Collection],
    share: "_Share | None",
    settings: RunSettings,
    reporter: Reporter,
) -> Iterator[ScoredTask | RankedTask]:
    """Score one model on all tasks, or on those that are in the share of this run."""
    if share is None:
        yield from run_model(model, loaded, settings, reporter=reporter)
        yield from _search(model, collections, settings, reporter)
        return
    for scored in run_model(model, share.of_model(name, loaded), settings, reporter=reporter):
        share.note(name, scored)
        yield scored
    for ranked in _search(model, share.of_model(name, collections), settings, reporter):
        share.note(name, ranked)
        yield ranked


class _Share:
    """The cells of one shard, and the record of those that are scored."""

    def __init__(
        self,
        shard: Shard,
        models: Iterable[object],
        tasks: Sequence[object],
        settings: RunSettings,
        reporter: Reporter,
    ) -> None:
        cells = grid_of(models, tasks, shard.count, settings.source.limit)
        own = [cell for cell in cells if cell.shard == shard.number]
        self._own = {(cell.model, cell.task) for cell in own}
        self._output = settings.output
        self.models: list[str | Spec | object] = [parse_spec(name) for name in dict.fromkeys(c.model for c in own)]
        reporter.say(f"shard {shard}: {len(own)} of {len(cells)} cells (a cell is a model on a task)")
        if self._output is not None:
            load = settings.load
            decisions = [settings.source.limit, load.seed, load.precision, load.max_length, load.long]
            with _written_to(self._output):
                self._log = ShardLog(self._output, shard, cells, settings.command, decisions)

    def has_task(self, task: object) -> bool:
        """Return whether any model is scored on a task."""
        return isinstance(task, Task) and any(task.name == name for _, name in self._own)

    def of_model(self, model: str, tasks: Sequence[Loaded]) -> list[Loaded]:
        """Return the tasks that a model is scored on."""
        return [task for task in tasks if (model, task.task.name) in self._own]

    def note(self, model: str, done: ScoredTask | RankedTask) -> None:
        """Note that a cell is scored."""
        if self._output is None:
            return
        if isinstance(done, RankedTask):
            path = retrieval_path(self._output, done.result.model, done.result.task)
        else:
            assert done.path is not None
            path = done.path
        with _written_to(self._output):
            self._log.add(model, done.result.task.name, path)


@contextmanager
def _written_to(folder: Path) -> Iterator[None]:
    """Raise ``ResultNotWrittenError`` for what keeps a file from being written."""
    try:
        yield
    except OSError as error:
        raise ResultNotWrittenError(f"{folder} cannot be written to ({error.strerror or error})") from error
    except GisError as error:
        raise ResultNotWrittenError(str(error), remedy=error.remedy) from error


def _find_models(
    models: Iterable[str | Spec | object], settings: LoadSettings, note: Callable[[str, BaseException], None]
) -> list[tuple[str, Model]]:
    """Return each model with its name, and note those that fail.

    Weights are loaded with the first text, so that a wrong option shows before hours of work.
    """
    named: list[tuple[str, Model]] = []
    for given in models:
        try:
            model = find_model(given, settings)
        except (UsageError, KeyboardInterrupt):
            raise
        except BaseException as error:
            note(_name_of(given), error)
        else:
            named.append((_name_of(given) if isinstance(given, str | Spec) else model.card.name, model))
    return named


def _name_of(given: object) -> str:
    return str(given) if isinstance(given, str | Path | Spec) else f"{given!r:.80}"


def find_model(given: str | Spec | object, settings: LoadSettings) -> Model:
    """Return the model that a name or spec stands for, or that an object in memory is.

    Raises:
        UsageError: Nothing has this name, or the object is not a model.
        GisError: The model cannot be loaded.
    """
    if isinstance(given, Path):
        given = Spec(str(given))
    elif isinstance(given, str):
        given = parse_spec(given)
    return load_model(given, settings) if isinstance(given, Spec) else wrap_model(given)


def _check_distinct(models: Sequence[Model]) -> None:
    """Refuse two functions of one name: only their names could tell them apart."""
    declared: set[str] = set()
    for model in models:
        if not model.reproducible:
            if model.card.name in declared:
                raise UsageError(
                    f"two models in memory are called '{model.card.name}'; give them names of their own: "
                    "gis.bench({'first': one, 'second': another}, …)"
                )
            declared.add(model.card.name)


def run_model(
    model: Model, tasks: Sequence[LoadedTask], settings: RunSettings, *, reporter: Reporter = QUIET
) -> Iterator[ScoredTask]:
    """Score one model on tasks.

    Args:
        model: An encoder, or a model that only compares.
        tasks: What to score it on; a text of several tasks is embedded once.
        settings: Where results and embeddings are kept.
        reporter: Where progress goes.

    Yields:
        Each result after it is written, first those that exist already.

    Raises:
        GisError: The model failed; results and vectors made before are kept.
    """
    open_tasks = []
    for task in tasks:
        existing = _existing(model, task, settings, reporter)
        if existing is None:
            open_tasks.append(task)
        else:
            date = existing.result.run.date[:10]
            reporter.say(f"{model.card.name}: {task.task.name} was scored on {date}, kept")
            yield existing
    if not open_tasks:
        return
    scored = score_tasks(
        model,
        open_tasks,
        cache=settings.cache,
        load=settings.load,
        command=settings.command,
        invariance=settings.check_invariance,
        reporter=reporter,
    )
    for result, table in scored:
        if settings.output is None:
            yield ScoredTask(result, table=table)
        else:
            path = result_path(settings.output, model.card, result.task.name, result.task.limit, result.task.seed)
            try:
                written = write_result(path, result, table)
            except OSError as error:
                raise ResultNotWrittenError(f"{path} cannot be written ({error.strerror or error})") from error
            except GisError as error:
                raise ResultNotWrittenError(str(error), remedy=error.remedy) from error
            yield ScoredTask(written, path)


def _search(
    model: Model, collections: Sequence[Collection], settings: RunSettings, reporter: Reporter
) -> Iterator[RankedTask]:
    """Score one model on retrieval tasks; yield each result after it is written."""
    if not collections:
        return
    try:
        yield from search_collections(
            model,
            collections,
            output=settings.output,
            cache=settings.cache,
            load=settings.load,
            command=settings.command,
            force=settings.force,
            reporter=reporter,
        )
    except OSError as error:
        raise ResultNotWrittenError(f"{settings.output} cannot be written to ({error.strerror or error})") from error


def _existing(model: Model, task: LoadedTask, settings: RunSettings, reporter: Reporter) -> ScoredTask | None:
    """Return the result of an earlier run, if it is of the same data and sample."""
    if settings.output is None or settings.force or settings.check_invariance or not model.reproducible:
        return None
    current = task_record(task)
    path = result_path(settings.output, model.card, current.name, current.limit, current.seed)
    if not path.is_file():
        return None
    try:
        result = read_result(path)
        if not result.verified:
            read_pairs(path)  # no hash shows whether they are whole
    except NewerResultError:
        raise
    except GisError as error:
        reporter.say(f"{error}; {current.name} is scored again")
        return None
    same_sample = result.task.sample == current.sample
    pairs = task.pairs
    views = views_of(pairs.gold, pairs.groups, pairs.grouped_by, binary=task.label == "binary")
    same_views = {view.view for view in result.scores.views} == set(views)
    same_cell = result.model.identity == model.card.identity and result.task.name == current.name
    same_data = (
        result.task.sha256 == current.sha256 and result.task.text == current.text and result.task.label == current.label
    )
    return ScoredTask(result, path) if same_cell and same_data and same_sample and same_views else None
