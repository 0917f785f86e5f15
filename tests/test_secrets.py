"""One secret in every input of a run: no file, no screen and no publication holds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.publishing.prepare import prepare
from tests.benchmark.helpers import ROWS, write_jsonl
from tests.command_line import run_gis
from tests.models.embedding_server import EmbeddingServer, error, running

pytest.importorskip("openai")
SECRET = "planted-0123/4567"
IN_ADDRESS = "planted-0123%2F4567"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    for name in ("HF_TOKEN", "GITHUB_TOKEN", "OPENAI_API_KEY", "PLANTED_API_KEY"):
        monkeypatch.setenv(name, SECRET)
    with running() as served:
        yield served


def assert_clean(folder: Path, *texts: str) -> None:
    for text in (*texts, *(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())):
        assert SECRET not in text
        assert IN_ADDRESS not in text
    assert not [path for path in folder.rglob("*") if "planted" in path.name]


@pytest.mark.slow
@pytest.mark.parametrize("answer", [None, error(401, f"wrong key: {SECRET}")])
def test_a_secret_in_every_input_is_in_no_output(tmp_path: Path, server: EmbeddingServer, answer: object) -> None:
    write_jsonl(tmp_path / "mine.jsonl", ROWS)
    out = tmp_path / "out"
    if answer is not None:
        server.script.append(answer)  # type: ignore[arg-type]
    address = server.url.replace("://", f"://user:{IN_ADDRESS}@")
    model = f"openai,model=m,base_url={address},key_env=PLANTED_API_KEY"
    where = ("--output", out / "results", "--cache", out / "cache", "--export", "mteb", out / "mteb")
    done = run_gis("--debug", "bench", "--model", f"{model},length", "--task", tmp_path / "mine.jsonl", *where)
    assert done.status == (0 if answer is None else 1), done.err
    board = ("--markdown", out / "board.md", "--csv", out / "board.csv")
    shown = run_gis("leaderboard", out / "results", *board)
    assert shown.status == 0, shown.err
    published = run_gis("publish", out / "results", "--to", "me/results", "--dry-run")
    assert published.status == 0, published.err
    assert prepare(out / "results").problems == ()
    assert_clean(out, done.out, done.err, shown.out, shown.err, published.out, published.err)
