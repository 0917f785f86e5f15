"""Datasets of stores as real ones may be: forks, bots, labels without targets, issues that moved."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gis.collector.records import Issue, IssueText
from gis.dataset.output.manifest import read_manifest
from gis.dataset.output.restore import Restorer, TextRecord
from gis.near_duplicates import Sketches, near_duplicates
from gis.publishing.prepare import prepare
from tests.command_line import Done, run_gis
from tests.dataset.stores import comment, fill, issue, mark_moved

pytestmark = pytest.mark.slow

SPLITS = ("train", "valid", "test")


def gis(store: Path, output: Path, *more: str) -> Done:
    return run_gis("build", "--store", store, "--output", output, "--languages", "any", *more)


def table(folder: Path, config: str = "data") -> pd.DataFrame:
    parts = [pd.read_parquet(folder / config / f"{s}-00000-of-00001.parquet").assign(split=s) for s in SPLITS]
    return pd.concat(parts, ignore_index=True)


def splits_of(found: pd.DataFrame) -> dict[str, set[str]]:
    """In which splits each issue is."""
    where: dict[str, set[str]] = {}
    for row in found.itertuples():
        for name in (f"{row.repository1}#{row.number1}", f"{row.repository2}#{row.number2}"):
            where.setdefault(name, set()).add(str(row.split))
    return where


def written(numbers: Sequence[int], rulings: dict[int, str], seed: int = 0) -> list[Issue]:
    """Issues of random words; what a maintainer's comment says on some."""
    rng = random.Random(seed)
    return [
        issue(
            number,
            title=" ".join(f"w{rng.randrange(5000)}" for _ in range(5)),
            body=" ".join(f"w{rng.randrange(5000)}" for _ in range(40)),
            closed=10**6,
            comments=[comment(1000 * seed + number, "keeper", rulings[number], 10**6 - 10)]
            if number in rulings
            else [],
        )
        for number in numbers
    ]


def pairs(count: int, step: int = 4) -> dict[int, str]:
    return {n: f"Duplicate of #{n - 1}" for n in range(step, count + 1, step)}


def test_a_fork_with_the_same_texts_leaves_no_split_empty(tmp_path: Path) -> None:
    for n, name in enumerate(("octo/widgets", "fork/widgets", "a/b", "c/d", "e/f"), 1):
        fill(tmp_path / "store.db", written(range(1, 121), pairs(120), seed=max(n, 2)), name=name, key=n)
    done = gis(tmp_path / "store.db", tmp_path / "built", "--negatives", "random=1,bm25=1")
    assert done.status == 0, done.err
    for config in ("data", "repository", "time"):
        if (tmp_path / "built" / config).exists():
            assert set(table(tmp_path / "built", config).query("label == 1").split) == set(SPLITS)
        else:
            assert f"skipping config '{config}'" in done.err


def test_what_accepted_evidence_joins_is_in_one_split_also_if_it_makes_no_cluster(tmp_path: Path) -> None:
    """Two crowds that one ruling alone would join, and issues that share an original which was not collected."""
    for seed in range(5):
        rulings = pairs(200)
        crowds = (range(300, 306), range(310, 316))
        for crowd in crowds:
            rulings |= dict.fromkeys(crowd[1:], f"Duplicate of #{crowd[0]}")
        rulings[310] = "Duplicate of #300"  # the bridge
        rulings |= {n: f"Duplicate of #{n - 1} and other/place#7" for n in range(320, 340, 2)}
        numbers = [*range(1, 201), *crowds[0], *crowds[1], *range(318, 340)]
        path = fill(tmp_path / f"{seed}.db", written(numbers, rulings, seed))
        done = gis(path, tmp_path / f"built-{seed}", "--negatives", "random", "--seed", str(seed))
        assert done.status == 0, done.err
        where = splits_of(table(tmp_path / f"built-{seed}"))
        assert "Set aside, because this evidence alone would have joined two large clusters: 1." in (
            tmp_path / f"built-{seed}" / "README.md"
        ).read_text(encoding="utf-8")
        for group in ((*crowds[0], *crowds[1]), range(319, 339)):
            found = {split for n in group for split in where.get(f"octo/widgets#{n}", ())}
            assert len(found) == 1


def test_what_is_called_a_duplicate_of_nobody_knows_what_is_no_negative(tmp_path: Path) -> None:
    found = written(range(1, 161), pairs(160))
    odd = range(2, 160, 4)
    for n in odd:
        more = {"labels": ("duplicate",)} if n % 8 == 2 else {"state_reason": "duplicate"}
        found[n - 1] = Issue(**{**vars(found[n - 1]), **more})
    path = fill(tmp_path / "store.db", found)
    assert gis(path, tmp_path / "built", "--negatives", "random=1,bm25=1").status == 0
    made = table(tmp_path / "built")
    assert len(made[made.label == 0]) == 48  # 32 in train, and in valid and test 4 of each stratum
    assert not set(odd) & {*made.number1, *made.number2}


