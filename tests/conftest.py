"""Fixtures of all tests: no network beyond this machine, caches in temporary folders, real tiny models."""

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gis import hub
from tests.command_line import Gis, run_gis

UNREACHABLE = "http://127.0.0.1:9"
HF_HOME = tempfile.mkdtemp(prefix="gis-tests-hf-")

# Tiny models gain nothing by threads, which on a busy machine mostly wait for each other. Read when torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Hub clients read these once, when they are first imported.
os.environ.update({"HF_HOME": HF_HOME, "HF_ENDPOINT": UNREACHABLE, "HF_HUB_OFFLINE": "0"})
for name in ("HF_TOKEN", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
    os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: tests wait for servers, limits and processes that are killed."""
    return (os.cpu_count() or 1) + 1


def pytest_unconfigure() -> None:
    shutil.rmtree(HF_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Let sockets reach this machine only; anything else is the test's mistake, so no OSError that code may catch."""

    def guarded(original: Any) -> Any:  # noqa: ANN401
        def connect(self: socket.socket, address: Any) -> Any:  # noqa: ANN401
            if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
                raise RuntimeError(f"a test tried to reach {address}")
            return original(self, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
        yield


@pytest.fixture(scope="module", autouse=True)
def _only_new_objects_are_garbage() -> None:
    """Keep the collector from what is there: a training makes it look through all, which took as long as the rest."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each test has its own cache of gis, no keys, no proxy, and no memory of whether the Hub answered before."""
    monkeypatch.setenv("GIS_CACHE", str(tmp_path_factory.mktemp("gis-cache")))
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    yield
    hub._answers.cache_clear()


@pytest.fixture(scope="session")
def gis() -> Gis:
    """Run the command line with some arguments: exit status, standard output and standard error."""
    return run_gis


@pytest.fixture(autouse=True)
def _no_remembered_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of one test must not mask a word of another's messages."""
    monkeypatch.setattr("gis.masking._secrets", set())


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain Hugging Face folder: two layers, width 32, 64 positions."""
    from tests.tiny_models import save_bert

    return save_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="session")
def tiny_sentence_transformer(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A sentence-transformers folder: Transformer, mean Pooling, Normalize; texts cut at 16 tokens."""
    from tests.tiny_models import save_sentence_transformer

    return save_sentence_transformer(tmp_path_factory.mktemp("models") / "tiny-sentence-transformer", tiny_bert)


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain Hugging Face folder with a two-layer Llama and a byte tokenizer."""
    from tests.tiny_models import save_decoder

    return save_decoder(tmp_path_factory.mktemp("models") / "tiny-decoder")


@pytest.fixture(scope="session")
def tiny_lora(tmp_path_factory: pytest.TempPathFactory, tiny_decoder: Path) -> Path:
    """A LoRA adapter on ``tiny_decoder``; its adapter_config.json names that folder."""
    pytest.importorskip("peft")
    from tests.tiny_models import save_lora

    return save_lora(tmp_path_factory.mktemp("models") / "tiny-lora", tiny_decoder)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The project's shared data folder; mark tests that use it ``shared``."""
    checkout = Path(__file__).resolve().parents[1]
    shared = Path(os.environ.get("GIS_SHARED") or checkout.parent / "shared")
    if not (shared / "data").is_dir():
        pytest.skip(f"no shared data at {shared / 'data'} (set GIS_SHARED)")
    return shared / "data"
