from dataclasses import replace

import numpy as np
import pytest

from gis.dataset.issues.table import NOBODY, NOT_CLOSED
from gis.finder.backtest import Backtest, backtest
from gis.finder.corpus import NO_CLUSTER, Corpus
from gis.finder.ranker import default_ranker
from gis.finder.replay import BLEND, Best, Replay, pair_name
from gis.finder.report import completeness, render_report, summary
from gis.models.learned import NOTHING

HOSTILE = "</title><script>alert(1)</script> \x1b[2J"


def corpus_of_twenty() -> Corpus:
    """Twenty issues, a day apart; those at even positions from 10 on are duplicates of 0."""
    count = 20
    cluster = np.full(count, NO_CLUSTER, np.int32)
    cluster[[0, 10, 12, 14, 16, 18]] = 3
    canonical = np.zeros(count, np.bool_)
    canonical[0] = True
    return Corpus(
        repositories=("octo/widgets",),
        repository=np.zeros(count, np.int32),
        number=np.arange(count),
        texts=tuple(f"Issue {n} about {HOSTILE}\n\nIt says the same three words." for n in range(count)),
        created=np.arange(count, dtype=np.int64) * 86_400,
        closed=np.full(count, NOT_CLOSED),
        author=np.full(count, NOBODY),
        cluster=cluster,
        canonical=canonical,
        templates={},
        host="github.com",
    )


@pytest.fixture
def replayed() -> Replay:
    """Ten new issues: those at even positions are duplicates of 0, of which three are found, one only as the sixth."""
    corpus = corpus_of_twenty()
    new = np.arange(10, len(corpus))
    first = {10: [0, 1], 12: [1, 0], 14: [0], 16: [1, 2, 3, 4, 5, 0], 18: [1]}
    return Replay(
        corpus=corpus,
        ranker=default_ranker(),
        final=BLEND,
        learned=NOTHING,
        past=np.arange(10),
        new=new,
        duplicates={n: frozenset({0}) for n in (10, 12, 14, 16, 18)},
        rankings={BLEND: {int(n): np.array(first.get(int(n), [2])) for n in new}},
        best=[Best(int(n), first.get(int(n), [2])[0], 1 - n / 100) for n in new] * 3,
    )


def with_review(replayed: Replay) -> Backtest:
    reviewed = {pair_name(replayed.corpus, best): best.issue in (11, 12) for best in replayed.best}
    return backtest(replayed, reviewed)


def test_what_is_not_among_the_first_five_is_missed_newest_first(replayed: Replay) -> None:
    missed = backtest(replayed).missed
    assert [(each.issue.name, each.target.name, each.rank) for each in missed] == [
        ("octo/widgets#18", "octo/widgets#0", None),
        ("octo/widgets#16", "octo/widgets#0", 6),
    ]
    assert missed[0].issue.url == "https://github.com/octo/widgets/issues/18"


def test_a_magnet_is_named_by_the_issue_that_its_duplicates_point_to(replayed: Replay) -> None:
    (magnet,) = backtest(replayed).magnets
    assert (magnet.issue.name, magnet.size, magnet.new, magnet.found) == ("octo/widgets#0", 6, 5, 3)


def test_alerts_are_counted_by_rulings_and_by_review(replayed: Replay) -> None:
    (alone,), (alerts,) = backtest(replayed).alerts, with_review(replayed).alerts
    assert (alone.ruled, alone.right) == (4 / 20, None)
    assert (alerts.count, alerts.ruled, alerts.right) == (20, 4 / 20, 8 / 20)


def test_duplicates_that_nobody_marked_are_estimated(replayed: Replay) -> None:
    once = replace(replayed, best=replayed.best[:10])
    known = with_review(once).completeness
    assert known is not None
    assert (known.ruled, known.reviewed, known.both) == (5, 4, 3)  # 11 was not ruled
    assert known.all.estimate == pytest.approx(6 * 5 / 4 - 1)
    assert "about 6 duplicates (95 % interval 6 to" in completeness(with_review(once))
    assert "is not known" in completeness(backtest(once))


def test_what_a_machine_prompted_is_said_and_is_no_list_of_its_own(replayed: Replay) -> None:
    once = replace(replayed, best=replayed.best[:10])
    reviewed = {pair_name(replayed.corpus, best): best.issue in (11, 12) for best in replayed.best}
    tested = backtest(once, reviewed, np.arange(20) == 14)
    assert (tested.duplicates, tested.prompted, tested.ruled[2]) == (5, 1, "octo/widgets#14")
    assert tested.completeness is not None
    assert (tested.completeness.ruled, tested.completeness.reviewed, tested.completeness.both) == (4, 4, 2)
    assert "1 of them were ruled only after a machine had named the pair" in summary(tested)
    assert "People ruled by themselves 4 new issues duplicates" in completeness(tested)
    assert "machine" not in summary(backtest(once, reviewed))


def test_the_page_escapes_all_and_loads_nothing(replayed: Replay) -> None:
    page = render_report(with_review(replayed), HOSTILE)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page
    assert '<a href="https://github.com/octo/widgets/issues/18">octo/widgets#18</a>' in page
    assert page.count("src=") == page.count("@import") == page.count("url(") == 0
    for title in ("Found at k", "Duplicate magnets", "Missed", "How complete the labels are", "Chapman"):
        assert title in page
