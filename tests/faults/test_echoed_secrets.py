"""Servers that repeat the token they are sent: no output, log, traceback or file of a command has it."""

import io
import logging
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import logging as hub_logging

from gis.collector.github.client import Client
from gis.finder.posting import post
from gis.finder.posting.findings_file import findings_json
from gis.finder.posting.thread import Thread
from gis.hub import _answers
from tests.benchmark.helpers import ROWS, write_jsonl
from tests.command_line import run_gis
from tests.dataset.stores import by_chance, fill
from tests.faults import THOROUGH
from tests.faults.echoes import ANSWERS, EchoServer, echoing
from tests.finder.posting.helpers import finding, suggestion
from tests.hub_server import Hub, use_hub
from tests.training.helpers import dataset as rows_to_train_on

pytest.importorskip("openai")
pytestmark = pytest.mark.slow
TOKEN, PASSWORD, KEY = "planted-t0ken-0123/4567+89", "planted-passw0rd-with-more", "planted-key-0123456789"
VARIABLES = ("GITHUB_TOKEN", "HF_TOKEN", "OPENAI_API_KEY")
IN_FULL = {
    *(TOKEN, PASSWORD, KEY, quote(TOKEN, safe=""), quote(TOKEN)),
    b64encode(f"planted:{PASSWORD}".encode()).decode(),
    "planted-t0k",  # not even half of it
    "planted-pas",
    "planted-key",
}
OPEN = Thread(name="octo/widgets#2", closed=False, locked=False, archived=False, own=(), suggested=False)
answers = pytest.mark.parametrize("answer", ANSWERS if THOROUGH else ("403", "redirect"))
debug = pytest.mark.parametrize("options", [(), ("--debug",)] if THOROUGH else [("--debug",)], ids=" ".join)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that any library logs."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    monkeypatch.setattr(hub_logging, "set_verbosity_error", lambda: None)
    hub_level = hub_logging.get_verbosity()
    hub_logging.set_verbosity(logging.DEBUG)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    hub_logging.enable_propagation()
    yield stream
    hub_logging.disable_propagation()
    hub_logging.set_verbosity(hub_level)
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[EchoServer]:
    for name in VARIABLES:
        monkeypatch.setenv(name, TOKEN)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(Client, "_wait", lambda *_: None)  # it would turn in a circle until the time has come
    with echoing() as server:
        hub = Hub()
        hub.url, hub.writer = server.url, TOKEN
        use_hub(hub, monkeypatch)
        _answers.cache_clear()
        yield server
    _answers.cache_clear()


def check(folder: Path, logged: io.StringIO, *arguments: str | Path) -> None:
    done = run_gis(*arguments)
    assert done.status == 1, done.err
    assert ("Traceback" in done.err) == ("--debug" in arguments), done.err
    files = {
        path.as_posix(): path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()
    }
    for where, text in {"output": done.out, "messages": done.err, "log": logged.getvalue(), **files}.items():
        for secret in IN_FULL:
            assert secret not in text, (where, text[max(text.find(secret) - 300, 0) :][:400])


@answers
@debug
def test_collect(tmp_path: Path, echo: EchoServer, logged: io.StringIO, answer: str, options: tuple[str, ...]) -> None:
    echo.answer = answer
    for api in ("graphql", "rest"):
        source = ("--repo", "octo/widgets", "--api-url", f"{echo.url}/api", "--api", api)
        check(tmp_path, logged, *options, "collect", *source, "--store", tmp_path / "issues.db")
    assert any(TOKEN in sent for sent in echo.sent)


@answers
@debug
def test_find(
    tmp_path: Path,
    echo: EchoServer,
    logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    options: tuple[str, ...],
) -> None:
    echo.answer = answer
    monkeypatch.setenv("GIS_CACHE", str(tmp_path / "cache"))
    alert = finding(2, suggestion(1, web=echo.url), certificate="0123456789ab")
    (tmp_path / "findings.json").write_text(findings_json([alert]), encoding="utf-8")
    where = ("--from", tmp_path / "findings.json", "--repo", "octo/widgets", "--api-url", f"{echo.url}/api/v3")
    check(tmp_path, logged, *options, "find", *where, "--suggest", "--post")
    monkeypatch.setattr(post, "read_thread", lambda *_, **__: OPEN)  # what is written is answered so, too
    check(tmp_path, logged, *options, "find", *where, "--comment", "--post")
    assert any(TOKEN in sent for sent in echo.sent)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    store = fill(folder / "issues.db", by_chance(120, 1))
    done = run_gis("build", "--store", store, "--output", folder / "data", "--languages", "any", "--quiet")
    assert done.status == 0, done.err
    return folder / "data"


@answers
@debug
def test_hydrate(
    tmp_path: Path, built: Path, echo: EchoServer, logged: io.StringIO, answer: str, options: tuple[str, ...]
) -> None:
    echo.answer = answer
    where = ("--api-url", echo.url, "--output", tmp_path / "whole")
    check(tmp_path, logged, *options, "hydrate", built, *where)


@answers
@debug
def test_publish(
    tmp_path: Path, built: Path, echo: EchoServer, logged: io.StringIO, answer: str, options: tuple[str, ...]
) -> None:
    echo.answer = answer
    check(tmp_path, logged, *options, "publish", built, "--to", "octo/issues")
    assert any(TOKEN in sent for sent in echo.sent)


@answers
@debug
def test_train(
    tmp_path: Path,
    echo: EchoServer,
    logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    options: tuple[str, ...],
) -> None:
    echo.answer = answer
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    data = rows_to_train_on(tmp_path / "data")
    where = ("--output", tmp_path / "model", "--device", "cpu")
    check(tmp_path, logged, *options, "train", "--model", "org/tiny", "--task", data, *where)
    assert answer == "redirect" or any(TOKEN in sent for sent in echo.sent)


@answers
@debug
def test_bench(
    tmp_path: Path,
    echo: EchoServer,
    logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    options: tuple[str, ...],
) -> None:
    echo.answer = answer
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    task = write_jsonl(tmp_path / "mine.jsonl", ROWS)
    with_password = echo.url.replace("://", f"://planted:{PASSWORD}@")
    models = [f"openai,model=m,base_url={address}/v1?key={KEY}" for address in (echo.url, with_password)]
    for model in (*models, "org/tiny"):
        where = ("--output", tmp_path / "out", "--cache", tmp_path / "cache")
        check(tmp_path, logged, *options, "bench", "--model", f"{model}", "--task", task, *where)
    assert any(TOKEN in sent for sent in echo.sent)
