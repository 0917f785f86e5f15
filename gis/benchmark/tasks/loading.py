"""Load all tasks of a run, whatever they were given as, before any model is scored."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from gis.benchmark.tasks.catalogue import Task, resolve_tasks
from gis.benchmark.tasks.frames import task_from_frame
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.console import QUIET, Reporter
from gis.errors import CombinedError, GisError, UsageError
from gis.hub import HubError
from gis.spec import Spec, parse_specs


class TasksError(CombinedError):
    """Some tasks of a run cannot be loaded; the message has a line for each reason."""

    def __init__(self, errors: Iterable[GisError], loaded: Iterable[str]) -> None:
        super().__init__(HubError.combined(errors))
        self._loaded = list(loaded)

    @property
    def for_command_line(self) -> str:
        """Each message with its own remedy, and how to go on with the tasks that were loaded."""
        others = " ".join(f"--task {shlex.quote(spec)}" for spec in self._loaded)
        return super().for_command_line + (f"\nthe others can be scored: {others}" if others else "")


def load_tasks(
    tasks: Iterable[object], settings: SourceSettings | None = None, *, reporter: Reporter = QUIET
) -> list[LoadedTask]:
    """Load tasks.

    Args:
        tasks: Each a name or several as on the command line ("sts", "rust-issues,text=plain", "pairs.jsonl",
            "ORG/NAME,split=validation"), a path of a folder or file of pairs, a DataFrame (see ``task_from_frame``),
            or a loaded task.
        settings: Where to look and how many pairs to sample. Loaded tasks are taken as they are.
        reporter: Where the number of pairs goes.

    Returns:
        The tasks in order, suites spelt out, each once.

    Raises:
        UsageError: A name or an option is unknown, or two different tasks have one name.
        TasksError: Some cannot be loaded; all of them are named.
    """
    settings = settings or SourceSettings()
    loaded: dict[str, LoadedTask] = {}
    errors: list[GisError] = []
    for task in resolved_tasks(tasks, settings):
        try:
            each = _loaded(task, settings)
        except UsageError:
            raise
        except GisError as error:
            errors.append(error)
            continue
        if each.task.name in loaded and loaded[each.task.name].sha256 != each.sha256:
            raise UsageError(
                f"two different tasks are called '{each.task.name}'; give one of them another name "
                "(a DataFrame is called what frame.attrs['name'] says)"
            )
        loaded.setdefault(each.task.name, each)
    if errors:
        raise TasksError(errors, [each.task.spec for each in loaded.values()])
    if not loaded:
        raise UsageError("no task was given")
    pairs = sum(len(each.pairs) for each in loaded.values())
    reporter.say(f"{len(loaded)} {'task' if len(loaded) == 1 else 'tasks'}, {pairs:,} pairs")
    return list(loaded.values())


def resolved_tasks(tasks: Iterable[object], settings: SourceSettings) -> list[object]:
    """Resolve all names, which is quick, before the first task is loaded; what is not a name stays as it is."""
    resolved: list[object] = []
    named: dict[str, Task] = {}
    for task in tasks:
        if isinstance(task, str | Path | Spec):
            specs = (
                parse_specs([task]) if isinstance(task, str) else [Spec(str(task)) if isinstance(task, Path) else task]
            )
            for each in resolve_tasks(specs, settings.data):
                if named.setdefault(each.name, each) != each:
                    raise UsageError(f"two different tasks are called '{each.name}'; rename one of the folders")
                resolved.append(each)
        else:
            resolved.append(task)
    return list({id(task) if not isinstance(task, Task) else task.name: task for task in resolved}.values())


def _loaded(task: object, settings: SourceSettings) -> LoadedTask:
    if isinstance(task, LoadedTask):
        return task
    if isinstance(task, Task):
        return load_task(task, settings)
    pandas = sys.modules.get("pandas")  # whoever has a DataFrame has imported it
    if pandas is not None and isinstance(task, pandas.DataFrame):
        return task_from_frame(task, settings=settings)
    raise UsageError(f"{task!r:.80} is not a task; expected a name, a path, a DataFrame or a loaded task")