def test_a_removal_request_follows_a_moved_issue(tmp_path: Path) -> None:
    fill(tmp_path / "store.db", written(range(1, 81), pairs(80)), name="a/b", key=1)
    fill(tmp_path / "store.db", written(range(1, 81), pairs(80), 2), name="c/d", key=2)
    mark_moved(tmp_path / "store.db", "a/b", 4, "c/d#3")
    (tmp_path / "removed.txt").write_text("a/b#4\n", encoding="utf-8")
    done = gis(tmp_path / "store.db", tmp_path / "built", "--leave-out", str(tmp_path / "removed.txt"))
    assert done.status == 0, done.err
    assert "c/d#3" not in set(pd.read_parquet(tmp_path / "built" / "retrieval" / "corpus.parquet")["_id"])


def test_many_negatives_for_each_positive(tmp_path: Path) -> None:
    path = fill(tmp_path / "store.db", written(range(1, 301), pairs(60)))
    done = gis(path, tmp_path / "built", "--negatives", "random", "--ratio", "12")
    assert done.status == 0
    made = table(tmp_path / "built")
    train = made[made.split == "train"]
    assert (train.label == 0).sum() == 12 * (train.label == 1).sum() == 156
    assert (made.label == 0).sum() == 156 + 2


def test_a_partner_of_a_partner_is_not_cited(tmp_path: Path) -> None:
    found = written(
        range(1, 91), {n: f"Duplicate of #{n - n % 3 + 1 - 3 * (n % 3 == 0)}" for n in range(1, 91) if n % 3 != 1}
    )
    for n in range(3, 91, 3):
        found[n - 1] = Issue(**{**vars(found[n - 1]), "body": f"{found[n - 1].body}. Looks a lot like #{n - 1} to me."})
    path = fill(tmp_path / "store.db", found)
    assert gis(path, tmp_path / "built", "--closure", "1").status == 0
    made = table(tmp_path / "built")
    assert (made.stratum == "closure").sum() > 20
    queries = pd.concat([pd.read_parquet(p) for p in (tmp_path / "built" / "retrieval").glob("queries-*")])
    for texts in (made.text1, made.text2, queries.text):
        assert not texts.str.contains("Looks a lot like").any()


def test_no_query_reads_like_an_issue_of_another_split(tmp_path: Path) -> None:
    """The issue in the middle of each chain has no text, so that its ends are in no pair, but are queries."""
    rulings = pairs(240)
    found = written(range(1, 301), rulings)
    chains = [(n, n + 1, n + 2) for n in range(241, 300, 3)]
    for n, (one, two, three) in enumerate(chains):
        said = [comment(9000 + n, "keeper", f"Duplicate of #{one}", 10**6 - 10)]
        found[two - 1] = issue(two, title="x", body="y", closed=10**6, comments=said)
        said = [comment(9500 + n, "keeper", f"Duplicate of #{two}", 10**6 - 10)]
        text = found[4 * n + 3]
        found[three - 1] = issue(three, title=text.title, body=f"{text.body} indeed", closed=10**6, comments=said)
    path = fill(tmp_path / "store.db", found)
    assert gis(path, tmp_path / "built", "--closure", "1").status == 0
    made = table(tmp_path / "built")
    texts = {(str(row.split), text) for row in made.itertuples() for text in (str(row.text1), str(row.text2))}
    for split in SPLITS:
        queries = pd.read_parquet(tmp_path / "built" / "retrieval" / f"queries-{split}.parquet")
        texts |= {(split, text) for text in queries.text}
    split_of = dict(enumerate(sorted(texts)))
    groups = near_duplicates(split_of, Sketches(lambda n: split_of[n][1]))
    assert groups  # an original and its copy, in one split
    assert all(len({split_of[n][0] for n in group}) == 1 for group in groups)


def test_an_enterprise_store_is_read_by_its_own_addresses(tmp_path: Path) -> None:
    host = "https://github.example.com"
    rulings = {n: f"Duplicate of {host}/octo/widgets/issues/{n - 1}" for n in range(4, 161, 4)}
    issues = written(range(1, 161), rulings)
    issues[3] = replace(issues[3], body=f"{issues[3].body}\n\nAs {host}/ann told me. See {host}/octo/widgets/issues/3.")
    path = fill(tmp_path / "store.db", issues, server=f"{host}/api/v3")
    assert gis(path, tmp_path / "built").status == 0
    built = table(tmp_path / "built")
    assert len(built[built.label == 1]) == 40
    assert built.url1.str.startswith(f"{host}/octo/widgets/issues/").all()
    (text,) = set(built[built.number1 == 4].text1)
    assert text.endswith(f"As {host}/user told me.")
    ids = pd.concat(pd.read_parquet(file) for file in (tmp_path / "built" / "ids").glob("*.parquet"))
    row = ids[ids.number1 == 4].iloc[0]
    issue_text = IssueText("octo/widgets", 4, issues[3].title, issues[3].body or "", None, None)
    restorer = Restorer(read_manifest(tmp_path / "built"), ["octo/widgets"])
    assert restorer.restore(issue_text, TextRecord(row.sha256_1, as_written=False, cut=row.cut1)).same
    assert prepare(tmp_path / "built").problems == ()
