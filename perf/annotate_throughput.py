"""How much of a server's throughput gis annotate uses, and how its memory grows.

A server on this machine takes a fixed time for each answer, as a model does. The same requests are sent by a bare
client, which keeps a connection for each request on its way and does nothing with the answers, and by gis annotate.

    python perf/annotate_throughput.py --pairs 18000 --in-flight 16 --seconds 0.1
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from gis import annotate
from gis.annotation.prompt import read_prompt
from gis.annotation.protocols import PROTOCOL_BY_NAME
from gis.annotation.report import Report

PROTOCOL = PROTOCOL_BY_NAME["chat"]
WORDS = "the build of this crate fails with an error when the compiler runs on a new version of the system".split()
MIB = 1 << 20


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=18_000)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=0.1, help="what the server takes for an answer")
    options = parser.parse_args()
    pairs = [{"id": str(n), "text1": text(n, 7), "text2": text(n, 11)} for n in range(options.pairs)]
    with serving(options.seconds) as port:
        bare = 2 * len(pairs) / bare_seconds(pairs, port, options.in_flight)
        print(f"bare client: {bare:.1f} requests/s", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pairs.jsonl"
            path.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
            memory, started, processor = Memory(), time.monotonic(), time.process_time()
            with memory:
                report = annotate(
                    path,
                    "m",
                    output=Path(folder) / "out",
                    base_url=f"http://127.0.0.1:{port}/v1",
                    in_flight=options.in_flight,
                )
            seconds, used = time.monotonic() - started, time.process_time() - processor
    assert isinstance(report, Report)
    assert report.pairs == len(pairs)
    print(f"gis annotate: {memory.asking(2 * len(pairs), seconds)}")
    rate = 2 * len(pairs) / seconds
    print(f"whole run, with reading and writing: {rate:.1f} requests/s, {rate / bare:.1%} of the bare client's")
    print(f"processor: {1000 * used / (2 * len(pairs)):.2f} ms for each request")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def text(number: int, step: int) -> str:
    """A text of some thirty words, another for each number and step."""
    return " ".join(WORDS[(number * step + place * place) % len(WORDS)] for place in range(30)) + f" {number} {step}"


def bare_seconds(pairs: list[dict[str, str]], port: int, in_flight: int) -> float:
    """Return how long it takes to send all requests and read the answers, and nothing else."""
    prompt, local = read_prompt("sts"), threading.local()
    bodies = [
        json.dumps(PROTOCOL.body("m", prompt, texts)).encode()
        for pair in pairs
        for texts in ((pair["text1"], pair["text2"]), (pair["text2"], pair["text1"]))
    ]

    def send(body: bytes) -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", port)
        local.connection.request("POST", f"/v1{PROTOCOL.path}", body, {"Content-Type": "application/json"})
        assert local.connection.getresponse().read()

    started = time.monotonic()
    with ThreadPoolExecutor(in_flight) as pool:
        for _ in pool.map(send, bodies):
            pass
    return time.monotonic() - started


class Memory:
    """Watches the memory of this process each second."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def asking(self, requests: int, seconds: float) -> str:
        """Say how the memory has grown between a tenth and nine tenths of the run."""
        first, last = (self.samples[int(share * (len(self.samples) - 1))] for share in (0.1, 0.9))
        return (
            f"memory from {first:.0f} to {last:.0f} MiB between 10 % and 90 % of {seconds:.0f} s, {requests:,} requests"
        )

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._ended.wait(1):
            self.samples.append(int(Path("/proc/self/statm").read_text().split()[1]) * page / MIB)


@contextmanager
def serving(seconds: float) -> Iterator[int]:
    """Serve in a process of its own on a free port."""
    context = multiprocessing.get_context("spawn")
    port_of, port = context.Pipe()
    process = context.Process(target=serve, args=(port, seconds), daemon=True)
    process.start()
    try:
        yield port_of.recv()
    finally:
        process.terminate()
        process.join()


def serve(port: Connection, seconds: float) -> None:
    """Answer each chat with a level after some seconds, and all other requests with 404."""
    content = {"role": "assistant", "content": "3"}
    usage = {"prompt_tokens": 300, "completion_tokens": 1, "total_tokens": 301}
    level = json.dumps({"model": "m", "choices": [{"index": 0, "message": content}], "usage": usage}).encode()
    nothing = b'{"error": {"message": "Not Found"}}'

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            line, *fields = head.decode().split("\r\n")
            (length,) = (int(field.split(":")[1]) for field in fields if field.lower().startswith("content-length:"))
            await reader.readexactly(length)
            chat = line.split()[1] == f"/v1{PROTOCOL.path}"
            if chat:
                await asyncio.sleep(seconds)
            body, status = (level, "200 OK") if chat else (nothing, "404 Not Found")
            kind = "Content-Type: application/json"
            writer.write(f"HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(quiet, "127.0.0.1", 0, limit=MIB)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    main()
