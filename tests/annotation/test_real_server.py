"""The client against a server that we did not write: ``transformers serve`` with a small model of random weights."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import transformers

from gis.annotation.answers import AnswerFile
from gis.annotation.output import ANSWERS
from gis.annotation.protocols import PROTOCOLS
from gis.errors import GisError
from tests.annotation.helpers import PAIRS, annotated, pairs_file
from tests.annotation.test_annotate import rows_of
from tests.models.helpers import needs_openai
from tests.tiny_models import save_causal

MISSING = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    needs_openai,
    pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {' and '.join(MISSING)}"),
]
PATIENCE = 120  # seconds until the server must answer
CHAT = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = save_causal(tmp_path_factory.mktemp("served") / "model", positions=8192)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", address: str) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("transformers serve does not start")


def test_typed_decisions_are_found_and_read(url: str, model: Path, tmp_path: Path) -> None:
    report = annotated(pairs_file(tmp_path), tmp_path / "out", f"openai,model={model},name=m", base_url=url)
    assert report.pairs == len(PAIRS)
    answers = list(AnswerFile(tmp_path / "out" / ANSWERS))
    assert {answer.protocol for answer in answers} == {"systemone"}
    assert all(answer.usage.counted and answer.usage.input_tokens > 0 for answer in answers)
    for row in rows_of(tmp_path / "out"):
        assert row["score"] == pytest.approx(sum(n * part for n, part in enumerate(row["levels"])), abs=1e-4)


def test_a_chat_of_noise_is_refused_by_every_protocol_and_nothing_is_written(
    url: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ignores a schema and log-probabilities in silence, and a model that answers noise."""
    chats = tuple(protocol for protocol in PROTOCOLS if protocol.name.startswith("chat"))
    monkeypatch.setattr("gis.annotation.registry.PROTOCOLS", chats)
    with pytest.raises(GisError, match=r"no pair has a grade: .*is not a level from 0 to 5"):
        annotated(pairs_file(tmp_path), tmp_path / "out", f"openai,model={model},name=m", base_url=url)
    assert not (tmp_path / "out" / "train.jsonl").exists()
    answers = list(AnswerFile(tmp_path / "out" / ANSWERS))
    assert {answer.protocol for answer in answers} == {"chat-schema", "chat-logprobs", "chat"}
    assert not any(answer.value for answer in answers)
