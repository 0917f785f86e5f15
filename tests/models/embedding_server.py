"""An OpenAI-compatible embeddings endpoint on the loopback interface, with a script of what goes wrong."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 6


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: a JSON value, or text as it stands."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


Change = Callable[[dict[str, Any]], Any]


@dataclass
class EmbeddingServer:
    """What a test tells the server and what the server saw.

    Attributes:
        url: The base URL that clients are given.
        script: Answers given before any vectors, first to last.
        change: What is done to an answer with vectors before it is sent.
        requests: Bodies of all requests, in order.
        keys: Their Authorization headers.
    """

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    change: Change = lambda answer: answer
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    @property
    def inputs(self) -> list[list[str]]:
        """The texts of each request."""
        return [request["input"] for request in self.requests]

    def answer(self, request: dict[str, Any]) -> Answer:
        if self.script:
            return self.script.pop(0)
        data = [
            {"object": "embedding", "index": index, "embedding": vector_of(text)[: request.get("dimensions")].tolist()}
            for index, text in enumerate(request["input"])
        ]
        body = {"object": "list", "model": request["model"], "data": data, "usage": {"prompt_tokens": 1}}
        return Answer(200, self.change(body))


def vector_of(text: str) -> NDArray[np.float32]:
    """The vector that the server gives a text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)


def error(status: int, message: str, **headers: str) -> Answer:
    """An error as OpenAI words it; header names are given with underscores."""
    return Answer(
        status,
        {"error": {"message": message, "type": "invalid_request_error"}},
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


@contextmanager
def running() -> Iterator[EmbeddingServer]:
    """Serve on a free port until the block ends."""
    state = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(request)
            state.keys.append(self.headers["Authorization"])
            answer = state.answer(request) if self.path == "/v1/embeddings" else Answer(404, {})
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            kind = "text/html" if isinstance(answer.body, str) else "application/json"
            for name, value in {"Content-Type": kind, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
