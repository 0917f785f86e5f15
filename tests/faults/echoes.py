"""A server that repeats what it is sent: the secret stands in its errors, its headers and its redirects."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

# How it answers: a status with JSON in the manner of each service, a page, or a redirect.
ANSWERS = ("400", "401", "403", "404", "422", "500", "page", "redirect", "errors", "odd")


class EchoServer:
    """The address of the server, how it answers, and the secrets that it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.answer = "401"
        self.sent: set[str] = set()


@contextmanager
def echoing() -> Iterator[EchoServer]:
    """Run the server on this machine until the block ends."""
    state = EchoServer()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: EchoServer
    protocol_version = "HTTP/1.1"

    def _echo(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = self.headers.get("Authorization") or "nobody"
        self.state.sent.add(sent)
        token = sent.split()[-1]
        said = f"{'x' * 190} refused {sent!r} for {self.path}: the token {token} is {token[:60]}…"
        answer = self.state.answer
        body: object = {"message": said, "error": {"message": said, "code": token, "type": sent}, "errors": [said]}
        if answer in ("errors", "odd"):
            body = {"errors": [{"message": said, "type": token}]} if answer == "errors" else {"login": said, "data": 1}
        content = f"<html>{said}</html>" if answer == "page" else json.dumps(body)
        status = {"page": 200, "errors": 200, "odd": 200, "redirect": 302}.get(answer) or int(answer)
        self.send_response(status, f"for {token}")
        if answer == "redirect":
            escaped = quote(token, safe="")
            address = f"http://{escaped}:{escaped}@127.0.0.1:9/{token}?access_token={token}"
            self.send_header("Location", address)
        for name in ("X-Error-Message", "X-Request-Id", "X-Error-Code", "WWW-Authenticate", "Link"):
            self.send_header(name, f"{name} {sent} <{self.path}>")
        encoded = content.encode()
        self.send_header("Content-Type", "text/html" if answer == "page" else "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(encoded)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _echo  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Stay silent."""
