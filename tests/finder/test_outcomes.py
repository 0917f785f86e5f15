"""What became of suggestions, and when their answers break the promise of a certificate."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gis.collector.records import Comment, Event, Issue, PendingSuggestions, Reactions
from gis.collector.store import Store
from gis.finder.certify import Certificate, certify
from gis.finder.outcomes import Outcome, read_outcomes
from gis.finder.recheck import recheck
from gis.marker import Marker
from tests.command_line import run_gis
from tests.dataset.labels.test_proposals import respond, suggestion
from tests.dataset.stores import at, comment, issue, new_store, person
from tests.finder.helpers import encoder, make_index, make_store
from tests.finder.test_certify import write_folder

BOT = "github-actions[bot]"


def alert(identity: int, when: int, *, of: int = 1, score: float = 0.93, certificate: str = "") -> Comment:
    marker = Marker(candidates=[(f"octo/widgets#{of}", score)], certificate=certificate)
    return comment(identity, BOT, f"{marker}\nPossible duplicate: #{of}", when)


def on_second(
    tmp_path: Path, second: Issue, *others: Issue, responses: Sequence[Reactions | PendingSuggestions] = ()
) -> list[Outcome]:
    path = respond(new_store(tmp_path, [issue(1), second, *others]), *responses)
    with Store(path) as store:
        return read_outcomes(store)


RULED = comment(6, "keeper", "Duplicate of #1", 8900)
REOPENED = Event("reopened", at(9500), person("ann"), id="E9")
CLOSED = Event("closed", at(9000), person("keeper"), id="E8")


@pytest.mark.parametrize(
    ("comments", "closed", "events", "thumbs", "answer"),
    [
        ([RULED], 9000, [], (0, 0), "accepted"),
        ([RULED], 9000, [], (0, 3), "accepted"),
        ([RULED], None, [], (0, 0), "none"),
        ([RULED], None, [CLOSED, REOPENED], (5, 0), "reopened"),
        ([RULED, comment(7, "ann", "Sorry, not a duplicate of #1", 8950)], 9000, [], (0, 0), "declined"),
        ([comment(6, "keeper", "Duplicate of #3", 8900)], 9000, [], (2, 0), "other"),
        ([comment(6, "keeper", "Duplicate of #4", 8900)], 9000, [], (0, 0), "accepted"),
        ([comment(6, "keeper", "Duplicate of #999", 8900)], 9000, [], (0, 0), "none"),
        ([comment(6, "reporter", "This is not a duplicate of #1.", 3000)], None, [], (1, 0), "declined"),
        ([comment(6, "dup[bot]", "Duplicate of #1", 8900)], 9000, [], (0, 0), "none"),
        ([], 9000, [], (0, 0), "none"),
        ([], None, [], (2, 0), "liked"),
        ([], None, [], (2, 1), "disliked"),
    ],
)
def test_what_people_answered(
    tmp_path: Path,
    comments: list[Comment],
    closed: int | None,
    events: list[Event],
    thumbs: tuple[int, int],
    answer: str,
) -> None:
    second = issue(2, closed=closed, comments=[alert(5, 2100), *comments], events=events)
    others = [issue(3), issue(4, closed=7000, comments=[comment(40, "keeper", "Duplicate of #1", 6900)])]
    responses = [Reactions(2, 5, *thumbs)] if any(thumbs) else []
    (outcome,) = [each for each in on_second(tmp_path, second, *others, responses=responses) if each.author == BOT]
    assert outcome.answer == answer
    assert (outcome.issue, outcome.candidates, outcome.score) == ("octo/widgets#2", ("octo/widgets#1",), 0.93)


def test_suggestions_of_github_and_guesses_of_other_bots_are_counted_too(tmp_path: Path) -> None:
    guess = comment(7, "dedupe[bot]", "Possible duplicates: #1, #3", 2200)
    second = issue(2, comments=[guess])
    pending = [PendingSuggestions(2, (suggestion("octo[bot]", 3, 2100),))]
    found = on_second(tmp_path, second, issue(3), responses=pending)
    assert [(each.source, each.author, each.answer) for each in found] == [
        ("suggestion", "octo[bot]", "none"),
        ("comment", "dedupe[bot]", "none"),
    ]
    assert found[1].candidates == ("octo/widgets#1", "octo/widgets#3")
    found = on_second(tmp_path, second, issue(3), responses=[*pending, PendingSuggestions(2, ())])
    assert found[0].answer == "declined"


def test_where_no_machine_suggested_anything_there_is_nothing(tmp_path: Path) -> None:
    path = new_store(tmp_path, [issue(1), issue(2, closed=9000, comments=[RULED])])
    done = run_gis("outcomes", "--store", path)
    assert (done.status, done.out.count("\n")) == (0, 1)
    assert "names a duplicate" in done.out
    assert json.loads(run_gis("outcomes", "--store", path, "--json").out) == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate") / "check"
    return certify(write_folder(folder, [0.9 - n / 1000 for n in range(50)], [], dict.fromkeys(range(50), "yes")), 0.9)


def answered(certificate: Certificate, number: int, answer: str, *, score: float | None = 0.95) -> Outcome:
    return Outcome(
        issue=f"octo/widgets#{number}",
        candidates=("octo/widgets#1",),
        source="gis find",
        author=BOT,
        suggested=at(0),
        score=score,
        certificate=certificate.id,
        up=0,
        down=0,
        answer=answer,  # type: ignore[arg-type]
    )


def test_a_certificate_is_broken_by_answers_and_by_nothing_else(certificate: Certificate) -> None:
    right = [answered(certificate, n, "accepted") for n in range(10, 18)]
    wrong = [answered(certificate, n, "disliked") for n in range(20, 24)]
    silent = [answered(certificate, n, "none") for n in range(100, 200)]
    checked = recheck(certificate, [*right[:4], *wrong, *silent])
    assert (checked.right, checked.wrong, checked.unanswered, checked.is_broken) == (4, 4, 100, True)
    assert str(checked) == "of 108 alerts so far, people answered 8: 4 right, 4 wrong"
    assert not recheck(certificate, [*right, *wrong, *silent]).is_broken
    assert recheck(certificate, []).against == 1
    assert recheck(certificate, [*right, *silent]).against < 1


def test_only_alerts_of_the_certificate_count_and_each_issue_once(certificate: Certificate) -> None:
    low = answered(certificate, 20, "disliked", score=certificate.threshold - 0.01)
    just = answered(certificate, 21, "disliked", score=round(certificate.threshold, 4))
    other = replace(answered(certificate, 22, "disliked"), certificate="0" * 12)
    assert (recheck(certificate, [low, just, other]).wrong, recheck(certificate, [low, other]).wrong) == (1, 0)
    closing = replace(answered(certificate, 21, "declined", score=None), source="suggestion", certificate="")
    for answers, right, wrong in ((["accepted", "declined"], 0, 1), (["none", "accepted"], 1, 0), (["none"], 0, 0)):
        alert, *closings = (replace(just, answer=answer) for answer in answers)  # type: ignore[arg-type]
        checked = recheck(certificate, [alert, *(replace(closing, answer=each.answer) for each in closings)])
        assert (checked.right, checked.wrong) == (right, wrong)
    for foreign in (replace(closing, author="ann"), replace(closing, candidates=("octo/widgets#3",)), closing):
        assert recheck(certificate, [answered(certificate, 21, "none"), foreign]).wrong == (foreign is closing)


def test_alerts_stop_where_people_say_that_they_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    identity = make_index(make_store(tmp_path)).chain
    scores = [0.4 - n / 1000 for n in range(50)]
    folder = write_folder(tmp_path / "check", scores, [], dict.fromkeys(range(50), "yes"), identity=identity)
    name = certify(folder, 0.9).id
    store = make_store(tmp_path, [issue(n, comments=[alert(n, n * 1000 + 9, certificate=name)]) for n in range(10, 14)])
    make_index(store)
    find = ("find", "octo/widgets#7", "--store", store, "--precision", "0.9", "--reviewed", folder)
    done = run_gis(*find, "--json")
    assert "of 4 alerts so far, people answered 0" in done.err
    (finding,) = json.loads(done.out)
    assert (len(finding["certificate"]), finding["stopped"]) == (12, "")
    respond(store, *(Reactions(n, n, 0, 1) for n in range(10, 14)))
    stopped = "alerts have stopped: of 4 alerts so far, people answered 4: 0 right, 4 wrong, and 90% were promised"
    done = run_gis(*find, "--json")
    assert f"warning: {stopped}" in done.err
    assert "gis find --backtest --review DIR" in done.err
    (finding,) = json.loads(done.out)
    assert finding["stopped"].startswith(stopped)
    assert (finding["certificate"], len(finding["suggestions"])) == ("", 3)
    assert stopped in run_gis("find", "--precision", "0.9", "--reviewed", folder, "--store", store).out
    counted = run_gis("outcomes", "--store", store).out.splitlines()[2]
    assert counted.split() == ["gis", "find", BOT, name, "0", "0", "0", "0", "0", "4", "0"]
