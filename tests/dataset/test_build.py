"""gis build as it is typed: a folder that others open, without leaks, the same bytes again."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.console import Tracker
from gis.publishing.prepare import prepare
from gis.words import words
from tests.command_line import Done, run_gis
from tests.dataset.stores import by_chance, comment, fill, issue, person

pytestmark = pytest.mark.slow

SPLITS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stores") / "issues.db"
    for n in range(6):
        fill(path, by_chance(120, n), name=f"octo/widgets-{n}", key=n + 1)
    return path


@pytest.fixture(scope="module")
def folder(store: Path) -> Path:
    output = store.parent / "built"
    assert gis("--store", str(store), "--output", str(output), "--languages", "any").status == 0
    return output


def gis(*arguments: str) -> Done:
    return run_gis("build", *arguments)


def table(folder: Path, config: str, split: str) -> pd.DataFrame:
    return pd.read_parquet(folder / config / f"{split}-00000-of-00001.parquet")


def everything(folder: Path, config: str = "data") -> pd.DataFrame:
    return pd.concat([table(folder, config, split).assign(split=split) for split in SPLITS], ignore_index=True)


def test_datasets_opens_every_config(folder: Path) -> None:
    import datasets

    card = (folder / "README.md").read_text(encoding="utf-8")
    configs = [each["config_name"] for each in yaml.safe_load(card.split("---")[1])["configs"]]
    assert configs == [
        "default", "positive", "repository", "time", "ids", "evidence",
        "retrieval-corpus", "retrieval-queries", "retrieval-qrels",
    ]  # fmt: skip
    for name in configs:
        found = datasets.load_dataset(str(folder), name)
        assert all(len(split) for split in found.values()), name
    default = datasets.load_dataset(str(folder))
    assert list(default) == list(SPLITS)
    assert default["train"].column_names[:3] == ["text1", "text2", "label"]
    assert str(default["train"].features["label"].dtype) == "int64"
    assert datasets.load_dataset(str(folder), "positive")["test"].column_names == ["anchor", "positive"]
    assert not {"text1", "text2"} & set(datasets.load_dataset(str(folder), "ids")["test"].column_names)


@pytest.mark.parametrize("config", ["data", "repository", "time"])
def test_no_issue_cluster_or_near_duplicate_crosses_a_split(folder: Path, config: str) -> None:
    """Looked for in the files alone."""
    found = everything(folder, config)
    where: dict[str, set[str]] = {}
    texts: dict[str, str] = {}
    for row in found.itertuples():
        for side in ("1", "2"):
            name = f"{getattr(row, 'repository' + side)}#{getattr(row, 'number' + side)}"
            where.setdefault(name, set()).add(str(row.split))
            texts[name] = getattr(row, "text" + side)
    assert all(len(splits) == 1 for splits in where.values())
    clusters = found[found.label == 1].groupby("cluster1").split.nunique()
    assert (clusters == 1).all()
    names = sorted(texts)
    sets = [set(zip(w := texts[name].lower().split(), w[1:], w[2:], strict=False)) for name in names]
    for n, one in enumerate(sets):
        for m in range(n + 1, len(sets)):
            if where[names[n]] != where[names[m]]:
                assert len(one & sets[m]) / max(len(one | sets[m]), 1) < 0.8


def test_labels_rest_on_evidence_and_negatives_on_none(folder: Path) -> None:
    found = everything(folder)
    positives, negatives = found[found.label == 1], found[found.label == 0]
    assert set(positives.stratum) == {"direct"}
    assert (positives.tier == "whole_comment").all()
    assert positives.evidence.str.startswith("C").all()
    assert (positives.evidence_actor == "person").all()
    assert (positives.seconds_to_close == 10).all()
    assert set(negatives.stratum) == {"random", "same_label", "same_author", "cross_referenced", "bm25"}
    assert (negatives.repository1 == negatives.repository2).all()
    assert (negatives.cluster1 != negatives.cluster2).all()
    pairs = [frozenset(pair) for pair in zip(found.url1, found.url2, strict=True)]
    assert len(set(pairs)) == len(pairs)
    in_train = found[found.split == "train"].label
    assert abs(2 * in_train.sum() - len(in_train)) < 0.2 * in_train.sum()
    for split in ("valid", "test"):
        counts = Counter(found[found.split == split].stratum)
        assert counts["random"] == counts["bm25"] == counts["direct"]


def test_negatives_are_what_their_stratum_says(folder: Path, store: Path) -> None:
    with Store(store) as opened:
        authors, labels = (
            {(name, number): value for name, number, value in opened.rows(query)}
            for query in (
                f"SELECT r.name, number, {column} FROM issues JOIN repositories AS r ON r.key = repository"
                for column in ("author", "labels")
            )
        )
        query = "SELECT r.name, number, target_number FROM events JOIN repositories AS r ON r.key = repository"
        cited = {frozenset([(name, one), (name, other)]) for name, one, other in opened.rows(query)}
    found = everything(folder)
    pairs = [
        (row.stratum, (row.repository1, row.number1), (row.repository2, row.number2))
        for row in found[found.label == 0].itertuples()
    ]
    for stratum, one, other in pairs:
        assert stratum != "same_author" or authors[one] == authors[other]
        assert stratum != "same_label" or labels[one] == labels[other]  # each issue has one
        assert (stratum == "cross_referenced") == (frozenset([one, other]) in cited)
    assert {stratum for stratum, _, _ in pairs} >= {"same_author", "same_label", "cross_referenced"}


def test_negatives_are_as_long_as_positives(folder: Path) -> None:
    """What can be told from lengths alone: which of the two labels has the larger difference."""
    found = everything(folder)
    lengths = found[["text1", "text2"]].map(len)
    difference = (lengths.text1 - lengths.text2).abs()
    rank = difference.rank()
    negatives = found.label == 0
    wins = rank[negatives].sum() - negatives.sum() * (negatives.sum() + 1) / 2
    assert abs(wins / (negatives.sum() * (~negatives).sum()) - 0.5) < 0.06


def test_the_time_config_tests_on_what_came_later(folder: Path) -> None:
    latest = {
        split: max(found.created1.max(), found.created2.max())
        for split in SPLITS
        for found in [table(folder, "time", split)]
    }
    earliest = min(table(folder, "time", "test").created1.min(), table(folder, "time", "test").created2.min())
    assert latest["train"] < latest["valid"] < earliest


def test_the_repository_config_tests_on_other_repositories(folder: Path) -> None:
    homes = [set(table(folder, "repository", split).repository1) for split in SPLITS]
    assert sum(map(len, homes)) == len(set.union(*homes)) == 6


@pytest.mark.parametrize("config", ["data", "repository", "time"])
def test_what_only_a_bot_ruled_stays_in_train(tmp_path: Path, config: str) -> None:
    for n in range(6):
        issues = by_chance(100, n)
        for place, each in enumerate(issues):
            if each.comments and place % 3 == 0:
                issues[place] = replace(each, comments=(replace(each.comments[0], author=person("dedupe[bot]")),))
        fill(tmp_path / "issues.db", issues, name=f"octo/widgets-{n}", key=n + 1)
    where = ["--store", str(tmp_path / "issues.db"), "--output", str(tmp_path / "built"), "--languages", "any"]
    assert gis(*where).status == 0
    found = everything(tmp_path / "built", config)
    bots = found[found.evidence_actor == "bot"]
    assert len(bots) > 5
    assert set(bots.split) == {"train"}
    assert len(found[(found.label == 1) & (found.split == "test")])


def test_retrieval_asks_for_older_duplicates(folder: Path) -> None:
    corpus = pd.read_parquet(folder / "retrieval" / "corpus.parquet")
    queries = pd.read_parquet(folder / "retrieval" / "queries-test.parquet")
    qrels = pd.read_parquet(folder / "retrieval" / "qrels-test.parquet")
    assert set(qrels["corpus-id"]) <= set(corpus["_id"])
    assert set(qrels["query-id"]) == set(queries["_id"])
    number = qrels.map(lambda value: int(value.split("#")[1]) if isinstance(value, str) else value)
    oldest = number.groupby("query-id")["corpus-id"].min()
    assert (oldest < oldest.index).all()
    cluster_of: dict[str, str] = {}
    for row in everything(folder).itertuples():
        cluster_of |= {
            f"{row.repository1}#{row.number1}": str(row.cluster1),
            f"{row.repository2}#{row.number2}": str(row.cluster2),
        }
    asked = set(queries["_id"])
    relevant = qrels.groupby("query-id")["corpus-id"].agg(set)
    for one in asked & cluster_of.keys():
        same = {name for name, cluster in cluster_of.items() if cluster == cluster_of[one]} - {one}
        assert same <= relevant[one]  # also those that were opened later
    assert len(corpus) > 700


def test_every_trace_is_there(folder: Path, store: Path) -> None:
    evidence = pd.read_parquet(folder / "evidence" / "evidence.parquet")
    with Store(store) as opened:
        (said,) = opened.rows("SELECT count(*) FROM comments WHERE body LIKE 'Duplicate of %'")
    assert len(evidence) == said[0]
    assert set(evidence.label) == {"positive"}


def test_the_same_store_and_seed_give_the_same_bytes(store: Path, folder: Path, tmp_path: Path) -> None:
    again = tmp_path / folder.name  # the card names the folder
    gis("--store", str(store), "--output", str(again), "--languages", "any")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(again)) for path in again.rglob("*") if path.is_file())
    for name in names:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name
    gis("--store", str(store), "--output", str(tmp_path / "other"), "--languages", "any", "--seed", "1")
    assert not everything(folder).equals(everything(tmp_path / "other"))


def test_progress_grows_to_the_whole(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares: dict[str, list[float]] = {}
    advance = Tracker.advance

    def advanced(tracker: Tracker, count: int, share: float) -> None:
        advance(tracker, count, share)
        shares.setdefault(tracker.label, []).append(share)
        assert 0 < tracker.share <= 1
        assert tracker.done <= tracker.total

    monkeypatch.setattr(Tracker, "advance", advanced)
    assert gis("--store", str(store), "--output", str(tmp_path / "data"), "--languages", "any").status == 0
    assert {"texts", "bm25 neighbours"} <= shares.keys()
    assert all(steps == sorted(steps) and steps[-1] == 1 for steps in shares.values())


def test_the_manifest_knows_every_file(folder: Path) -> None:
    from gis.hashes import sha256_of_file

    manifest = json.loads((folder / "gis_manifest.json").read_text(encoding="utf-8"))
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.parquet")}
    assert {*files, "croissant.json"} == manifest["files"].keys()
    for name, record in manifest["files"].items():
        assert record["sha256"] == sha256_of_file(folder / name)
        assert name not in files or record["rows"] == len(pd.read_parquet(folder / name))
    assert manifest["settings"]["seed"] == 0


def test_the_card_tells_the_numbers(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    found = everything(folder)
    assert f"{len(found):,} pairs of GitHub issues, {(found.label == 1).sum():,} of them duplicates" in card
    assert "| `tfidf` |" in card
    assert "| issues in the store | 720 |" in card
    for heading in ("Evidence", "Negatives", "Splits", "Baselines", "Licence and removal"):
        assert f"\n## {heading}\n" in card


def test_bench_scores_the_folder_by_stratum(folder: Path, tmp_path: Path) -> None:
    done = run_gis(
        "bench", "--model", "tfidf", "--model", "length", "--task", str(folder), "--output", str(tmp_path), "-q"
    )
    assert done.status == 0, done.err
    results = [json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.rglob("built*.json")]
    views = {view["view"] for result in results for view in result["scores"]["views"]}
    assert {"random", "same_label", "same_author", "cross_referenced", "bm25"} <= views


def test_the_papers_recipe(store: Path, tmp_path: Path) -> None:
    assert gis("--store", str(store), "--output", str(tmp_path / "paper"), "--recipe", "paper").status == 0
    found = everything(tmp_path / "paper")
    assert set(found.stratum) == {"direct", "random"}
    assert found.text1.str.contains('<p dir="auto">').all()
    assert 0.9 < (found.label == 0).sum() / (found.label == 1).sum() < 1


def test_a_recipe_is_where_the_other_options_start(store: Path, tmp_path: Path) -> None:
    options = ("--negatives", "same_label", "--ratio", "0.5", "--text", "plain", "--min-words", "30", "--no-retrieval")
    done = gis("--store", str(store), "--output", str(tmp_path / "own"), "--recipe", "paper", *options)
    assert done.status == 0, done.err
    found = everything(tmp_path / "own")
    assert set(found.stratum) == {"direct", "same_label"}
    assert not found.text1.str.contains("<p").any()
    assert min(len(words(text)) for text in found.text1) >= 30
    in_train = found[found.split == "train"].label
    assert (in_train == 0).sum() == round(in_train.sum() / 2)
    assert not (tmp_path / "own" / "retrieval").exists()


def test_dense_negatives_come_from_any_encoder(store: Path, tmp_path: Path, tiny_sentence_transformer: Path) -> None:
    done = gis(
        "--store", str(store), "--output", str(tmp_path / "dense"), "--languages", "any", "--negatives",
        "random=3,dense=1", "--dense", str(tiny_sentence_transformer), "--no-retrieval",
    )  # fmt: skip
    assert done.status == 0, done.err
    counts = Counter(table(tmp_path / "dense", "data", "train").stratum)
    assert counts["dense"] > 10
    assert abs(counts["random"] / counts["dense"] - 3) < 0.5
    assert not (tmp_path / "dense" / "retrieval").exists()


def test_duplicates_are_never_negatives(tmp_path: Path) -> None:
    """Members of a cluster far apart, copies of a duplicate, and duplicates of one issue that is not here."""
    found = []
    for number in range(1, 241):
        chain, place = divmod(number - 1, 6)
        said = []
        if place:
            said = [comment(number, "keeper", f"Duplicate of #{number - 1}", 10**6)]
        elif chain % 2:
            said = [comment(number, "keeper", f"Duplicate of other/lib#{chain // 4}", 10**6)]
        words = [f"word{(chain * 31 + n * (place + 1)) % 400}" for n in range(40)]
        if place == 5:  # a copy of the one before, which nobody noticed
            said, words = [], [f"word{(chain * 31 + n * 5) % 400}" for n in range(40)]
        found.append(
            issue(
                number,
                title=" ".join(words[:5]),
                body=" ".join(words[5:]),
                closed=10**6 + 5,
                author=f"user-{chain}",
                comments=said,
            )
        )
    path = fill(tmp_path / "store.db", found)
    where = ["--store", str(path), "--output", str(tmp_path / "built"), "--languages", "any"]
    assert gis(*where, "--negatives", "same_author=1,random=1,bm25=1").status == 0
    negatives = everything(tmp_path / "built")
    negatives = negatives[negatives.label == 0]
    assert len(negatives) > 50
    chains = ((negatives.number1 - 1) // 6, (negatives.number2 - 1) // 6)
    assert (chains[0] != chains[1]).all()
    odd = (chains[0] % 2 == 1) & (chains[1] % 2 == 1)
    assert not (odd & (chains[0] // 4 == chains[1] // 4)).any()


def test_an_issue_without_text_in_the_middle_of_a_cluster(tmp_path: Path) -> None:
    found = pairs_of_issues([(n, n - 1) for n in range(1, 151) if n % 5 != 1], 150)
    for n in range(2, 150, 5):
        found[n] = replace(found[n], title="x", body="y")
    path = fill(tmp_path / "store.db", found)
    done = gis("--store", str(path), "--output", str(tmp_path / "built"), "--languages", "any")
    assert done.status == 0, done.err


def test_what_authors_want_removed_is_nowhere(store: Path, folder: Path, tmp_path: Path) -> None:
    url = everything(folder).url1.iloc[0]
    (tmp_path / "removed.txt").write_text(f"{url}\n\nocto/widgets-1#3\n", encoding="utf-8")
    where = ["--store", str(store), "--output", str(tmp_path / "built"), "--languages", "any"]
    assert gis(*where, "--leave-out", str(tmp_path / "removed.txt")).status == 0
    found = everything(tmp_path / "built")
    assert url not in {*found.url1, *found.url2}
    corpus = set(pd.read_parquet(tmp_path / "built" / "retrieval" / "corpus.parquet")["_id"])
    assert not {"octo/widgets-1#3", url.removeprefix("https://github.com/").replace("/issues/", "#")} & corpus
    assert "| – removed on request | -2 |" in (tmp_path / "built" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "removed.txt").write_text("number three\n", encoding="utf-8")
    message = gis(*where, "--leave-out", str(tmp_path / "removed.txt")).err
    assert "removed.txt:1: 'number three' does not name an issue as OWNER/NAME#N" in message


def test_what_a_killed_build_moved_aside_is_not_replaced_unasked(tmp_path: Path) -> None:
    aside = tmp_path / ".set.4194305-0123abcd.aside"  # of a process with a number above the highest
    aside.mkdir()
    (aside / "theirs").touch()
    done = run_gis("build", "--store", tmp_path / "none.db", "--output", tmp_path / "set")
    assert "set exists; choose a different --output" in done.err
    assert (tmp_path / "set" / "theirs").exists()


def test_an_older_folder_is_kept_unless_asked(store: Path, folder: Path, tmp_path: Path) -> None:
    before = (folder / "README.md").read_bytes()
    done = gis("--store", str(store), "--output", str(folder))
    assert "exists; choose a different --output, or replace it with --force" in done.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work", encoding="utf-8")
    done = gis("--store", str(store), "--output", str(tmp_path / "mine"), "--force")
    assert "contains thesis.tex, which gis build did not create" in done.err
    assert (tmp_path / "mine" / "thesis.tex").is_file()
    assert (folder / "README.md").read_bytes() == before
    copy = tmp_path / "copy"
    assert gis("--store", str(store), "--output", str(copy), "--languages", "any").status == 0
    assert gis("--store", str(store), "--output", str(copy), "--languages", "any", "--force").status == 0
    (copy / "notebook.ipynb").write_text("mine", encoding="utf-8")
    done = gis("--store", str(store), "--output", str(copy), "--languages", "any", "--force")
    assert "contains notebook.ipynb, which gis build did not create" in done.err


def pairs_of_issues(edges: Sequence[tuple[int, int]], count: int = 30) -> list[Any]:
    found = []
    for number in range(1, count + 1):
        said = [comment(number, "keeper", f"Duplicate of #{t}", 10**6) for s, t in edges if s == number]
        found.append(issue(number, closed=10**6 + 5, comments=said))
    return found


@pytest.mark.parametrize(
    ("edges", "count", "message"),
    [
        ([], 0, "contains no issues; run gis collect --repo OWNER/NAME --store"),
        ([], 30, "no duplicates: 0 pieces of evidence"),
        ([(2, 1)], 30, "1 clusters are too few for 3 splits"),
    ],
)
def test_too_little_is_told_and_leaves_nothing(
    tmp_path: Path, edges: list[tuple[int, int]], count: int, message: str
) -> None:
    path = fill(tmp_path / "store.db", pairs_of_issues(edges, count))
    done = gis("--store", str(path), "--output", str(tmp_path / "out" / "built"))
    assert message in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--ratio", "inf"), "must be from 0 to 1000, not inf; choose a different --ratio"),
        (("--ratio", "-1"), "must be from 0 to 1000, not -1.0; choose a different --ratio"),
        (("--languages", "English"), "'english' is not an ISO 639-1 code"),
        (("--languages", "xx"), "'xx' is not an ISO 639-1 code of a language that can be detected"),
        (("--languages", "en,"), "'' is not an ISO 639-1 code"),
        (("--negatives", "randm=1"), "unknown stratum 'randm'. Did you mean random?"),
        (("--negatives", "random=x"), "--negatives: 'x' is not a number"),
        (("--negatives", "random=1,random=2"), "--negatives: the stratum 'random' has two weights"),
        (("--negatives", "bm25=0"), "the weight of the stratum 'bm25' must be from 0.000001 to 1,000,000"),
        (("--negatives", "dense=1"), "negatives of the stratum 'dense' need an encoder; add --dense MODEL"),
        (("--dense", "minilmm"), "unknown model 'minilmm'. Did you mean minilm?"),
    ],
)
def test_options_that_cannot_be(store: Path, tmp_path: Path, options: tuple[str, str], message: str) -> None:
    assert message in gis("--store", str(store), "--output", str(tmp_path / "out"), *options).err
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_no_folder_is_told_before_the_work(store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for name in ("file", "link"):
        done = gis("--store", str(store), "--output", str(tmp_path / name), "--force")
        assert "is not a folder; choose a different --output" in done.err
        assert "issues of" not in done.err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_terminated_it_leaves_nothing(tmp_path: Path) -> None:
    path = fill(tmp_path / "store.db", by_chance(6000, 1))
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "gis", "build", "--store", str(path), "--output", str(tmp_path / "made" / "set")]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any("clusters" in line for line in process.stderr)  # the texts are next
    process.terminate()
    told = process.stderr.read()
    process.wait()
    assert process.returncode == 130
    assert "interrupted; nothing was written" in told
    assert not (tmp_path / "made").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_fewer_negatives_than_asked_are_counted(tmp_path: Path) -> None:
    edges = [(n, n - 1) for n in range(2, 31, 2)]
    path = fill(tmp_path / "store.db", pairs_of_issues(edges))
    done = gis(
        "--store", str(path), "--output", str(tmp_path / "built"), "--negatives", "cross_referenced", "--ratio", "3"
    )
    assert "config 'default': only 0 of the 41 requested negatives were found for stratum cross_referenced" in done.err


def test_a_newer_store_is_refused(store: Path, tmp_path: Path) -> None:
    shutil.copy(store, tmp_path / "newer.db")
    with closing(connect(tmp_path / "newer.db")) as connection:
        connection.execute("UPDATE meta SET schema = 99")
    done = gis("--store", str(tmp_path / "newer.db"), "--output", str(tmp_path / "built"))
    assert "written by a newer gis" in done.err


def test_everything_may_be_for_evaluation(store: Path, tmp_path: Path) -> None:
    output = tmp_path / "built"
    done = gis("--store", str(store), "--output", str(output), "--languages", "any", "--split", "0/0/100")
    assert done.status == 0, done.err
    assert [path.name for path in (output / "data").iterdir()] == ["test-00000-of-00001.parquet"]
    counts = Counter(table(output, "data", "test").stratum)
    assert counts["direct"] > 100
    assert counts["random"] == counts["bm25"] == counts["direct"]
    assert json.loads((output / "gis_manifest.json").read_text(encoding="utf-8"))["settings"]["split"] == [0, 0, 100]
    assert prepare(output).problems == ()
    scored = run_gis("bench", "--model", "length", "--task", str(output), "--output", str(tmp_path / "results"), "-q")
    assert scored.status == 0, scored.err


def test_all_splits_are_scored_as_one(folder: Path, tmp_path: Path) -> None:
    task = f"{folder},split=all"
    done = run_gis("bench", "--model", "length", "--task", task, "--output", str(tmp_path), "-q")
    assert done.status == 0, done.err
    (path,) = tmp_path.rglob("*-all.pairs.parquet")
    pairs, rows = pd.read_parquet(path), everything(folder)
    names = [f"{row.repository1}#{row.number1}~#{row.number2}" for row in rows.itertuples()]
    assert sorted(pairs.id) == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("80/20", "must be three percentages, not 2; write --split 80/10/10 (train/valid/test)"),
        ("80/10/5", "three percentages that sum to 100, not 80/10/5; write --split"),
        ("110/-10/0", "three percentages that sum to 100, not 110/-10/0"),
        ("nan/0/100", "three percentages that sum to 100"),
        ("most/some/few", "--split most/some/few: not of the form 80/10/10"),
    ],
)
def test_splits_that_cannot_be(store: Path, tmp_path: Path, split: str, message: str) -> None:
    assert message in gis("--store", str(store), "--output", str(tmp_path / "out"), "--split", split).err
    assert list(tmp_path.iterdir()) == []
