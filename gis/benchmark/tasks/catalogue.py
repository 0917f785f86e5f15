"""Find the task that a name stands for: in the catalogue, a folder or file of pairs, or a Hub dataset."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from gis.benchmark.tasks.pairs import Columns
from gis.benchmark.tasks.readers import FORMATS, is_collection
from gis.errors import UsageError, unknown_name
from gis.spec import Spec
from gis.text import whole_characters

CATALOGUE = Path(__file__).with_name("catalogue.toml")
PACKAGED = Path(__file__).with_name("data")
TEXTS = ("html", "plain")
PROTOCOLS = ("all", "earlier")
OWN_PREFIX = "own-"  # before the name of a user's data that is called as a published test set is
ALL_SPLITS = ("all",)  # split=all
LOCAL_OPTIONS = ("split", "text", "text1", "text2", "label", "retrieval")
RETRIEVAL_OPTIONS = ("split", "retrieval", "revision")
HUB_OPTIONS = (*LOCAL_OPTIONS, "revision", "config")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A named test set with everything that decides its number.

    Attributes:
        name: What results and leaderboards call it.
        summary: One line for ``gis tasks``.
        label: Graded or binary; None leaves it to the data.
        folder: Its folder below ``--data``, or the path of a folder or file of pairs.
        splits: Local splits, scored as one; empty for the test split, or the only one there is; ``ALL_SPLITS`` for
            whatever there is.
        hub: Hub dataset id, or None for a task that is not on the Hub.
        config: The dataset's configuration.
        revision: Commit the Hub's copy is pinned to; None is unpinned, and results say so.
        hub_splits: Splits of the Hub's copy; empty for ``splits``.
        columns: Column names of the Hub's copy.
        hub_labels: What the Hub's labels mean, where that is not what they say.
        text: "html" as published or "plain" with markup stripped.
        markup: What the published texts are written in: html, markdown or plain.
        rows: Pairs expected, or None.
        sha256: Their content hash, or None where it was not recorded.
        licence: Terms of the texts.
        citation: Whom to cite.
        mteb: mteb's name of the same test set.
        repository: The repository on github.com whose issues its pairs are of, where ids are NAME-1-2.
        superseded_by: The task that replaces this one.
        packaged: Ships with gis.
        retrieval: Which documents may be found for a query: any other ("all"), or only those made before it
            ("earlier"); None for a task of labelled pairs.
        typed: What names it on the command line, where that is not its name.
    """

    name: str
    summary: str = ""
    label: Literal["graded", "binary"] | None = None
    folder: str = ""
    splits: tuple[str, ...] = ()
    hub: str | None = None
    config: str | None = None
    revision: str | None = None
    hub_splits: tuple[str, ...] = ()
    columns: Columns = Columns()
    hub_labels: Mapping[str, float] | None = None
    text: Literal["html", "plain"] = "html"
    markup: str = "html"
    rows: int | None = None
    sha256: str | None = None
    licence: str | None = None
    citation: str | None = None
    mteb: str | None = None
    repository: str | None = None
    superseded_by: str | None = None
    packaged: bool = False
    retrieval: Literal["all", "earlier"] | None = None
    typed: str = field(default="", compare=False)

    @property
    def spec(self) -> str:
        """Return what names it on the command line."""
        return self.typed or self.name

    def with_split(self, split: str) -> "Task":
        """Return the task with another split; what the catalogue knows of its test split does not hold for that one."""
        name = f"{self.name.removesuffix(f'-{split}')}-{split}"
        folder = self.folder or self.name
        return replace(self, name=name, folder=folder, splits=(split,), hub_splits=(split,), rows=None, sha256=None)


@cache
def catalogue() -> Mapping[str, Task]:
    """Return every task that has a name of its own, by name."""
    entries: dict[str, dict[str, Any]] = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["tasks"]
    return {name: _task(name, entry, entries) for name, entry in entries.items()}


@cache
def suites() -> Mapping[str, tuple[str, ...]]:
    """Return the tasks of each name that stands for several."""
    members: dict[str, list[str]] = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["suites"]
    return {name: tuple(tasks) for name, tasks in members.items()}


def packaged_ids(name: str) -> Path | None:
    """Return the dataset folder with the pair ids of a task whose texts do not ship with gis; None where none does."""
    folder = PACKAGED / name
    return folder if "/" not in name and (folder / "ids").is_dir() else None


def resolve_tasks(specs: Iterable[Spec], data: Path | None) -> list[Task]:
    """Return the tasks that ``specs`` name, suites spelt out, each once, in order.

    Args:
        specs: Catalogue names, suites, names below ``data``, paths of folders or files, Hub dataset ids.
        data: The folder of ``--data``.

    Raises:
        UsageError: A name or an option is unknown.
    """
    tasks: dict[str, Task] = {}
    for spec in specs:
        for task in _resolve(spec, data):
            if tasks.setdefault(task.name, task) != task:
                raise UsageError(f"two different tasks are called '{task.name}'; rename one of the folders")
    return list(tasks.values())


