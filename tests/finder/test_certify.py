import io
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.errors import GisError, UsageError
from gis.finder import certify as certify_module
from gis.finder import ranker as ranker_module
from gis.finder.certify import (
    FINDER,
    LEVEL,
    SUGGESTIONS,
    bounds_of,
    certify,
    counts_of,
    fewest_right,
    least_share,
    reviewed_suggestions,
    seal,
)
from gis.finder.ranker import default_ranker
from tests.command_line import run_gis
from tests.dataset.stores import by_chance
from tests.finder.helpers import encoder, make_index, make_store

bounds = partial(bounds_of, weeks=10.0, duplicates=50)


def write_folder(
    folder: Path, scores: list[float], ruled: list[float], answers: dict[int, str], *, identity: str = "i"
) -> Path:
    """A folder as a backtest writes it, with the answers to some of its pairs."""
    folder.mkdir()
    pairs = [{"id": f"p{n}", "text1": f"one {n}", "text2": f"other {n}", "score": s} for n, s in enumerate(scores)]
    (folder / SUGGESTIONS).write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
    content = {"schema": 1, "identity": identity, "ranker": default_ranker().content(), "ruled": ruled, "weeks": 10.0}
    seal(folder, {**content, "duplicates": 50})
    reviews = Reviews(folder / REVIEW, load_scored(folder))
    for row, answer in answers.items():
        reviews.add(row, answer, seconds=1, reviewer="ada")  # type: ignore[arg-type]
    return folder


def test_the_bound_is_exact() -> None:
    assert least_share(0, 10, 0.05) == 0
    assert least_share(10, 10, 0.05) == pytest.approx(0.05**0.1)
    assert least_share(29, 29, 0.05) >= 0.9 > least_share(28, 28, 0.05)


def test_fifty_right_suggestions_certify_nine_in_ten(tmp_path: Path) -> None:
    scores = [0.9 - n / 1000 for n in range(30)]
    ruled = [0.95 - n / 1000 for n in range(20)]
    folder = write_folder(tmp_path / "made", scores, ruled, dict.fromkeys(range(30), "yes"))
    certificate = certify(folder, 0.9)
    assert certificate.bound.count == certificate.bound.right == 50
    assert certificate.threshold == pytest.approx(0.9 - 29 / 1000)
    assert certificate.bound.precision == pytest.approx(0.05 ** (1 / 50))
    assert certificate.bound.per_week == pytest.approx(5)
    assert certificate.bound.caught == pytest.approx(20 / 50)
    with pytest.raises(GisError, match=r"a precision of 95%: .* 50 are right, .*: 94% or more, ") as raised:
        certify(folder, 0.95)
    assert raised.value.remedy.startswith("review more: gis find --backtest")


@pytest.mark.parametrize("name", [FINDER, SUGGESTIONS])
def test_a_changed_digit_of_a_score_is_named(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path / "made", [0.5] * 30, [0.75] * 20, dict.fromkeys(range(30), "yes"))
    certify(folder, 0.9)
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8").replace("5", "6", 1), encoding="utf-8")
    for read in (partial(certify, precision=0.9), reviewed_suggestions):
        with pytest.raises(GisError, match="was changed since gis find wrote them") as raised:
            read(folder)
        assert raised.value.remedy.startswith("make it again: gis find --backtest")


def test_the_lowest_score_that_keeps_the_promise_is_taken(tmp_path: Path) -> None:
    answers = {n: "no" if n in (10, 60, 70) else "yes" for n in range(100)}
    folder = write_folder(tmp_path / "made", [1 - n / 1000 for n in range(100)], [], answers)
    assert certify(folder, 0.9).bound.count == 100
    assert [bound.right for bound in bounds(folder, [])] == [49, 97]


def test_who_is_unsure_does_not_call_it_right_and_missing_answers_count_as_wrong(tmp_path: Path) -> None:
    scores = [1 - n / 1000 for n in range(50)]
    folder = write_folder(tmp_path / "made", scores, [], {n: "unsure" if n else "yes" for n in range(49)})
    (bound,) = bounds(folder, [])
    assert (bound.right, bound.missing) == (1, 1)
    assert bound.precision == least_share(1, 50, LEVEL)
    with pytest.raises(GisError, match=r"1 are right, 48 wrong, 1 not reviewed: 0% or more, ") as raised:
        certify(folder, 0.9)
    assert raised.value.remedy.startswith("ask for a lower")


