"""What the engine leaves out, no ruling is in."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import ibis
import pytest

from gis.archive import engines
from gis.archive.candidates import find_candidates, may_be_called, may_rule, used
from gis.archive.engines import DuckDB, NotThereError, Parts
from gis.archive.files import find_hours
from gis.archive.labels import read_labels
from gis.archive.reading import read_files, read_json
from gis.console import Reporter
from gis.dataset.labels.called import DUPLICATE_IN_LABELS, OTHER_WORDS_OF_LABELS, is_duplicate_label
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.signs import signs_in
from tests.archive.helpers import engine, in_place, world
from tests.archive.hours import write_hours
from tests.dataset.labels.test_rulings import __file__ as of_rulings
from tests.dataset.labels.test_wordings import UNSEEN, WORDINGS, wordings

CASED = [letter for letter in map(chr, range(0x20000)) if letter != letter.lower() or letter != letter.upper()]


def passing(texts: list[str], test: Callable[..., ibis.expr.types.BooleanColumn]) -> set[str]:
    """The texts that the engine lets through."""
    table = ibis.memtable({"text": texts}, schema={"text": "string"})
    return {row["text"] for row in engine().rows(table.filter(test(table.text)))}


def test_every_wording_that_is_read_passes() -> None:
    comments = [comment for path in (WORDINGS, *UNSEEN) for wording in wordings(path) for comment in wording.comments]
    read = {comment for comment in comments if list(rulings(comment))}
    assert len(read) >= 400
    assert read <= passing(comments, may_rule)
    assert {comment.upper() for comment in comments if list(rulings(comment.upper()))} <= passing(
        [comment.upper() for comment in comments], may_rule
    )


def test_most_texts_that_name_no_issue_do_not_pass() -> None:
    assert passing(["Duplicate", "the same as before", "see /pull/7", "gh 5", "\u00e9"], may_rule) == set()


def test_most_texts_that_name_an_issue_without_a_word_of_rulings_do_not_pass() -> None:
    assert passing(["Fixed by #5", "see https://github.com/a/b/issues/5", "cc #7 and GH-8"], may_rule) == set()


NAMES = [
    "#5",
    "\uff035",
    "#\u0665",
    "GH-5",
    "a/b#5",
    "https://github.com/a/b/issues/5",
    "issue (5)",
    "issue: #5",
    "&#35;",
]
WORDS = [
    *[
        "dup",
        "merged into",
        "favour",
        "known",
        "more issues",
        "which is",
        "looks like",
        "is really this",
        "it\u2019s #",
    ],
    *[
        "this is \u00ef #",
        "probably http",
        "duplicad",
        "d\u00e9j\u00e0",
        "schon",
        "ju\u017c",
        "ayn\u0131",
        "\u91cd\u590d",
    ],
]
BETWEEN = [" ", "\n", ": ", "\U0001f600"]


def other_letters(text: str, random: Random) -> str:
    """A text with letters that Python takes for its own, here and there."""
    same = {letter: [other for other in CASED if letter in other.lower()] for letter in set(text) if letter.isalpha()}
    return "".join(random.choice([letter, *same.get(letter, ())]) for letter in text)


def test_whatever_has_the_signs_of_a_ruling_passes() -> None:
    random = Random(7)
    parts = [[random.choice(each) for each in (WORDS, BETWEEN, NAMES)] for _ in range(2000)]
    texts = {other_letters("".join(each), random) for each in parts}
    signed = {text for text in texts if signs_in(text) is not None}
    assert len(signed) > len(texts) / 2
    assert signed <= passing(sorted(texts), may_rule)


@pytest.mark.parametrize("letter", ["\u0130", "\u0131", "\u017f", "\u212a", "\u212b", "\uff15", "\u0665"])
@pytest.mark.parametrize(
    "word", ["duplicate of issue 5", "known as #5", "redan #5", "\u0434\u0443\u0431\u043b\u044c #5"]
)
def test_letters_that_python_takes_for_others_pass(letter: str, word: str) -> None:
    small = "k" if letter == "\u212a" else letter.lower()[0] if letter != "\u017f" else "s"
    texts = [
        word.replace(small, letter),
        word.upper().replace(small.upper(), letter),
        f"{word.replace('5', letter)} dup",
    ]
    assert {text for text in texts if signs_in(text) is not None} <= passing(texts, may_rule)
    assert passing([word, word.upper()], may_rule) == {word, word.upper()}


def test_every_label_that_says_duplicate_passes() -> None:
    labels = [
        label
        for word in DUPLICATE_IN_LABELS
        for other in ("status: ", "Resolution-", "", *sorted(OTHER_WORDS_OF_LABELS)[:5])
        for label in (f"{other}{word}", f"{other}{word}".upper(), f"{other}{word}".title())
    ]
    assert {label for label in labels if is_duplicate_label(label)} <= passing(labels, may_be_called)
    assert passing(["bug", "good first issue"], may_be_called) == set()


def test_the_rulings_of_the_tests_pass() -> None:
    """Whatever stands in quotation marks in the tests of the rulings, and is a ruling."""
    lines = Path(of_rulings).read_text(encoding="utf-8").split('"')
    assert {line for line in lines if list(rulings(line))} <= passing(lines, may_rule)


class Elsewhere(DuckDB):
    """An engine whose machines have not what they need."""

    def mapped(self, *_: object) -> Parts:
        raise NotThereError("ModuleNotFoundError: No module named 'gis'")


def test_where_the_machines_of_an_engine_cannot_read_rulings_this_one_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_hours(tmp_path / "hours", [world(60)], files=2)
    read_files(find_hours(str(tmp_path / "hours")).files, tmp_path / "events", read_json, [engine()], in_place)
    files = sorted((tmp_path / "events").rglob("*.parquet"))
    there = find_candidates(used(engine().parquet(files)), engine(), tmp_path / "there.parquet")
    assert capsys.readouterr().err == ""
    without = Elsewhere(threads=1, memory="200MB", spill=tmp_path / "spill")
    assert (
        find_candidates(used(without.parquet(files)), without, tmp_path / "here.parquet", reporter=Reporter()) == there
    )
    assert "alone, as the engine's cannot: ModuleNotFoundError" in " ".join(capsys.readouterr().err.split())


def test_another_release_reads_no_rulings() -> None:
    with pytest.raises(RuntimeError, match=r"is installed there, and 99\.0 here"):
        next(read_labels([], release="99.0"))


@pytest.mark.slow
def test_several_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_hours(tmp_path / "hours", [world(60)], files=4, faults=["repeated", "doubled hour"])
    hours = find_hours(str(tmp_path / "hours"))
    read_files(hours.files, tmp_path / "events", read_json, [engine()], in_place)
    events = used(engine().parquet(sorted((tmp_path / "events").rglob("*.parquet"))))
    alone = find_candidates(events, engine(), tmp_path / "one.parquet")
    monkeypatch.setattr(engines, "FEW", 0)
    two = DuckDB(threads=2, memory="200MB", spill=tmp_path / "spill")
    events = used(two.parquet(sorted((tmp_path / "events").rglob("*.parquet"))))
    assert find_candidates(events, two, tmp_path / "two.parquet") == alone
    assert alone.rulings.total() > 0
