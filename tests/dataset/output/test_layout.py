"""Configs know their files; no two share one."""

from pathlib import Path

import pytest

from gis.dataset.output.layout import CONFIGS, IDS, LABELLED, PAIRS, TEXTS, WITHOUT_TEXTS

TEXT_COLUMNS = {"text1", "text2", "anchor", "positive", "title", "text"}


def test_a_config_names_the_file_of_each_split() -> None:
    assert CONFIGS["default"].path("test") == "data/test-00000-of-00001.parquet"
    assert CONFIGS["retrieval-qrels"].path("valid") == "retrieval/qrels-valid.parquet"
    assert CONFIGS["evidence"].path("train") == "evidence/evidence.parquet"


def test_only_existing_files_are_listed() -> None:
    config = CONFIGS["time"]
    assert config.files({config.path("test"), "time/other.parquet"}) == {"test": config.path("test")}
    assert config.files(()) == {}


def test_no_file_belongs_to_two_configs() -> None:
    paths = [config.path(split) for config in CONFIGS.values() for split in config.splits]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_knows_its_columns_of_text(name: str) -> None:
    config = CONFIGS[name]
    assert set(config.text_columns) == TEXT_COLUMNS & set(config.schema.names)
    assert not (config.text_columns and name in WITHOUT_TEXTS)


def test_the_configs_of_labelled_pairs_are_told_apart() -> None:
    assert list(LABELLED) == ["default", "repository", "time"]


def test_the_ids_with_texts_in_place_of_hashes_are_the_pairs() -> None:
    rest = [name for name in IDS.names if not name.startswith(("sha256_", "cut"))]
    assert [name for name, _ in TEXTS] + rest == PAIRS.names


def test_no_other_module_knows_the_names_of_the_tables() -> None:
    package = Path(__file__).parents[3] / "gis"
    knowing = {
        path.relative_to(package).as_posix()
        for part in ("cli", "dataset", "publishing")
        for path in (package / part).rglob("*.py")
        if "-of-00001" in path.read_text(encoding="utf-8")
    }
    assert knowing == {"dataset/output/layout.py"}
