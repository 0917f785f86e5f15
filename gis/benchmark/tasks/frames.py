"""Tasks from memory: a pandas DataFrame of pairs."""

from typing import TYPE_CHECKING, NamedTuple

from gis.benchmark.tasks.catalogue import Task, own_name
from gis.benchmark.tasks.pairs import Columns, Table
from gis.benchmark.tasks.sources import LoadedTables, LoadedTask, SourceSettings, task_from_tables
from gis.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_NAME = "frame"


class FrameTables(NamedTuple):
    """A DataFrame as a task, whose name it has, and as the table that its pairs are read from."""

    task: Task
    tables: LoadedTables


def task_from_frame(
    frame: "pd.DataFrame",
    name: str | None = None,
    *,
    columns: Columns | None = None,
    settings: SourceSettings | None = None,
) -> LoadedTask:
    """Make a task of a DataFrame, one pair per row.

    Args:
        frame: Columns ``text1``, ``text2`` and ``label`` (or ``score``): two values for binary labels, any numbers
            for graded ones. Where it has them, ``id`` names the pairs, and ``subset`` (parts of one test set) or
            ``stratum`` (kinds of negatives) is scored as the protocol says. A missing text counts as empty.
        name: What tables and results call it; by default ``frame.attrs["name"]``, else "frame". A name of the catalogue
            gets the prefix "own-".
        columns: Other names of the columns of texts and labels.
        settings: Where ``limit`` is set, a sample is scored.

    Raises:
        UsageError: ``frame`` names two columns alike.
        GisError: A column is missing, a text is not a string, a label is not a number, or nothing can be ranked.
    """
    read = read_frame(frame, name, columns=columns)
    return task_from_tables(read.task, read.tables, settings or SourceSettings())


def read_frame(frame: "pd.DataFrame", name: str | None = None, *, columns: Columns | None = None) -> FrameTables:
    """Read a DataFrame as a file is read; the arguments are those of ``task_from_frame``.

    Raises:
        UsageError: ``frame`` names two columns alike.
    """
    name = own_name(name or str(frame.attrs.get("name") or DEFAULT_NAME))
    if not frame.columns.is_unique:
        raise UsageError(f"{name}: two columns have the same name")
    values = frame.astype(object).where(frame.notna(), None)
    table = Table({str(column): values[column].tolist() for column in frame.columns}, lambda row: f"{name}:{row + 1}")
    tables = LoadedTables(
        tables=(table,),
        columns=columns or Columns(),
        labels=None,
        source="a DataFrame",
        revision=None,
        splits=(),
    )
    return FrameTables(Task(name=name), tables)
