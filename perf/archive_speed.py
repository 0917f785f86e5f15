"""How fast an archive is read: the processor's time of each engine against DuckDB's bare COPY of the events of issues.

    python perf/archive_speed.py HOURS --engine duckdb --engine clickhouse --rounds 3

HOURS is a folder of hourly files; tests/archive/hours.py makes some of a dump. Each measurement is a process of its
own, whose start does not count, and they take turns, so that what else the machine does meets all. Of Spark only the
clock counts: its processes are not this one's.
"""

import argparse
import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import local

import duckdb
import ibis
import ibis.backends.duckdb  # before the clock starts

from gis.archive.collect import collect_archive
from gis.archive.connections import CORES
from gis.archive.engines import ROWS_PER_GROUP
from gis.archive.layouts import GHARCHIVE
from gis.archive.work import hours_of, work_beside
from gis.console import QUIET

BARE, BARE_ALL = "bare COPY", "bare COPY of all lines"
MB = 1e6
PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
TYPES = ibis.duckdb.connect().compiler.type_mapper
COLUMNS = ", ".join(f"{name}: '{TYPES.to_string(of)}'" for name, of in GHARCHIVE.schema.items())


def bare_copy(hours: Path, work: Path, where: str = "WHERE type IN ('IssuesEvent', 'IssueCommentEvent')") -> None:
    """Copy the columns that the first pass reads into Parquet files, as many at a time as there are cores."""
    files, connections = sorted(hours.iterdir()), local()

    def copy(path: Path) -> None:
        if not hasattr(connections, "own"):
            connections.own = duckdb.connect(config={"threads": 1})
        lines = f"read_json('{path}', columns={{{COLUMNS}}}, format='newline_delimited', ignore_errors=true)"
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        connections.own.execute(f"COPY (SELECT * FROM {lines} {where}) TO '{work / path.name}.parquet' ({form})")

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(copy, files))


def first_pass(engine: str) -> Callable[[Path, Path], None]:
    """Return what makes the events of all files on an engine."""

    def read(hours: Path, work: Path) -> None:
        with work_beside(work / "store.db", engine=engine) as place:
            place.read(hours_of(str(hours), None, None), QUIET)

    return read


def all_passes(engine: str) -> Callable[[Path, Path], None]:
    """Return what fills a store on an engine."""

    def collect(hours: Path, work: Path) -> None:
        collect_archive(str(hours), work / "store.db", engine=engine)

    return collect


def measured(what: str, hours: Path) -> dict[str, float]:
    """Return the seconds, the processor's seconds and the peak memory in MB of one measurement in a new process."""
    command = [sys.executable, __file__, str(hours), "--only", what]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    values: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return values


def run(what: str, hours: Path) -> None:
    """Do one measurement in this process, and print it."""
    name, _, engine = what.partition(":")
    with tempfile.TemporaryDirectory(dir=hours.parent) as folder:
        work = Path(folder)
        do: Callable[[Path, Path], None]
        if name in (BARE, BARE_ALL):
            do = bare_copy if name == BARE else partial(bare_copy, where="")
        else:
            do = first_pass(engine) if name == "pass 1" else all_passes(engine)
        before, started = processor_time(), time.monotonic()
        do(hours, work)
        seconds, processor = time.monotonic() - started, processor_time() - before
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
    memory = max(resource.getrusage(who).ru_maxrss for who in PROCESSES) * 1024 / MB
    print(json.dumps({"seconds": seconds, "processor": processor, "memory": memory}))


def processor_time() -> float:
    """Return the seconds of the processor that this process and its children took."""
    usages = [resource.getrusage(who) for who in PROCESSES]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Measure, and print a line for each measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("hours", type=Path)
    parser.add_argument("--engine", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only")
    options = parser.parse_args()
    if options.only:
        run(options.only, options.hours)
        return
    size = sum(len(gzip.decompress(path.read_bytes())) for path in options.hours.iterdir()) / MB
    names = [BARE, BARE_ALL, *(f"{what}:{engine}" for engine in options.engine for what in ("pass 1", "all"))]
    values: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            values[name].append(measured(name, options.hours))
    print(f"{size:,.0f} MB of JSON, medians of {options.rounds}")
    for name, several in values.items():
        middle = {key: statistics.median(each[key] for each in several) for key in several[0]}
        ratio = statistics.median(
            each["processor"] / bare["processor"] for each, bare in zip(several, values[BARE], strict=True)
        )
        print(
            f"{name:22} {size / middle['processor']:6.0f} MB/s a core, {size / middle['seconds']:6.0f} MB/s by the "
            f"clock, {ratio:5.2f} times the bare COPY, {middle['memory']:6,.0f} MB of memory"
        )


if __name__ == "__main__":
    main()
