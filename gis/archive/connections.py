"""Connections to engines, by the names that people type."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from gis.archive.engines import DuckDB, Engine
from gis.errors import GisError, UsageError
from gis.text import visible

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DEFAULT = "duckdb"
NAMES = "duckdb, clickhouse, spark://HOST:PORT, local[CORES], local-cluster[MACHINES,CORES,MB] or sc://HOST:PORT"
LOCAL = re.compile(r"local\[(?:\d+|\*)\]|local-cluster\[\d+,\d+,\d+\]")
SERVER = re.compile(r"(?:spark|sc)://.*")
MEMORY = 500  # MB for each core, before an engine of this process spills to the disk
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Connection(Protocol):
    """What gives engines.

    Attributes:
        libraries: The distributions whose versions matter.
    """

    libraries: ClassVar[Sequence[str]]

    def engine(self) -> Engine:
        """Return an engine that uses all cores."""
        ...

    def readers(self) -> list[Engine]:
        """Return the engines that read files side by side."""
        ...


@contextmanager
def connected(name: str, spill: Path) -> Iterator[Connection]:
    """Connect to an engine.

    Args:
        name: One of ``NAMES``.
        spill: Folder for what does not fit into memory.

    Raises:
        UsageError: There is no such engine.
        GisError: Its extra is not installed, or it cannot be reached.
    """
    if name == DEFAULT:
        yield _DuckDB(spill)
    elif name == "clickhouse":
        yield _ClickHouse()
    elif LOCAL.fullmatch(name) or SERVER.fullmatch(name):
        with _spark(name, spill) as connection:
            yield connection
    else:
        raise UsageError(f"{visible(name)[:60]!r} is not an engine", remedy=f"choose {NAMES}")


@dataclass(frozen=True)
class _DuckDB:
    spill: Path
    libraries: ClassVar[Sequence[str]] = ("duckdb",)

    def engine(self) -> Engine:
        return self._of(CORES)

    def readers(self) -> list[Engine]:
        return [self._of(1) for _ in range(CORES)]

    def _of(self, threads: int) -> Engine:
        return DuckDB(threads=threads, memory=f"{MEMORY * threads}MB", spill=self.spill)


@dataclass(frozen=True)
class _ClickHouse:
    libraries: ClassVar[Sequence[str]] = ("chdb",)

    def engine(self) -> Engine:
        return self._of(CORES)

    def readers(self) -> list[Engine]:
        return [self._of(1) for _ in range(CORES)]

    def _of(self, threads: int) -> Engine:
        try:
            from gis.archive.clickhouse import ClickHouse
        except ImportError as error:
            raise _not_installed("ClickHouse", "clickhouse") from error
        return ClickHouse(threads=threads, memory=MEMORY * 1_000_000 * threads)


@dataclass(frozen=True)
class _Spark:
    session: "SparkSession"
    spill: Path
    count: int
    is_strict: bool
    libraries: ClassVar[Sequence[str]] = ("pyspark",)

    def engine(self) -> Engine:
        return self._named("whole")

    def readers(self) -> list[Engine]:
        return [self._named(f"reader_{number}") for number in range(self.count)]

    def _named(self, name: str) -> Engine:
        from gis.archive.spark import Spark

        return Spark(self.session, self.spill, name, _DuckDB(self.spill).engine(), is_strict=self.is_strict)


@contextmanager
def _spark(name: str, spill: Path) -> Iterator[_Spark]:
    try:
        from gis.archive.spark import refuses_odd_lines
        from gis.archive.spark_session import cores_of, spark_session
    except ImportError as error:
        raise _not_installed("Spark", "spark") from error
    with spark_session(name) as session:
        is_strict = name.startswith("sc://") and refuses_odd_lines(session)
        yield _Spark(session, spill, cores_of(name, session), is_strict)


def _not_installed(engine: str, extra: str) -> GisError:
    return GisError(f"{engine} needs the extra {extra!r}: pip install 'gis-similarity[archive,{extra}]'")
