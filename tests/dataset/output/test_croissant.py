"""Croissant metadata lists every file with its hash, and every column of every table."""

import json
from pathlib import Path

from gis.dataset.output.croissant import write_croissant
from gis.dataset.output.layout import CONFIGS, CROISSANT
from gis.dataset.output.manifest import FileRecord

FILES: dict[str, FileRecord] = {
    CONFIGS[config].path(split): {"rows": 2, "bytes": 10, "sha256": f"hash of {config}"}
    for config, split in (("default", "test"), ("ids", "test"), ("evidence", "train"))
}


def test_files_and_columns_are_described(tmp_path: Path) -> None:
    write_croissant(
        tmp_path,
        title="GitHub issue similarity: octo/widgets",
        license_link="https://example.org/terms",
        sources={"octo/widgets": "https://github.com/octo/widgets/issues"},
        date="2025-01-31",
        files=FILES,
    )
    content = json.loads((tmp_path / CROISSANT).read_text(encoding="utf-8"))
    assert content["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert content["name"] == "github-issue-similarity-octo-widgets"
    assert content["datePublished"] == "2025-01-31"
    assert {file["contentUrl"]: file["sha256"] for file in content["distribution"]} == {
        path: record["sha256"] for path, record in FILES.items()
    }
    tables = {table["@id"]: table["field"] for table in content["recordSet"]}
    assert list(tables) == ["default/test", "ids/test", "evidence/train"]
    assert [field["name"] for field in tables["default/test"]] == CONFIGS["default"].schema.names
    label = next(field for field in tables["default/test"] if field["name"] == "label")
    assert label == {
        "@type": "cr:Field",
        "@id": "default/test/label",
        "name": "label",
        "dataType": "sc:Integer",
        "source": {"fileObject": {"@id": CONFIGS["default"].path("test")}, "extract": {"column": "label"}},
    }
    cut = next(field for field in tables["ids/test"] if field["name"] == "cut1")
    assert (cut["dataType"], cut["repeated"]) == ("sc:Text", True)
