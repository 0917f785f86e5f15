"""Serve an annotator that always gives the same answer: levels from the cosine of a model's vectors.

It answers typed questions (/v1/systemone) as a language model would, so that all of gis annotate can be tried where
there is none. The expected level is five times the cosine, and 0 below 0.

    python perf/cosine_server.py --port 8000 --model minilm
"""

import argparse
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import numpy as np
from numpy.typing import NDArray

import gis
from gis.models.base import Encoder

TEXTS = re.compile(r"<<< text \d, (?P<fence>\w+)\n(.*?)\n>>> end of text \d, (?P=fence)", re.DOTALL)
TOP_LEVEL = 5


class Annotator:
    """The levels of pairs; each text is embedded once."""

    def __init__(self, model: Encoder) -> None:
        self._model, self._lock = model, Lock()
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def probabilities(self, state: str) -> list[float]:
        """Return the probability of each level for the two texts of a question."""
        (_, first), (_, second) = TEXTS.findall(state)
        one, other = self._vector(first), self._vector(second)
        norms = float(np.linalg.norm(one) * np.linalg.norm(other))
        level = TOP_LEVEL * min(max(float(one @ other) / norms if norms else 0.0, 0.0), 1.0)
        below = min(int(level), TOP_LEVEL - 1)
        parts = [0.0] * (TOP_LEVEL + 1)
        parts[below], parts[below + 1] = below + 1 - level, level - below
        return parts

    def _vector(self, text: str) -> NDArray[np.float32]:
        with self._lock:
            if text not in self._vectors:
                self._vectors[text] = self._model.encode([text])[0]
            return self._vectors[text]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="minilm")
    options = parser.parse_args()
    model = gis.load_model(options.model, device="cpu")
    assert isinstance(model, Encoder)
    annotator = Annotator(model)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = 404
            answer: dict[str, object] = {"error": {"message": "Not Found"}}
            if self.path == "/v1/systemone":
                parts = annotator.probabilities(request["state"])
                named = {str(level): part for level, part in enumerate(parts)}
                given = {name: {"type": "score", "probabilities": named} for name in request["questions"]}
                usage = {"input_tokens": len(request["state"]) // 4, "output_tokens": 0}
                status, answer = 200, {"model": options.model, "answers": given, "usage": usage}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    print(f"http://127.0.0.1:{options.port}/v1", flush=True)
    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
