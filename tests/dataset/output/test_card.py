"""The card of a tiny dataset, word for word, and that of its copy without texts."""

from collections import Counter
from pathlib import Path

import datasets
import pytest
from huggingface_hub import DatasetCard

from gis.dataset.output.baselines import baselines
from gis.dataset.output.card import with_name, write_cards
from gis.dataset.output.layout import CONFIGS, IDS_CARD
from gis.dataset.output.report import Lengths, Report
from gis.dataset.pairs.configs import ConfigReport, PairCount
from gis.dataset.pairs.leaks import Leaks
from gis.dataset.pairs.negatives import NegativeCount
from gis.dataset.settings import SPLITS, BuildSettings
from gis.hub import CARD
from tests.dataset.pairs.helpers import negative, positive

GOLDEN = Path(__file__).with_name("card.md")  # to write it again: delete it, run the test twice, and read the diff
TEXTS = ["the pump leaks oil", "the pump leaks oil again", "a door creaks", "a door creaks at night"]
REPORT = Report(
    repositories=("octo/widgets",),
    issues=12,
    texts={"kept": 10, "short": 2, "long": 0},
    traces=Counter({("whole_comment", "person", "positive"): 6, ("related", "bot", "related"): 2}),
    withdrawn=Counter({"reopened": 1}),
    uncollected=1,
    held_back=0,
    unsettled=3,
    direct=5,
    clusters=Counter({2: 3, 3: 1}),
    positives=5,
    positives_left_out=Counter({"the same text": 1}),
    judged=0,
    judged_by=(),
    redacted=Counter({"prompt": 3, "email": 1}),
    sentences=4,
    template_lines=7,
    configs={
        "default": ConfigReport(
            pairs=tuple(PairCount(s, t, n) for s in SPLITS for t, n in (("closure", 1), ("direct", 1), ("random", 2))),
            negatives=tuple(NegativeCount(split, "random", requested=3, found=2) for split in SPLITS),
            near=1,
            dropped={"across a cut": 2},
            leaks=Leaks(issues=0, clusters=0, near_duplicates=0, test_pairs=0),
        )
    },
    related_across_splits={"default": 1},
    random_split=Leaks(issues=2, clusters=1, near_duplicates=0, test_pairs=0.5),
    lengths={("train", 1): Lengths(mean=1234.5, median=20, difference=3)},
    baselines=baselines([positive(0, 1), negative(0, 2), negative(1, 3)], TEXTS.__getitem__),
    as_written=9,
)
ROWS = {
    CONFIGS[name].path(split): 4
    for name in ("default", "positive", "ids", "evidence", "retrieval-corpus")
    for split in CONFIGS[name].splits
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ids").mkdir()
    settings = BuildSettings()
    write_cards(tmp_path, name="my-issues", report=REPORT, settings=settings, rows=ROWS, identity="0123456789abcdef")
    return tmp_path


def card(folder: Path, name: str = CARD) -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_the_card_word_for_word(folder: Path) -> None:
    if not GOLDEN.exists():
        GOLDEN.write_text(card(folder), encoding="utf-8")
        pytest.fail(f"wrote {GOLDEN}")
    assert card(folder) == GOLDEN.read_text(encoding="utf-8")


def test_only_the_configs_that_exist_are_listed(folder: Path) -> None:
    configs = [config["config_name"] for config in DatasetCard(card(folder)).data["configs"]]
    assert configs == ["default", "positive", "ids", "evidence", "retrieval-corpus"]
    assert "`time`" not in card(folder)
    assert "`retrieval-queries`" not in card(folder)


def test_the_copy_without_texts_has_a_card_of_its_own(folder: Path) -> None:
    ids = DatasetCard(card(folder, IDS_CARD))
    assert [(config["config_name"], config.get("default")) for config in ids.data["configs"]] == [
        ("ids", True),
        ("evidence", None),
    ]
    assert "**This copy holds no texts**" in ids.text
    assert 'load_dataset("my-issues", "positive")' not in ids.text


def test_a_published_card_names_the_published_dataset(folder: Path) -> None:
    published = with_name(card(folder, IDS_CARD), "octo/issues")
    assert 'load_dataset("octo/issues", "evidence")' in published
    assert "`gis hydrate octo/issues --output DIR`" in published
    assert "`gis bench --task octo/issues --model minilm`" in with_name(card(folder), "octo/issues")
    assert with_name('load_dataset("…", "positive")', "octo/issues") == 'load_dataset("octo/issues", "positive")'


def test_names_of_repositories_are_text(tmp_path: Path) -> None:
    from dataclasses import replace

    (tmp_path / "ids").mkdir()
    report = replace(REPORT, repositories=("octo/_wid*gets_",))
    write_cards(tmp_path, name="x", report=report, settings=BuildSettings(), rows=ROWS, identity="0")
    assert r"# GitHub issue similarity: octo/\_wid\*gets\_" in card(tmp_path)
    assert DatasetCard(card(tmp_path)).data["pretty_name"] == "GitHub issue similarity: octo/_wid*gets_"


def test_datasets_reads_the_head_of_the_card(folder: Path) -> None:
    for path in ROWS:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()
    names = datasets.get_dataset_config_names(str(folder))
    assert names == ["default", "positive", "ids", "evidence", "retrieval-corpus"]


def test_an_archive_is_named_with_what_is_missing_from_it(tmp_path: Path) -> None:
    from dataclasses import replace

    (tmp_path / "ids").mkdir()
    report = replace(REPORT, archives=("2 repositories are from an archive.", "1 repository is from another."))
    write_cards(tmp_path, name="x", report=report, settings=BuildSettings(), rows=ROWS, identity="0")
    assert "\n\n- 2 repositories are from an archive.\n- 1 repository is from another.\n\nThe pairs" in card(tmp_path)
