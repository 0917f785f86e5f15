"""Model and data from a server that answers as huggingface.co does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.training.output.manifest import MANIFEST
from tests.benchmark.worker import Worker, worker
from tests.hub_server import COMMIT, Hub, serve
from tests.training.helpers import graded_rows

pytestmark = pytest.mark.slow


@pytest.fixture
def gis(tiny_bert: Path, tmp_path: Path) -> Iterator[Worker]:
    files = {
        f"{split}.jsonl": "".join(json.dumps(row) + "\n" for row in graded_rows(count, seed)).encode()
        for split, count, seed in (("train", 48, 1), ("validation", 30, 2), ("test", 30, 3))
    }
    with serve(Hub()) as hub:
        hub.add("datasets", "org/pairs", {"README.md": b"---\nlicense: mit\n---\n", **files})
        hub.add_folder("models", "org/tiny", tiny_bert)
        with worker(hub.url, tmp_path / "hub") as process:
            yield process


def test_a_hub_model_is_trained_on_a_hub_dataset(gis: Worker, tmp_path: Path) -> None:
    output = tmp_path / "model"
    data = f"org/pairs,revision={COMMIT}"
    done = gis.run("train", "--model", "org/tiny", "--task", data, "--output", output, "--device", "cpu")
    assert done.status == 0, done
    manifest = json.loads((output / MANIFEST).read_text(encoding="utf-8"))
    assert (manifest["train"]["source"], manifest["train"]["revision"]) == ("hub:org/pairs", COMMIT)
    assert (manifest["train"]["rows"], manifest["train"]["splits"]) == (48, ["train"])
    assert (manifest["validation"]["rows"], manifest["validation"]["splits"]) == (30, ["validation"])
    assert manifest["report"]["before"] is not None