def _resolve(spec: Spec, data: Path | None) -> list[Task]:
    if spec.name in suites():
        spec.check_options(("text",))
        members = [catalogue()[name] for name in suites()[spec.name]]
        return [
            _with_options(replace(task, typed=str(Spec(task.name, spec.options))), spec.options) for task in members
        ]
    if spec.name in catalogue():
        spec.check_options(("text",))
        return [_with_options(replace(catalogue()[spec.name], typed=str(spec)), spec.options)]
    path = Path(spec.name).expanduser()
    if data is not None and (data / spec.name).is_dir():
        path = data / spec.name
    if path.is_file() and not path.name.endswith(FORMATS):
        raise UsageError(f"{spec.name} cannot be read: files of pairs end in {', '.join(FORMATS)}")
    if path.is_dir() and ("retrieval" in spec.options or is_collection(path)):
        return [_retrieval_task(spec, folder=path)]
    if path.is_dir() or path.is_file():
        spec.check_options(LOCAL_OPTIONS)
        name = path.resolve().name
        name = next((name.removesuffix(end) for end in FORMATS if path.is_file() and name.endswith(end)), name)
        splits = (spec.options["split"],) if "split" in spec.options else ()
        task = Task(
            name=own_name(_with_split(name, splits)),
            folder=str(path),
            splits=splits,
            columns=_columns(spec.options),
            typed=str(spec),
        )
        return [_with_options(task, spec.options)]
    if spec.name.count("/") == 1 and not spec.name.startswith((".", "/", "~")):
        if "retrieval" in spec.options:
            return [_retrieval_task(spec)]
        spec.check_options(HUB_OPTIONS)
        return [_with_options(_hub_task(spec), spec.options)]
    if "/" in spec.name:
        raise UsageError(f"no folder or file of pairs at '{spec.name}'; files end in {', '.join(FORMATS)}")
    known = [*catalogue(), *suites(), *(_names_below(data) if data else [])]
    hint = "It is not a folder or file here, and not a Hub id (ORG/NAME) either."
    raise unknown_name("task", spec.name, known, hint)


def _hub_task(spec: Spec) -> Task:
    config = spec.options.get("config")
    splits = (spec.options.get("split", "test"),)
    name = _with_split("__".join(filter(None, [*spec.name.split("/"), config])), splits)
    return Task(
        name=name,
        hub=spec.name,
        config=config,
        revision=spec.options.get("revision"),
        splits=splits,
        columns=_columns(spec.options),
        typed=str(spec),
    )


def _retrieval_task(spec: Spec, folder: Path | None = None) -> Task:
    """Return the retrieval task of a folder or, without one, of a Hub dataset."""
    spec.check_options(RETRIEVAL_OPTIONS if folder is None else RETRIEVAL_OPTIONS[:-1])
    protocol = spec.options.get("retrieval", "all")
    if protocol not in PROTOCOLS:
        raise unknown_name("protocol of retrieval", protocol, PROTOCOLS)
    splits = (spec.options["split"],) if "split" in spec.options else ()
    name = "__".join(spec.name.split("/")) if folder is None else folder.resolve().name
    earlier = "" if protocol == "all" else f"-{protocol}"
    return Task(
        name=own_name(_with_split(f"{name}-retrieval{earlier}", splits)),
        folder="" if folder is None else str(folder),
        hub=spec.name if folder is None else None,
        revision=spec.options.get("revision"),
        splits=splits,
        retrieval=cast("Literal['all', 'earlier']", protocol),
        typed=str(spec),
    )


def own_name(name: str) -> str:
    """Return the name of a user's own data: never one of the catalogue, which stands for a published test set."""
    own = whole_characters(name)
    return f"{OWN_PREFIX}{own}" if own in catalogue() or own in suites() else own


def _with_split(name: str, splits: tuple[str, ...]) -> str:
    return name if splits in ((), ("test",)) else f"{name}-{'-'.join(splits)}"


def _with_options(task: Task, options: Mapping[str, str]) -> Task:
    """Apply ``text=``; the plain variant of a published task is a task of its own, with a name of its own."""
    text = options.get("text", task.text)
    if text not in TEXTS:
        raise UsageError(f"text must be html (as published) or plain (markup stripped), not '{text}'")
    if text == task.text:
        return task
    if text == "html":
        raise UsageError(f"'{task.name}' is the plain variant; name the task without -plain for html")
    name = f"{task.name}-plain"
    if task.name in catalogue() and name in catalogue():
        return catalogue()[name]
    return replace(task, name=name, folder=task.folder or task.name, text="plain", mteb=None)


def _columns(options: Mapping[str, str]) -> Columns:
    usual = Columns()
    return Columns(options.get("text1", usual.text1), options.get("text2", usual.text2), options.get("label"))


def _names_below(data: Path) -> list[str]:
    return [path.name for path in data.iterdir() if path.is_dir()] if data.is_dir() else []


def _task(name: str, entry: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> Task:
    fields = {**entries.get(entry.get("base", ""), {}), **entry}
    fields.pop("base", None)
    fields["columns"] = Columns(**fields.get("columns", {}))
    for key in ("splits", "hub_splits"):
        fields[key] = tuple(fields.get(key, ()))
    return Task(name=name, **fields)
