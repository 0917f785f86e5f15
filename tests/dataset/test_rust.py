"""A real repository: what its comments rule, in how many clusters, and what a random split would leak."""

import re
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from gis.benchmark.tasks.catalogue import catalogue
from gis.benchmark.tasks.sources import SourceSettings, load_task
from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.console import Reporter
from gis.dataset.build import build
from gis.dataset.issues.table import Issues, load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.policy import POLICY
from gis.dataset.settings import SPLITS, BuildSettings
from gis.publishing.prepare import prepare
from tests.command_line import run_gis

pytestmark = [pytest.mark.slow, pytest.mark.shared]
QUIET = Reporter(quiet=True)
# "dup", "dupe" or "duplicate" before a number, whatever else is said: a net that is wide on purpose
NET = re.compile(
    r"\bdup(?:s|es?|licates?|licated)?\b(?:\s+(?:of|with|to))?[\s:(]*(?:issue\s+)?"
    r"(?:#(\d+)|https?://github\.com/(?:rust-lang|mozilla)/rust/issues/(\d+))",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def store(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rust") / "rust.db"
    with StoreWriter.open(path) as opened:
        collect(opened, DumpSource(shared_data / "github" / "rust-lang_rust"))
    return path


def netted(store: Store, issues: Issues) -> set[tuple[int, int]]:
    """Pairs that the net finds in comments on closed issues, quoted lines left out."""
    found = set()
    for number, body in store.stream(
        "SELECT c.number, c.body FROM comments AS c JOIN issues AS i USING (repository, number) "
        "WHERE i.state = 'closed'"
    ):
        here = issues.position(0, number)
        for match in NET.finditer(re.sub(r"^\s*>.*$", "", body, flags=re.MULTILINE)):
            there = issues.position(0, int(match[1] or match[2]))
            if here is not None and there is not None and here != there:
                found.add((min(here, there), max(here, there)))
    return found


def assert_nothing_is_shared(folder: Path, config: str) -> None:
    """Nothing that accepted evidence joins is in two splits, held back or not; of queries neither. From the files."""
    evidence = pd.read_parquet(folder / "evidence" / "evidence.parquet")
    graph = nx.Graph()
    accepted = evidence[evidence.label.isin(["positive", "train"])]
    graph.add_edges_from(zip(accepted.issue, accepted.target, strict=True))
    part_of = {name: n for n, part in enumerate(nx.connected_components(graph)) for name in part}
    where: dict[object, set[str]] = {}
    texts: dict[str, set[str]] = {}
    for split in SPLITS:
        found = pd.read_parquet(folder / config / f"{split}-00000-of-00001.parquet")
        for side in ("1", "2"):
            for home, number, text in zip(
                found[f"repository{side}"], found[f"number{side}"], found[f"text{side}"], strict=True
            ):
                name = f"{home}#{number}"
                where.setdefault(part_of.get(name, name), set()).add(split)
                texts.setdefault(text, set()).add(split)
        if config == "data":
            queries = pd.read_parquet(folder / "retrieval" / f"queries-{split}.parquet")
            for name, text in zip(queries["_id"], queries["text"], strict=True):
                where.setdefault(part_of.get(name, name), set()).add(split)
                texts.setdefault(text, set()).add(split)
    assert len(where) > 500
    assert {len(splits) for splits in (*where.values(), *texts.values())} == {1}


def test_the_rulings_of_a_real_repository(store: Path) -> None:
    """The figures of docs/building.md, "How good the labels are"."""
    with Store(store) as opened:
        issues = load_issues(opened)
        clusters = find_clusters(find_evidence(opened, issues), issues, POLICY)
        net = netted(opened, issues)
    direct = {pair for cluster in clusters.clusters for pair in cluster.direct}
    assert (len(issues), len(direct), len(clusters.clusters)) == (15_813, 1_439, 888)
    assert (len(net), len(net & direct)) == (1_378, 1_266)
    assert sum(clusters.of.get(one) is clusters.of.get(other, other) for one, other in net - direct) == 11


@pytest.mark.slow
def test_the_dataset_of_a_real_repository(store: Path, tmp_path: Path) -> None:
    report = build(store, tmp_path / "built", BuildSettings())
    assert report.configs.keys() == {"default", "time"}
    default, time = report.configs["default"], report.configs["time"]
    assert [default.count(split=split) for split in SPLITS] == [2_272, 858, 846]
    assert [time.count(split=split) for split in SPLITS] == [1_894, 389, 852]
    assert (default.count("direct"), default.near, report.positives) == (1_420, 0, 1_420)
    assert round(report.random_split.test_pairs, 2) == 0.49
    assert prepare(tmp_path / "built").problems == ()  # it may be published
    for config in ("data", "time"):
        assert_nothing_is_shared(tmp_path / "built", config)
    scores = {view.view: view.binary.auroc for view in report.baselines["tfidf"].views if view.binary}
    expected = {"same_author": 0.892, "bm25": 0.553, "random": 0.928, "cross_referenced": 0.677, "same_label": 0.866}
    assert scores == pytest.approx(expected, abs=0.005)


def test_the_texts_of_rust_issues_come_back_from_the_store(store: Path, tmp_path: Path) -> None:
    done = run_gis("hydrate", "rust_issues", "--store", store, "--output", tmp_path / "rust_issues", "--only-same")
    assert done.status == 0, done.err
    assert "pairs 3,364 in test; issues: 3,832 as built, 0 changed, 0 gone" in done.out
    task = load_task(catalogue()["rust_issues"], SourceSettings(data=tmp_path))
    assert task.verified
