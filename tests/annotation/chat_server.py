"""An OpenAI-compatible server on this machine that grades pairs, by every protocol or by some, with a script of faults.

Levels come from the share of words that both texts have, so that tests know what to expect.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import sleep
from typing import Any

from tests.models.embedding_server import Answer, error

DROPPED = Answer(0, "")  # the connection is closed instead of an answer
ALL = ("decisions", "systemone", "schema", "logprobs", "chat")
TEXTS = re.compile(r"<<< text \d, (?P<fence>\w+)\n(.*?)\n>>> end of text \d, (?P=fence)", re.DOTALL)


def level_of(first: str, second: str) -> int:
    """The level that the server gives a pair."""
    one, other = {*first.split()}, {*second.split()}
    return round(5 * len(one & other) / max(len(one | other), 1))


def probabilities_of(level: int) -> list[float]:
    """0.7 for the level, 0.3 for the one below it, or above it where there is none."""
    parts = [0.0] * 6
    parts[level], parts[level - 1 if level else 1] = 0.7, 0.3
    return parts


def written_about(model: str, text: str) -> str:
    """What a model writes about a text: two texts of each meaning."""
    same = [f"{model} says that {text}", f"{text}, as it were"]
    other = [f"{model} never heard of penguins", "nothing of the kind happens in winter"]
    return json.dumps({"same": same, "other": other})


@dataclass
class ChatServer:
    """What a test tells the server and what the server saw.

    Attributes:
        url: The base URL.
        knows: The protocols that it honours; "schema" and "logprobs" are ignored silently where they are not here.
        script: Answers given before any grades, first to last.
        text: Makes the content of chat answers of a level, where the model does not keep to the schema.
        level: Grades a pair of texts.
        write: Writes about a text, for a model.
        change: What is done to an answer before it is sent.
        pause: Seconds that each answer takes.
        requests: Path and body of all requests, in order.
    """

    url: str = ""
    knows: tuple[str, ...] = ALL
    script: list[Answer] = field(default_factory=list)
    text: Callable[[int], str] = str
    level: Callable[[str, str], int] = level_of
    write: Callable[[str, str], str] = written_about
    change: Callable[[dict[str, Any]], Any] = lambda answer: answer
    pause: float = 0.0
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    most_at_once: int = 0
    at_once: int = 0

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def answer(self, path: str, request: dict[str, Any]) -> Answer:
        if self.script:
            return self.script.pop(0)
        by_path = {"/v1/decisions": "decisions", "/v1/systemone": "systemone", "/v1/chat/completions": "chat"}
        protocol = by_path.get(path, "")
        if protocol not in self.knows:
            return error(404, "Not Found")
        return Answer(200, self.change(getattr(self, f"_{protocol}")(request)))

    def _decisions(self, request: dict[str, Any]) -> dict[str, Any]:
        (question,) = request["questions"]
        parts = probabilities_of(self.level(*texts_of(request["input"])))
        named = [
            {"label": level["label"], "probability": part, "value": number + 1}
            for number, (level, part) in enumerate(zip(question["levels"], parts, strict=True))
        ]
        given = {"type": "score", "name": question["name"], "score": 9.0, "confidence": 0.5, "probabilities": named}
        return {"model": f"{request['model']}-1", "answers": [given], "usage": {"input_tokens": 70, "output_tokens": 0}}

    def _systemone(self, request: dict[str, Any]) -> dict[str, Any]:
        ((name, question),) = request["questions"].items()
        parts = probabilities_of(self.level(*texts_of(request["state"])))
        by_level = {str(number): part for number, part in enumerate(parts)}
        legend = dict(enumerate(question["criteria"]))
        given = {"type": "score", "score": 1.0, "legend": legend, "confidence": 0.5, "probabilities": by_level}
        return {"model": request["model"], "answers": {name: given}, "usage": {"input_tokens": 60, "output_tokens": 0}}

    def _chat(self, request: dict[str, Any]) -> dict[str, Any]:
        texts = texts_of(request["messages"][1]["content"])
        if len(texts) == 1:
            return self._said(request, self.write(request["model"], texts[0]))
        level = self.level(*texts)
        content = self.text(level)
        if "response_format" in request and "schema" in self.knows:
            content = json.dumps({"level": level})
        said = self._said(request, content)
        (choice,) = said["choices"]
        if "logprobs" in request and "logprobs" in self.knows:
            top = [{"token": str(level), "logprob": -0.2231}, {"token": f" {level}", "logprob": -2.9957}]
            top += [{"token": str((level + 1) % 6), "logprob": -2.3026}, {"token": "The", "logprob": -3.0}]
            choice["logprobs"] = {"content": [{"token": str(level), "logprob": -0.2231, "top_logprobs": top}]}
        return said

    @staticmethod
    def _said(request: dict[str, Any], content: str) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": content}}
        usage = {"prompt_tokens": 50, "completion_tokens": 2, "total_tokens": 52}
        return {"id": "x", "object": "chat.completion", "model": request["model"], "choices": [choice], "usage": usage}


def texts_of(sent: str) -> list[str]:
    """The texts of a request: two to grade, or one to write about."""
    return [text for _, text in TEXTS.findall(sent)]


@contextmanager
def grading(**settings: Any) -> Iterator[ChatServer]:  # noqa: ANN401
    """Serve on a free port until the block ends."""
    state = ChatServer(**settings)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.at_once += 1
                state.most_at_once = max(state.most_at_once, state.at_once)
                state.requests.append((self.path, request))
                state.keys.append(self.headers["Authorization"])
                answer = state.answer(self.path, request)
            sleep(state.pause)
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            with state.lock:
                state.at_once -= 1
            if answer == DROPPED:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            if state.script[:1] == [DROPPED]:
                self.close_connection = True
                return
            self.send_error(404)

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