def test_how_many_answers_are_needed_is_said(tmp_path: Path) -> None:
    answers = {n: "no" if n == 3 else "yes" for n in range(40)}
    folder = write_folder(tmp_path / "made", [0.9 - n / 1000 for n in range(80)], [0.95] * 20, answers)
    half, whole = bounds(folder, [0.95] * 20)
    assert (half.count, half.still_needed(0.9)) == (50, None)  # all must be right
    assert (whole.count, whole.right, whole.missing, whole.still_needed(0.9)) == (100, 59, 40, 96 + 1 - 60)
    expected = (
        r"59 are right, 1 wrong, 40 not reviewed: 37 more right answers needed, for 10.0 alerts a week that name 40%"
    )
    with pytest.raises(GisError, match=rf"{expected} of the ruled duplicates") as raised:
        certify(folder, 0.9)
    assert raised.value.remedy == f"answer more: gis review {folder}"


def test_half_and_a_quarter_of_the_suggestions_are_bounded_too() -> None:
    assert counts_of(49) == []
    assert counts_of(100) == [50, 100]
    assert counts_of(450) == [56, 112, 225, 450]


@pytest.mark.parametrize("suggestions", [100, 400])
@pytest.mark.parametrize("steepness", [0.0, 2.0, 8.0])
def test_the_promise_holds_although_the_best_of_many_thresholds_is_taken(suggestions: int, steepness: float) -> None:
    """Scores are uniform; the chance to be right falls with the rank, not at all or steeply."""
    rng = np.random.default_rng(7)
    draws, population = 2000, 4 * suggestions
    counts = counts_of(suggestions)
    scores = -np.sort(-rng.random((draws, population)), axis=1)[:, :suggestions]
    right = rng.random(scores.shape) < 0.93 * scores**steepness
    broken = np.zeros(draws, np.bool_)
    for count in counts:
        bound = np.array([least_share(n, count, LEVEL / len(counts)) for n in range(count + 1)])
        lowest = scores[:, count - 1]
        precision = 0.93 * (1 - lowest ** (steepness + 1)) / ((steepness + 1) * (1 - lowest))
        broken |= bound[right[:, :count].sum(axis=1)] > precision
    assert 0.005 < broken.mean() <= LEVEL + 2 * (LEVEL / draws) ** 0.5


def test_the_fewest_right_answers_are_those_of_the_bound() -> None:
    assert fewest_right(100, 0.9, 0.025) == 96
    assert fewest_right(50, 0.9, 0.025) == 50
    assert fewest_right(50, 0.95, 0.025) == 51


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="has no suggestions of gis find"):
        certify(tmp_path / "nothing", 0.9)
    with pytest.raises(UsageError, match=r"the precision must be a number, from 0.01 to 0.99, not 1.5"):
        certify(tmp_path, 1.5)


def test_from_a_backtest_to_an_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    monkeypatch.setattr(ranker_module, "FEWEST_DUPLICATES", 20)
    monkeypatch.setattr(certify_module, "FEWEST", 10)
    store = make_store(tmp_path, by_chance(400, seed=3))
    index = make_index(store)
    folder = tmp_path / "check"
    done = run_gis("find", "--backtest", "--review", folder, "--suggestions", "20", "--store", store)
    assert done.status == 0, done.err
    assert f"to judge them: gis review {folder}" in done.err
    again = run_gis("find", "--backtest", "--review", folder, "--store", store)
    assert "answers may be in it" in again.err
    alert = ("find", "--precision", "0.6", "--reviewed", folder, "--store", store, "--cache", tmp_path / "cache")
    assert "not reviewed" in run_gis(*alert, "octo/widgets#300").err
    monkeypatch.setattr("sys.stdin", io.StringIO("y" * 20))
    assert run_gis("review", folder).status == 0
    page = tmp_path / "report.html"
    done = run_gis("find", "--backtest", "--reviewed", folder, "--html", page, "--store", store)
    assert "duplicates (95 % interval" in done.out, done.err
    assert "Backtest of issues" in page.read_text(encoding="utf-8")
    names = index.searched.corpus.names[-60:]
    done = run_gis(*alert, *names, "--json")
    assert done.status == 0, done.err
    assert "highest were right, so" in done.err
    assert "highest were right, so" in run_gis(*alert).err
    found = json.loads(done.out)
    shown = [each for each in found if each["suggestions"]]
    assert 0 < len(shown) < len(found) == 60
    lowest = certify(folder, 0.6).threshold
    assert all([each["score"] >= lowest for each in finding["suggestions"]] == [True] for finding in shown)
    assert all(each["note"] for each in found if not each["suggestions"])
    other = encoder(monkeypatch, salt="other")
    make_index(store)
    assert other.asked
    assert "of other models" in run_gis(*alert, names[0]).err


@pytest.mark.parametrize(
    "arguments",
    [["--review", "here"], ["--github", "here"], ["--html", "here"], ["--precision", "0.9"], ["--reviewed", "here"]],
)
def test_options_that_need_others_say_so(arguments: list[str]) -> None:
    done = run_gis("find", "octo/widgets#1", *arguments)
    assert done.status == 2
    expected = "--review, --github, --html and --model go with --backtest, and --precision with --reviewed"
    assert expected in done.err
