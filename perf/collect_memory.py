"""Measure the peak memory of gis collect on repositories of different sizes.

A server on this machine generates issues with a kilobyte of text and three comments each. gis collect runs in its own
process, through GraphQL, and then a second time to fetch what changed.
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

COMMENTS_PER_ISSUE = 3
BODY = "It breaks when the widget is opened twice.\n" * 24


def stamp(number: int) -> str:
    """Return the time at which an issue was created and last changed."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_500_000_000 + 60 * number))


def user(number: int) -> dict[str, Any]:
    """Return one of five thousand users."""
    return {"__typename": "User", "login": f"user-{number % 5000}", "databaseId": number % 5000, "isSiteAdmin": False}


def connection(
    nodes: list[Any], *, more: bool = False, end: str | None = None, total: int | None = None
) -> dict[str, Any]:
    """Return a page of nodes, as GraphQL gives it."""
    count = len(nodes) if total is None else total
    return {"totalCount": count, "nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": end}}


def issue(number: int) -> dict[str, Any]:
    """Return an issue with its comments."""
    shared = {"authorAssociation": "NONE", "createdAt": stamp(number), "updatedAt": stamp(number)}
    comments = [
        {
            "fullDatabaseId": str(number * 10 + n),
            "id": f"C_{number}_{n}",
            "body": BODY[:300],
            "author": user(n),
            **shared,
        }
        for n in range(COMMENTS_PER_ISSUE)
    ]
    return {
        "fullDatabaseId": str(number), "id": f"I_{number}", "number": number, "title": f"Widget {number}", "body": BODY,
        "state": "OPEN", "stateReason": None, "locked": False, "closedAt": None, "author": user(number),
        "duplicateOf": None, "labels": connection([{"name": "bug"}]), "comments": connection(comments),
        "timelineItems": connection([]), **shared,
    }  # fmt: skip


def handler(total: int) -> type[BaseHTTPRequestHandler]:
    """Return the request handler of a server whose repository has ``total`` issues."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Log nothing."""

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
            variables = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["variables"]
            since = int(variables.get("since") is not None and total)  # only the newest issue is as new as that
            start = max(int(variables.get("after") or 0), since - 1 if since else 0)
            numbers = range(start + 1, min(start + variables.get("first", 0), total) + 1)
            end = str(numbers[-1]) if numbers else None
            more = bool(numbers) and numbers[-1] < total
            issues = connection([issue(n) for n in numbers], more=more, end=end, total=total)
            repository = {"issues": issues, "pullRequests": connection([]), "sample": connection([])}
            self.answer({"data": {"rateLimit": {"cost": 3}, "repository": repository}})

    return Handler


@contextmanager
def serving(total: int) -> Iterator[str]:
    """Run a server, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(total))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def peak_of(url: str, store: Path) -> tuple[float, float]:
    """Return the seconds and the peak MiB of a run of gis collect."""
    command = [sys.executable, "-m", "gis", "collect", "--repo", "octo/widgets", "--api-url", url]
    command += ["--store", str(store), "--quiet"]
    started = time.monotonic()
    environment = {**os.environ, "GITHUB_TOKEN": "any-token-will-do"}
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
        "| issues | seconds | peak MiB | peak MiB of the second run | store MiB |\n| --: | --: | --: | --: | --: |\n"
    )
    for total in parser.parse_args().issues:
        with serving(total) as url, tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "issues.db"
            seconds, peak = peak_of(url, store)
            _, second_peak = peak_of(url, store)
            size = store.stat().st_size / 2**20
            sys.stdout.write(f"| {total:,} | {seconds:.0f} | {peak:.0f} | {second_peak:.0f} | {size:.0f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
