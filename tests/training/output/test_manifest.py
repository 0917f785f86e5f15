"""The manifest beside a model: of both schemas, and the words for what differs between two of them."""

import json
from datetime import datetime
from pathlib import Path

import pytest

import gis
from gis.errors import GisError
from gis.models.learned import Learned
from gis.training.output.manifest import MANIFEST, differences, learned_from, read_manifest, run_record
from tests.dataset.stores import at, by_chance, new_store
from tests.training.helpers import dataset, loaded

RECORD = {
    "settings": {"epochs": 1, "lora": 0},
    "base_sha256": "a" * 64,
    "processes": 1,
    "train": {"source": "data", "rows": 48, "sha256": "b" * 64},
    "validation": None,
}
OUTCOME = {
    "seed": 7,
    "before": 0.1,
    "best": 0.2,
    "best_step": 3,
    "steps": 3,
    "pairs": 48,
    "seconds": 1.5,
    "comparison": 64,
    "incomparable": 0.25,
    "cut": 0.0,
    "losses": [{"loss": 2.5, "step": 3}],
    "validations": [{"step": 3, "spearman": 0.2}],
}
OLD = {  # as version 0.1 wrote it
    "schema": 1,
    **RECORD,
    "record_sha256": "c" * 64,
    "outcome": OUTCOME,
    "hardware": "cpu",
    "versions": {"gis": "0.1.0"},
}


def test_a_manifest_of_version_0_1_is_read(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps(OLD), encoding="utf-8")
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    report = manifest.report
    assert (report.best, report.effective_batch_texts, report.share_single_label_batches) == (0.2, 64, 0.25)
    assert report.final_loss == 2.5
    assert manifest.record["settings"] == {"epochs": 1, "lora": 0}


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is broken"), ("[]", "is broken"), ('{"schema": 1}', "is broken"), ('{"schema": 99}', "a newer gis")],
)
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(GisError, match=f"{MANIFEST} .*{message}"):
        read_manifest(tmp_path)


def test_what_differs_is_named() -> None:
    now = {
        **RECORD,
        "settings": {"epochs": 2, "lora": 0, "new": 1},
        "base_sha256": "d" * 64,
        "train": {"source": "data", "rows": 50, "sha256": "e" * 64, "limit": 50},
        "validation": {"source": "data"},
    }
    assert differences(RECORD, now) == [
        "epochs 1 (now 2)",
        "training rows 48 (now 50)",
        "training sha256 bbbbbbbbbbbb… (now eeeeeeeeeeee…)",
        "no validation pairs (now some)",
        "other files of the base model",
    ]


def test_a_setting_that_an_older_version_did_not_record_is_no_difference() -> None:
    now = {**RECORD, "settings": {**RECORD["settings"], "new": 1}}  # type: ignore[dict-item]
    assert differences(RECORD, now) == []


def test_a_manifest_says_what_the_data_knows(tmp_path: Path) -> None:
    store = new_store(tmp_path, by_chance(200, seed=3))
    gis.build(store, tmp_path / "past", until=datetime.fromisoformat(at(150_000)))
    (known,) = set(map(str, learned_from(loaded(tmp_path / "past"))))
    assert known == str(Learned({"octo/widgets": at(149_500)}))
    base = Learned({"octo/widgets": at(160_000)}, ("minilm",))
    assert run_record({}, "b", loaded(tmp_path / "past"), 1, base)["learned"] == base.to_json()
    unknown = list(learned_from(loaded(dataset(tmp_path / "other"))))
    assert unknown == [Learned(unknown=("other",))] * 2
