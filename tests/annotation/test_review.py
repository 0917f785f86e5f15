"""What a person says of pairs: kept at once, taken back, counted by band."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import binomtest

from gis.annotation.bands import BANDS, band_of, bands, clopper_pearson, review_order
from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.annotation.review_screen import review, screen
from gis.benchmark.tasks.pairs import Pairs
from gis.errors import GisError
from gis.spec import Spec
from tests.annotation.helpers import annotated, pairs_file
from tests.benchmark.helpers import make_pairs, write_jsonl
from tests.command_line import Gis

SCORES = (0.2, 0.4, 1.5, 2.5, 3.5, 4.0, 4.9, 5.0)


@pytest.fixture
def pairs() -> Pairs:
    return make_pairs(SCORES)


def answered(pairs: Pairs, path: Path, keys: str, **named: str) -> Reviews:
    reviews = Reviews(path, pairs)
    console = Console(file=io.StringIO(), width=80, height=24)
    review(pairs, reviews, review_order(pairs, 0), iter(keys), console, **named)
    return reviews


def test_pairs_come_from_each_band_in_turn(pairs: Pairs) -> None:
    order = review_order(pairs, seed=1)
    assert sorted(order) == list(range(len(pairs)))
    assert [band_of(pairs.gold)[row] for row in order[:BANDS]] == [4, 3, 2, 1, 0]
    assert order == review_order(pairs, seed=1)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0, 0.99, 1, 3.9999, 4, 5], [0, 0, 1, 3, 4, 4]),
        ([0, 0.19, 0.2, 0.6, 0.8, 1], [0, 0, 1, 3, 4, 4]),
        ([-10, 0, 10], [0, 2, 4]),
        ([7, 7], [0, 0]),
    ],
)
def test_bands_are_fifths_of_the_scale(scores: list[float], expected: list[int]) -> None:
    assert band_of(np.array(scores, dtype=np.float64)).tolist() == expected


def test_answers_are_kept_with_time_and_reviewer(pairs: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    reviews = answered(pairs, path, "yNu?q", reviewer="Ada")
    assert list(reviews.verdicts().values()) == ["yes", "no", "unsure"]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["answer"] for line in lines] == ["yes", "no", "unsure"]
    assert {line["reviewer"] for line in lines} == {"Ada"}
    assert all(line["time"].endswith("+00:00") and line["seconds"] >= 0 for line in lines)


def test_an_answer_can_be_taken_back_also_after_a_restart(pairs: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = review_order(pairs, 0)[0]
    assert answered(pairs, path, "yzn").verdicts() == {first: "no"}
    assert answered(pairs, path, "z").verdicts() == {}
    assert answered(pairs, path, "z").verdicts() == {}
    assert answered(pairs, path, "u").verdicts() == {first: "unsure"}


def test_each_reviewer_is_asked_anew_and_takes_back_only_own_answers(pairs: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    answered(pairs, path, "yyu", reviewer="Ada")
    reviews = answered(pairs, path, "ynn", reviewer="Ben")
    first, second, third, *_ = review_order(pairs, 0)
    assert reviews.verdicts() == {first: "yes", second: "unsure", third: "no"}
    assert reviews.conflicts() == [(pairs.ids[second], {"Ada": "yes", "Ben": "no"})]
    assert answered(pairs, path, "zzzzz", reviewer="Ben").verdicts() == {first: "yes", second: "yes", third: "unsure"}


def test_a_review_continues_where_it_was_stopped(pairs: Pairs, tmp_path: Path) -> None:
    for _ in range(len(pairs) + 2):
        reviews = answered(pairs, tmp_path / "r.jsonl", "y")
    assert len(reviews.verdicts()) == len(pairs)


def test_a_line_that_a_kill_cut_short_costs_one_answer(pairs: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    answered(pairs, path, "yn")
    path.write_bytes(path.read_bytes()[:-30])
    assert len(Reviews(path, pairs).verdicts()) == 1


NAMELESS = '{"id": "0", "texts": "", "score": 1, "answer": "yes", "seconds": 1, "time": "", "reviewer": []}'


@pytest.mark.parametrize("line", ["{}", "[]", '{"answer": "maybe"}', "x", NAMELESS])
def test_a_broken_line_is_named(pairs: Pairs, tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(GisError, match=r"r\.jsonl:1: not a review"):
        Reviews(path, pairs)


def test_answers_about_other_texts_do_not_count(pairs: Pairs, tmp_path: Path) -> None:
    answered(pairs, tmp_path / "r.jsonl", "yyyyyyyy")
    changed = pairs.map_texts(lambda text: text + "!")
    assert Reviews(tmp_path / "r.jsonl", changed).verdicts() == {}


def test_a_score_is_right_where_the_person_says_the_same(pairs: Pairs, tmp_path: Path) -> None:
    # in the order of bands: the highest (yes), then three below it (no, unsure, yes), then the lowest (no)
    rows = bands(pairs, answered(pairs, tmp_path / "r.jsonl", "ynuyn"))
    assert [(row.low, row.high) for row in rows] == [(4, 5), (3, 4), (2, 3), (1, 2), (0, 1)]
    assert [row.share for row in rows] == [1, 1, None, 0, 1]
    assert [row.pairs for row in rows] == [3, 1, 1, 1, 2]
    assert rows[0].interval == pytest.approx((0.025, 1))


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (5, 5), (1, 7), (90, 100)])
def test_intervals_are_exact(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(method="exact")
    assert clopper_pearson(successes, trials) == pytest.approx((expected.low, expected.high))


def test_a_screen_shows_both_texts_the_keys_and_what_differs_in_its_size() -> None:
    texts = ("the cat sat " * 400, "the dog sat\x1b[31m " * 400)
    pair = Pairs(text1=(texts[0],), text2=(texts[1],), gold=np.array([3.123]), ids=("one",))
    shown = screen(pair, 0, "0 of 1 answered", width=80, height=24)
    lines = shown.plain.splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in shown.plain
    assert "3.123" not in shown.plain
    assert all(f"{key} " in lines[-1] for key in "ynuzfq")
    bold = {shown.plain[span.start : span.end] for span in shown.spans if span.style == "bold"}
    assert bold == {"cat", "dog", "31m"}
    whole = screen(pair, 0, "0 of 1 answered", width=80, height=None).plain
    assert whole.count("cat") == 400


def test_the_whole_texts_are_shown_on_request_and_the_question_stays(pairs: Pairs, tmp_path: Path) -> None:
    assert len(answered(pairs, tmp_path / "r.jsonl", "fffy").verdicts()) == 1


def test_reviews_calibrate_the_next_annotation(tmp_path: Path) -> None:
    rows = [{"id": f"p{n}", "text1": "a b c d", "text2": " ".join("abcdwxyz"[n % 5 : n % 5 + 4])} for n in range(30)]
    pairs, first = pairs_file(tmp_path, rows), tmp_path / "first"
    annotated(pairs, first, "jaccard")
    scored = load_scored(first)
    assert len(answered(scored, first / REVIEW, "y" * 6 + "n" * 24).verdicts()) == 30
    report = annotated(pairs, tmp_path / "second", "jaccard", gold=Spec(str(first / REVIEW)))
    assert report.calibrated
    annotated(pairs, first, "jaccard")  # a review changes nothing of the annotation


def test_the_verb_asks_and_prints_the_shares(gis: Gis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotated(pairs_file(tmp_path), tmp_path / "out", "jaccard")
    monkeypatch.setattr("sys.stdin", io.StringIO("yzyn"))
    done = gis("review", tmp_path / "out")
    assert done.status == 0, done.err
    assert "Do both texts say the same?" in done.out
    assert "[0.025, 1.000]" in done.out
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "2 of 4 answered" in gis("review", tmp_path / "out").out
    monkeypatch.setattr("sys.stdin", io.StringIO("yy"))
    assert "2 of 3 answered" in gis("review", tmp_path / "out", "--limit", "3").out


def test_a_folder_without_scores_cannot_be_reviewed(gis: Gis, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "set" / "train.jsonl", [{"text1": "a", "text2": "b"}])
    done = gis("review", tmp_path / "set")
    assert done.status == 1
    assert "lacks the column label (or score)" in done.err
    assert "no folder" in gis("review", tmp_path / "nothing").err
