"""Measure the peak memory of gis collect on repositories of different sizes.

A server on this machine makes up issues of a kilobyte with three comments each; gis collect runs as a process of its
own, through GraphQL, and a second time for what changed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMENTS = 3
BODY = "It breaks when the widget is opened twice.\n" * 24


def stamp(number: int) -> str:
    """When an issue was made and last changed."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_500_000_000 + 60 * number))


def user(number: int) -> dict[str, Any]:
    """One of five thousand."""
    return {"__typename": "User", "login": f"user-{number % 5000}", "databaseId": number % 5000, "isSiteAdmin": False}


def connection(
    nodes: list[Any], more: bool = False, end: str | None = None, total: int | None = None
) -> dict[str, Any]:
    """A page of nodes."""
    count = len(nodes) if total is None else total
    return {"totalCount": count, "nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": end}}


def issue(number: int) -> dict[str, Any]:
    """An issue with its comments."""
    shared = {"authorAssociation": "NONE", "createdAt": stamp(number), "updatedAt": stamp(number)}
    comments = [
        {
            "fullDatabaseId": str(number * 10 + n),
            "id": f"C_{number}_{n}",
            "body": BODY[:300],
            "author": user(n),
            **shared,
        }
        for n in range(COMMENTS)
    ]
    return {
        "fullDatabaseId": str(number), "id": f"I_{number}", "number": number, "title": f"Widget {number}", "body": BODY,
        "state": "OPEN", "stateReason": None, "locked": False, "closedAt": None, "author": user(number),
        "duplicateOf": None, "labels": connection([{"name": "bug"}]), "comments": connection(comments),
        "timelineItems": connection([]), **shared,
    }  # fmt: skip


def handler(total: int) -> type[BaseHTTPRequestHandler]:
    """A repository of ``total`` issues."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def answer(self, body: Any) -> None:  # noqa: ANN401
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.answer({"full_name": "octo/widgets", "id": 1})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["variables"]
            since = int(asked.get("since") is not None and total)  # only the newest issue is as new as that
            start = max(int(asked.get("after") or 0), since - 1 if since else 0)
            numbers = range(start + 1, min(start + asked.get("first", 0), total) + 1)
            end = str(numbers[-1]) if numbers else None
            issues = connection([issue(n) for n in numbers], bool(numbers) and numbers[-1] < total, end, total)
            found = {"issues": issues, "pullRequests": connection([]), "sample": connection([])}
            self.answer({"data": {"rateLimit": {"cost": 3}, "repository": found}})

    return Handler


@contextmanager
def serving(total: int) -> Iterator[str]:
    """The address of a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(total))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def peak_of(url: str, store: Path) -> tuple[float, float]:
    """Seconds and peak MiB of a run of gis collect."""
    command = [
        sys.executable,
        "-m",
        "gis",
        "collect",
        "--repo",
        "octo/widgets",
        "--api-url",
        url,
        "--store",
        str(store),
    ]
    started = time.monotonic()
    environment = {**os.environ, "GITHUB_TOKEN": "any-token-will-do"}
    command += ["--store", str(store), "--quiet"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"gis collect failed: {status}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, nargs="+", default=[15_000, 150_000])
    sys.stdout.write(
        "| issues | seconds | peak MiB | peak MiB of a second run | store MiB |\n| --: | --: | --: | --: | --: |\n"
    )
    for total in parser.parse_args().issues:
        with serving(total) as url, tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "issues.db"
            seconds, peak = peak_of(url, store)
            _, again = peak_of(url, store)
            size = store.stat().st_size / 2**20
            sys.stdout.write(f"| {total:,} | {seconds:.0f} | {peak:.0f} | {again:.0f} | {size:.0f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
