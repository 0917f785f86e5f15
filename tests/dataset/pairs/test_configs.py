"""Configs: three ways of splitting, what is skipped, what is counted, and what is said."""

import pytest

from gis.console import Reporter
from gis.dataset.labels.citations import Citations
from gis.dataset.pairs.configs import Config, make_configs
from gis.dataset.pairs.negatives import NegativeSampler
from gis.dataset.pairs.positives import Pair
from gis.dataset.settings import SPLITS, BuildSettings
from gis.errors import GisError
from gis.near_duplicates import Sketches
from tests.dataset.pairs.helpers import cluster, make_clusters, make_issues, make_texts, positive

RANDOM = BuildSettings.from_recipe(negatives={"random": 1})


class Messages(Reporter):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    warn = say


def configs_of(
    clusters: int, settings: BuildSettings = RANDOM, *, repositories: int = 1, copy: tuple[int, int] | None = None
) -> tuple[dict[str, Config], list[str]]:
    """The configs of so many pairs that share nothing, among three times as many issues, and what is said of them."""
    count = 6 * clusters
    pairs: list[Pair] = [positive(2 * n + 1, 2 * n) for n in range(clusters)]
    words = [f"w{n} x{n} y{n} z{n} v{n}" for n in range(count)]
    if copy is not None:
        words[copy[1]] = words[copy[0]]
    texts, messages = make_texts(words), Messages()
    sampler = NegativeSampler(
        issues=make_issues(count, repositories=[n * repositories // count for n in range(count)]),
        texts=texts,
        usable=texts.kept,
        clusters=make_clusters(*(cluster(pair.issues) for pair in pairs)),
        ties={},
        sketches=Sketches(texts.__getitem__),
        citations=Citations((), frozenset()),
        neighbours={},
    )
    return make_configs(pairs, sampler, settings, reporter=messages), messages.said


def test_one_repository_cannot_be_split_by_repository() -> None:
    configs, said = configs_of(40)
    assert list(configs) == ["default", "time"]
    assert [message for message in said if "too small" not in message] == [
        "skipping config 'repository': one of its splits would be empty"
    ]


@pytest.mark.slow
def test_several_repositories_can() -> None:
    assert list(configs_of(60, repositories=30)[0]) == ["default", "repository", "time"]


def test_a_config_counts_its_pairs() -> None:
    report = configs_of(40)[0]["default"].report
    assert (report.count(), report.count("direct"), report.count("random")) == (80, 40, 40)
    assert [report.count(split=split) for split in SPLITS] == [64, 8, 8]
    assert report.count("direct", "random", split="test") == 8
    assert report.count("closure") == 0
    assert not report.leaks


@pytest.mark.slow
def test_a_near_duplicate_joins_two_clusters_in_one_split() -> None:
    for seed in range(10):
        settings = BuildSettings.from_recipe(negatives={"random": 1}, seed=seed)
        config = configs_of(40, settings, copy=(0, 2))[0]["default"]
        split_of = {issue: split for split, pairs in config.splits.items() for pair in pairs for issue in pair.issues}
        assert split_of[0] == split_of[2]
        assert [0, 2] in config.near


def test_too_few_clusters_are_an_error_with_a_remedy() -> None:
    with pytest.raises(GisError, match="2 clusters are too few for 3 splits") as error:
        configs_of(2)
    assert error.value.remedy == "collect more issues, or evaluate only: --split 0/0/100"


def test_a_shortage_of_negatives_is_a_warning() -> None:
    settings = BuildSettings.from_recipe(negatives={"random": 3, "bm25": 1})
    configs, said = configs_of(40, settings)
    assert "config 'default': only 0 of the 16 requested negatives were found for stratum bm25" in said
    assert not any("found for stratum random" in message for message in said)
    assert configs["default"].report.count("bm25") == 0


def test_a_test_split_on_which_a_guess_can_look_good_is_a_warning() -> None:
    said = configs_of(40)[1]
    assert said[0].startswith("config 'default': the test split is too small to measure with: on 4 duplicate and 4 neg")
    assert not any("too small" in message for message in configs_of(400)[1])


def test_to_evaluate_only_everything_is_in_test() -> None:
    settings = BuildSettings.from_recipe(negatives={"random": 1}, ratio=0, split=(0, 0, 100))
    configs, _ = configs_of(40, settings)
    assert list(configs) == ["default"]
    assert list(configs["default"].splits) == ["test"]
    assert configs["default"].report.count("random") == configs["default"].report.count("direct") == 40


def test_there_may_be_two_splits() -> None:
    configs, _ = configs_of(40, BuildSettings.from_recipe(negatives={"random": 1}, split=(70, 0, 30)))
    assert {name: list(config.splits) for name, config in configs.items()} == {
        "default": ["train", "test"], "time": ["train", "test"],
    }  # fmt: skip
    assert [configs["time"].report.count("direct", split=split) for split in SPLITS] == [28, 0, 12]
