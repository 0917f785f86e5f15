"""A stand-in for huggingface.co on this machine, for the requests that the installed Hub clients really send.

Served: a repository's information, tree, paths-info and files. Refused as the Hub refuses: unknown repositories
(RepoNotFound), revisions (RevisionNotFound) and files (EntryNotFound). Written to, with a token: new repositories and
branches, large files through git LFS, and commits.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATE = "2025-01-01T00:00:00.000Z"
Kind = Literal["models", "datasets"]


@dataclass(frozen=True)
class Repository:
    """A repository with one commit, which is both ``main`` and ``COMMIT``."""

    kind: Kind
    name: str
    files: Mapping[str, bytes]


@dataclass
class Hub:
    """The repositories served, the requests received, and whether the server is out of order."""

    repositories: dict[tuple[Kind, str], Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    failing: bool = False
    url: str = ""
    writer: str = "hf_writer_0123456789"  # the token that may write
    private: dict[str, bool] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)  # by SHA-256
    commits: list[str] = field(default_factory=list)
    branches: set[str] = field(default_factory=set)  # all of them hold what main holds
    breaks: int = 0  # uploads of large files that will break off

    @property
    def uploads(self) -> int:
        """Large files that were sent, broken ones too."""
        return sum(each.startswith("PUT") for each in self.requests)

    def add(self, kind: Kind, name: str, files: Mapping[str, bytes]) -> None:
        """Publish ``files`` as the repository ``name``."""
        self.repositories[kind, name] = Repository(kind, name, files)

    def add_folder(self, kind: Kind, name: str, folder: Path) -> None:
        """Publish every file below ``folder``."""
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        self.add(kind, name, {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Run the server until the block ends; ``hub.url`` is its address."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Hub's client of this process use ``hub``, with its token; large files go through git LFS."""
    from huggingface_hub import _commit_api, constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(_commit_api, "is_xet_available", lambda: False)
    monkeypatch.setenv("HF_TOKEN", hub.writer)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed
            return
        answer = answer_to(self.hub, self.command, self.path, body, dict(self.headers.items()))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def answer_to(hub: Hub, command: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Return what the Hub answers to a request."""
    hub.requests.append(f"{command} {url}")
    if hub.failing:
        answer = _failure(503, "")
    elif (written := _written(hub, command, url, body, headers)) is not None:
        answer = written
    else:
        answer = _answer(hub, url, body)
    asked = next((value for name, value in headers.items() if name.lower() == "range"), None)
    return _ranged(answer, asked)


def _answer(hub: Hub, url: str, body: bytes) -> Answer:
    parts = [unquote(part) for part in urlsplit(url).path.strip("/").split("/")]
    if parts[0] == "api":
        kind, owner, name, *rest = [*parts[1:], "", "", ""][: max(len(parts) - 1, 3)]
        return _api(hub, kind, f"{owner}/{name}", rest, body)
    kind, rest = ("datasets", parts[1:]) if parts[0] == "datasets" else ("models", parts)
    if len(rest) < 5 or rest[2] != "resolve":
        return _failure(404, "")
    repository = _repository(hub, kind, "/".join(rest[:2]), rest[3])
    return repository if isinstance(repository, Answer) else _file(repository, "/".join(rest[4:]))


def _written(hub: Hub, command: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | None:
    """The answer to a request that writes; None for others."""
    parts = [unquote(part) for part in urlsplit(url).path.strip("/").split("/")]
    lfs = parts[-3:] == ["lfs", "objects", "batch"]
    writes = parts[:3] == ["api", "repos", "create"] or (parts[0] == "api" and parts[4:5] in VERBS) or lfs
    if parts == ["api", "validate-yaml"]:
        return _json({"errors": [], "warnings": []})
    if command == "PUT":
        return _stored(hub, parts[-1], body)
    if not writes:
        return None
    sign = {name.lower(): value for name, value in headers.items()}.get("authorization")
    if sign != f"Bearer {hub.writer}":
        return _failure(403 if sign else 401, "")
    if lfs:
        return _json({"transfer": "basic", "objects": [_large(hub, each) for each in json.loads(body)["objects"]]})
    if parts[2] == "create":
        return _created(hub, json.loads(body))
    kind, name = parts[1], "/".join(parts[2:4])
    if parts[4] == "branch":
        hub.branches.add(parts[5])
        return _json({})
    if parts[4] == "preupload":
        files = json.loads(body)["files"]
        modes = ["lfs" if each["path"].endswith((".parquet", ".safetensors")) else "regular" for each in files]
        return _json(
            {
                "files": [
                    {"path": each["path"], "uploadMode": mode, "shouldIgnore": False}
                    for each, mode in zip(files, modes, strict=True)
                ]
            }
        )
    return _committed(hub, kind, name, [json.loads(line) for line in body.splitlines()], parts[5])


VERBS = (["branch"], ["preupload"], ["commit"])


def _created(hub: Hub, asked: Mapping[str, Any]) -> Answer:
    name = f"{asked['organization']}/{asked['name']}"
    kind: Kind = "datasets" if asked.get("type") == "dataset" else "models"
    address = {"url": f"{hub.url}/{kind}/{name}" if kind == "datasets" else f"{hub.url}/{name}"}
    if (kind, name) in hub.repositories:
        return Answer(409, {"Content-Type": "application/json"}, json.dumps(address).encode())
    hub.private[name] = asked.get("visibility") == "private" or bool(asked.get("private"))
    hub.add(kind, name, {".gitattributes": b""})
    return _json(address)


def _large(hub: Hub, asked: Mapping[str, Any]) -> dict[str, Any]:
    known = {"oid": asked["oid"], "size": asked["size"]}
    if asked["oid"] in hub.large:
        return known
    return {**known, "actions": {"upload": {"href": f"{hub.url}/lfs/{asked['oid']}"}}}


def _stored(hub: Hub, oid: str, body: bytes) -> Answer:
    if hub.breaks:
        hub.breaks -= 1
        return _failure(400, "")
    if sha256(body).hexdigest() != oid:
        return _failure(422, "")
    hub.large[oid] = body
    return _json({})


def _committed(hub: Hub, kind: str, name: str, lines: list[dict[str, Any]], revision: str) -> Answer:
    repository = _repository(hub, kind, name, "main")
    if isinstance(repository, Answer):
        return repository
    files = dict(repository.files)
    for line in lines:
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = b64decode(value["content"])
        elif line["key"] == "lfsFile":
            files[value["path"]] = hub.large[value["oid"]]
        elif line["key"] == "deletedFile":
            del files[value["path"]]
    hub.add(repository.kind, name, files)
    hub.commits.append(f"{revision}: {lines[0]['value']['summary']}")
    return _json({"commitUrl": f"{hub.url}/{name}/commit/{COMMIT}", "commitOid": COMMIT, "success": True})


def _api(hub: Hub, kind: str, name: str, rest: list[str], body: bytes) -> Answer:
    verb, revision, *path = [*rest, "revision", "main"][: max(len(rest), 2)]
    repository = _repository(hub, kind, name, revision)
    if isinstance(repository, Answer):
        return repository
    if verb in ("revision", ""):
        return _json(_information(repository, hub.private.get(name, False)))
    if verb == "tree":
        return _json(_tree(repository, "/".join(path)))
    if verb == "paths-info":
        asked = _asked_paths(body)
        return _json([_entry(repository, each) for each in asked if each in repository.files])
    return _failure(404, "")


def _repository(hub: Hub, kind: str, name: str, revision: str) -> Repository | Answer:
    repository = next((found for key, found in hub.repositories.items() if key == (kind, name)), None)
    if repository is None:
        return _failure(404, "RepoNotFound")
    return repository if revision in ("main", COMMIT, *hub.branches) else _failure(404, "RevisionNotFound")


def _information(repository: Repository, private: bool) -> dict[str, Any]:
    return {
        "_id": "0",
        "id": repository.name,
        "sha": COMMIT,
        "lastModified": DATE,
        "createdAt": DATE,
        "private": private,
        "gated": False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": [{"rfilename": path} for path in repository.files],
    }


def _tree(repository: Repository, folder: str) -> list[dict[str, Any]]:
    """Every file and folder below ``folder``; the clients ask with and without recursion and accept either."""
    below = [path for path in repository.files if not folder or path.startswith(f"{folder}/")]
    folders = {parent.as_posix() for path in below for parent in Path(path).parents if parent.as_posix() != "."}
    named = [{"type": "directory", "oid": _oid(each.encode()), "size": 0, "path": each} for each in sorted(folders)]
    return [*named, *(_entry(repository, path) for path in below)]


def _entry(repository: Repository, path: str) -> dict[str, Any]:
    content = repository.files[path]
    commit = {"id": COMMIT, "title": "one", "date": DATE}
    return {"type": "file", "oid": _oid(content), "size": len(content), "path": path, "lastCommit": commit}


def _file(repository: Repository, path: str) -> Answer:
    if path not in repository.files:
        return _failure(404, "EntryNotFound", {"X-Repo-Commit": COMMIT})
    content = repository.files[path]
    headers = {
        "Content-Type": "application/octet-stream",
        "ETag": f'"{_oid(content)}"',
        "X-Repo-Commit": COMMIT,
        "Accept-Ranges": "bytes",
    }
    return Answer(200, headers, content)


def _ranged(answer: Answer, asked: str | None) -> Answer:
    if asked is None or answer.status != 200:
        return answer
    first, _, last = asked.removeprefix("bytes=").partition("-")
    begin, end = int(first), int(last) + 1 if last else len(answer.body)
    end = min(end, len(answer.body))
    headers = {**answer.headers, "Content-Range": f"bytes {begin}-{end - 1}/{len(answer.body)}"}
    return Answer(206, headers, answer.body[begin:end])


def _asked_paths(body: bytes) -> list[str]:
    """The paths of a paths-info request, which clients send as JSON or as a form."""
    try:
        asked = json.loads(body)["paths"]
    except ValueError:
        asked = parse_qs(body.decode()).get("paths", [])
    return [asked] if isinstance(asked, str) else list(asked)


def _json(value: Any) -> Answer:  # noqa: ANN401
    return Answer(200, {"Content-Type": "application/json", "X-Repo-Commit": COMMIT}, json.dumps(value).encode())


def _failure(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    coded = {"X-Error-Code": code, "X-Error-Message": code} if code else {}
    return Answer(status, {**coded, **(headers or {})}, b"")


def _oid(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content).hexdigest()
