"""Sessions of Spark: started here, on a cluster or on a server of Spark Connect, or what is in the way."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import grpc
import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.connect.client import DefaultChannelBuilder

from gis.errors import GisError, UsageError
from gis.text import visible

CONNECT = "sc://"
HERE = ("127.0.0.1", "localhost")
PATIENCE = 5  # seconds until a server answers
START = 40  # seconds for a session to start: Spark itself waits for a minute, and a server may for ten
WORKERS = 60  # seconds until a worker is free
SETTLED = 1  # seconds in which no other worker comes
READERS_OF_SERVER = 16  # files that are read at a time at least where not every server shows its cores
MANY = 1 << 20  # rows, more than a cluster has cores
PAGE = 8080  # where a master shows its version
OF_SERVER = ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED")  # set by a session of a server, for all that follow
OLDEST_JAVA = 17
MODULE = "jdk.incubator.vector"  # small distributions of Java leave it out
OLDEST_SPARK = 4
FITTING = "a master must be of the same version as pyspark here, and a server of Spark Connect of Spark 4 or newer"
FAILURES = (PySparkException, Py4JError, grpc.RpcError, OSError, RuntimeError, ValueError)


@contextmanager
def spark_session(name: str) -> Iterator[SparkSession]:
    """Start a session.

    Args:
        name: local[CORES], local-cluster[MACHINES,CORES,MB], spark://HOST:PORT or sc://HOST:PORT.

    Raises:
        UsageError: The address is not one.
        GisError: There is no Java, nothing answers, the versions do not fit, or no worker is free.
    """
    host = _checked_host(name)
    if name.startswith(CONNECT):
        builder = SparkSession.builder.remote(name)
    else:
        _check_java()
        builder = _settings(SparkSession.builder.master(name), is_here=host in HERE)
    session = _started(name, builder)
    try:
        _check_works(name, session)
        yield session
    finally:
        session.stop()
        for variable in OF_SERVER:
            os.environ.pop(variable, None)


def cores_of(name: str, session: SparkSession) -> int:
    """Return how many files a session reads at a time, when all workers that are free are there."""
    if name.startswith(CONNECT):
        parts = session.range(MANY).selectExpr("spark_partition_id() AS part").distinct().count()  # as many as cores
        return max(READERS_OF_SERVER, parts)
    cores = 0
    while (now := int(session.sparkContext.defaultParallelism)) > cores:
        cores = now
        time.sleep(0 if name.startswith("local[") else SETTLED)
    return cores


def _started(name: str, builder: SparkSession.Builder) -> SparkSession:
    """Return the session; starting it does not take for ever."""
    limit = _Limit(START, _kill_java)
    try:
        with limit:
            session = builder.getOrCreate()
        version = str(session.version)
    except FAILURES as error:
        _kill_java()
        reason = f"it did not answer in {START} seconds" if limit.is_over else _reason(error)
        raise GisError(f"{name} does not take pyspark {pyspark.__version__}: {reason}", remedy=FITTING) from error
    if int(version.partition(".")[0]) < OLDEST_SPARK:
        session.stop()
        raise _other_version(name, version)
    return session


def _check_works(name: str, session: SparkSession) -> None:
    """Raise an error where nothing runs: a master without a worker that is free lets its clients wait for ever."""
    limit = _Limit(WORKERS, session.interruptAll if name.startswith(CONNECT) else session.sparkContext.cancelAllJobs)
    try:
        with limit:
            session.range(1).count()
    except FAILURES as error:
        if limit.is_over:
            message, remedy = f"nothing ran for {WORKERS} seconds", "start a worker, or stop what has all their cores"
            raise GisError(f"{name} has no worker that is free: {message}", remedy=remedy) from error
        raise GisError(
            f"{name} runs nothing of pyspark {pyspark.__version__}: {_reason(error)}", remedy=FITTING
        ) from error


class _Limit:
    """A context that ends what takes longer than some seconds.

    Attributes:
        is_over: Whether it did.
    """

    def __init__(self, seconds: float, stop: Callable[[], object]) -> None:
        self.is_over = False
        self._stop = stop
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        self._stop()


def _kill_java() -> None:
    """End the Java of this process, which the next session then starts anew."""
    gateway = SparkContext._gateway
    if gateway is not None:
        SparkContext._gateway = SparkContext._jvm = None
        gateway.proc.kill()


def _settings(builder: SparkSession.Builder, *, is_here: bool) -> SparkSession.Builder:
    options = {
        "spark.app.name": "gis collect --archive",
        "spark.log.level": "OFF",
        "spark.sql.codegen.hugeMethodLimit": "8000",  # Java compiles no larger methods, and interprets them
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if is_here:
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


def _checked_host(name: str) -> str:
    """Return the host of an address, this one without one.

    Raises:
        UsageError: It is not the address of a server.
        GisError: Nothing answers there, or what answers is something else or of another version.
    """
    if "://" not in name:
        return HERE[0]
    place = re.fullmatch(r"\w+://(?P<host>[^:/;]+):(?P<port>\d{1,5})(?:[/;].*)?", name)
    if place is None:
        raise UsageError(f"{visible(name)[:60]!r} is not the address of a server", remedy="write it as sc://HOST:15002")
    try:
        socket.create_connection((place["host"], int(place["port"])), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise GisError(f"no server answers at {name}: {error}", remedy="start it, or choose another engine") from error
    if name.startswith(CONNECT):
        _check_speaks_connect(name)
    elif (version := _version_of_master(place["host"], name)) and _minor(version) != _minor(pyspark.__version__):
        raise _other_version(name, version)
    return place["host"]


def _check_speaks_connect(name: str) -> None:
    """Raise an error where what answers is no server of Spark Connect, which its client would ask for ten minutes."""
    try:
        with DefaultChannelBuilder(name).toChannel() as channel:
            grpc.channel_ready_future(channel).result(timeout=PATIENCE)
    except grpc.FutureTimeoutError as error:
        raise GisError(
            f"what answers at {name} is not a server of Spark Connect",
            remedy="its port is 15002 unless it was given another; a master is spark://HOST:7077",
        ) from error
    except FAILURES as error:
        raise UsageError(f"{visible(name)[:60]!r} is not an address: {_reason(error)}") from error


def _version_of_master(host: str, name: str) -> str | None:
    """Return the version that the page of a master shows; None where its page is elsewhere."""
    try:
        with urllib.request.urlopen(f"http://{host}:{PAGE}/", timeout=PATIENCE) as answer:
            page = answer.read(1 << 16).decode(errors="replace")
    except (OSError, ValueError):
        return None
    shown = re.search(r'class="version"[^>]{0,200}>([\d.]{1,20})', page)
    return shown[1] if shown is not None and name.rstrip("/") in page else None


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _other_version(name: str, version: str) -> GisError:
    return GisError(f"{name} is Spark {version}, and pyspark here is {pyspark.__version__}", remedy=FITTING)


def _reason(error: Exception) -> str:
    """Return the first line of what an error says."""
    return str(error).strip().partition("\n")[0][:200]


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
