import json
from pathlib import Path
from typing import Any

import pytest

from gis.errors import GisError
from gis.finder.github_answers import read_github_answers
from tests.command_line import run_gis
from tests.dataset.stores import by_chance
from tests.finder.helpers import encoder, make_index, make_store
from tests.finder.test_report import corpus_of_twenty

CORPUS = corpus_of_twenty()


def candidate(number: int, **fields: str) -> dict[str, Any]:
    return {"issue": {"number": number, **fields}, "score": 1.2, "confidence": "high", "likely_duplicate": True}


def recorded(folder: Path, *lines: object) -> Path:
    path = folder / "github.jsonl"
    path.write_text("".join(json.dumps(line) + "\n\n" for line in lines), encoding="utf-8")
    return path


def answer(number: int, *similar: object) -> dict[str, Any]:
    return {"issue": f"octo/widgets#{number}", "similar": list(similar)}


def test_candidates_stay_in_order_and_only_older_ones_of_the_store_count(tmp_path: Path) -> None:
    elsewhere = candidate(1, repository_url="https://api.github.com/repos/octo/other")
    here = candidate(2, repository_url="https://api.github.com/repos/Octo/Widgets")
    similar = (candidate(7), candidate(15), candidate(10), elsewhere, candidate(999), here, candidate(7), candidate(3))
    path = recorded(tmp_path, answer(10, *similar), answer(999, candidate(1)), answer(12))
    ranking = read_github_answers(path, CORPUS, [10, 12])
    assert {query: found.tolist() for query, found in ranking.items()} == {10: [7, 2, 3], 12: []}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([answer(10, candidate(1))], r"no answer for 2 of 3 duplicates: octo/widgets#12, octo/widgets#14"),
        ([answer(10, {"number": 1, "title": "bare"})], r"github\.jsonl:1: GitHub lists issues without ranking them"),
        ([answer(n) for n in (10, 12, 14)], "GitHub names no older issue for any of 3"),
        (["octo"], r"github\.jsonl:1 is not a recorded answer \(the line is str"),
        ([{"issue": "octo/widgets#10", "similar": {"message": "Not Found"}}], "expected a list"),
        ([{"issue": "octo/widgets#10", "similar": None}], "the field similar is missing"),
        ([answer(10, candidate(-1))], r"similar\.issue\.number"),
    ],
)
def test_what_is_no_ranking_of_every_duplicate_is_refused(tmp_path: Path, lines: list[object], message: str) -> None:
    with pytest.raises(GisError, match=message) as raised:
        read_github_answers(recorded(tmp_path, *lines), CORPUS, [10, 12, 14])
    assert raised.value.remedy


@pytest.mark.parametrize("content", [b"\xff", b"[[" * 100_000, b'{"issue": "octo'])
def test_what_is_no_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "github.jsonl"
    path.write_bytes(content)
    for broken in (path, tmp_path / "nothing", tmp_path):
        with pytest.raises(GisError, match=r"cannot be read|is not a recorded answer"):
            read_github_answers(broken, CORPUS, [10])


def test_github_is_one_more_row_of_a_backtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path, by_chance(120, seed=3))
    make_index(store)
    backtest_of = ("find", "--backtest", "--json", "--store", store)
    tested = json.loads(run_gis(*backtest_of).out)
    assert len(tested["ruled"]) == tested["duplicates"]
    lines = [{"issue": name, "similar": [candidate(1)]} for name in tested["ruled"]]
    done = run_gis(*backtest_of, "--github", recorded(tmp_path, *lines))
    assert [row["name"] for row in json.loads(done.out)["rows"]] == ["cosine", "TF-IDF", "BM25", "blend", "GitHub"]
    done = run_gis(*backtest_of, "--github", recorded(tmp_path, *lines[1:]))
    assert (done.status, done.out) == (1, "")
    assert f"has no answer for 1 of {len(lines)} duplicates: {tested['ruled'][0]}" in done.err
