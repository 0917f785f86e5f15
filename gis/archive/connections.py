"""Connections to engines, by the names that people type."""

import os
import re
import shutil
import socket
import subprocess
import sys
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
READERS_OF_SERVER = 16  # files that are read at a time where it is not known how many cores there are
PATIENCE = 5  # seconds until a server answers
OF_SERVER = ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED")  # set by a session of a server, for all that follow
OLDEST_JAVA = 17
MODULE = "jdk.incubator.vector"  # small distributions of Java leave it out
OLDEST_SPARK = 4


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
        with _session(name) as session:
            yield _Spark(session, spill, _readers(name, session))
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
    libraries: ClassVar[Sequence[str]] = ("pyspark",)

    def engine(self) -> Engine:
        return self._named("whole")

    def readers(self) -> list[Engine]:
        return [self._named(f"reader_{number}") for number in range(self.count)]

    def _named(self, name: str) -> Engine:
        from gis.archive.spark import Spark

        return Spark(self.session, self.spill, name, _DuckDB(self.spill).engine())


def _readers(name: str, session: "SparkSession") -> int:
    """Return how many files are read at a time."""
    return READERS_OF_SERVER if name.startswith("sc://") else int(session.sparkContext.defaultParallelism)


@contextmanager
def _session(name: str) -> Iterator["SparkSession"]:
    try:
        import pyspark
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise _not_installed("Spark", "spark") from error
    if "://" in name:
        _check_reached(name)
    if name.startswith("sc://"):
        builder = SparkSession.builder.remote(name)
    else:
        _check_java()
        builder = _settings(SparkSession.builder.master(name), name)
    try:
        session = builder.getOrCreate()
        version = str(session.version)
    except (PySparkException, OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise GisError(f"{name} does not take pyspark {pyspark.__version__}: {reason}", remedy=_fitting()) from error
    try:
        if int(version.partition(".")[0]) < OLDEST_SPARK:
            raise GisError(f"{name} is Spark {version}; pyspark here is {pyspark.__version__}", remedy=_fitting())
        yield session
    finally:
        session.stop()
        for variable in OF_SERVER:
            os.environ.pop(variable, None)


def _settings(builder: "SparkSession.Builder", name: str) -> "SparkSession.Builder":
    options = {
        "spark.app.name": "gis collect --archive",
        "spark.log.level": "OFF",
        "spark.sql.codegen.hugeMethodLimit": "8000",  # Java compiles no larger methods, and interprets them
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if LOCAL.fullmatch(name):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # in which this package is installed
        for variable, value in (("SPARK_LOCAL_IP", "127.0.0.1"), ("SPARK_LOCAL_HOSTNAME", "localhost")):
            os.environ.setdefault(variable, value)  # the host's own name need not lead back to it
        options |= {
            "spark.sql.shuffle.partitions": "4",
            "spark.task.maxFailures": "1",
            "spark.driver.host": "localhost",
        }
    for option, value in options.items():
        builder = builder.config(option, value)
    return builder


def _fitting() -> str:
    return f"Spark {OLDEST_SPARK}.1 or newer is needed, and the same version of pyspark as the server's"


def _not_installed(engine: str, extra: str) -> GisError:
    return GisError(f"{engine} needs the extra {extra!r}: pip install 'gis-similarity[archive,{extra}]'")


def _check_reached(name: str) -> None:
    """Raise an error where nothing answers."""
    place = re.fullmatch(r"\w+://(?P<host>[^:/;]+):(?P<port>\d{1,5})(?:[/;].*)?", name)
    if place is None:
        raise UsageError(f"{visible(name)[:60]!r} is not the address of a server", remedy="write it as sc://HOST:15002")
    try:
        socket.create_connection((place["host"], int(place["port"])), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise GisError(f"no server answers at {name}: {error}", remedy="start it, or choose another engine") from error


def _check_java() -> None:
    """Raise an error where there is no Java that Spark can start."""
    remedy = f"install Java {OLDEST_JAVA} or newer, as a whole, and let JAVA_HOME name its folder"
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise GisError(f"Spark needs Java, which is not {f'in {home}' if home else 'installed'}", remedy=remedy)
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', answer)
    if version is not None and int(version[1]) < OLDEST_JAVA:
        raise GisError(f"Spark needs Java {OLDEST_JAVA} or newer; {java} is Java {version[1]}", remedy=remedy)
    if subprocess.run([java, f"--add-modules={MODULE}", "-version"], capture_output=True, check=False).returncode:
        raise GisError(f"Spark needs a Java with the module {MODULE}, which {java} has not", remedy=remedy)
