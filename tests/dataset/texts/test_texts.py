"""The texts of a store: first versions, filters, what was cut, and the same result in several processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from gis.collector.records import Event, Issue
from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.settings import TextSettings
from gis.dataset.texts import texts as texts_module
from gis.dataset.texts.texts import Partners, Texts, make_texts
from tests.dataset.stores import at, fill, issue, new_store

ANY = TextSettings(languages=())


@contextmanager
def texts_of(path: Path, settings: TextSettings, partners: Partners = MappingProxyType({})) -> Iterator[Texts]:
    with Store(path) as store, make_texts(store, load_issues(store), partners, settings) as texts:
        yield texts


def test_a_text_is_title_and_body(tmp_path: Path) -> None:
    with texts_of(fill(tmp_path / "store.db", [issue(1, title="It fails", body="Every morning at six")]), ANY) as texts:
        assert texts[0] == "It fails\n\nEvery morning at six"
        assert texts.chars[0] == len(texts[0])
        assert texts.why(0) == "kept"


def test_the_first_version_is_taken_where_it_is_known(tmp_path: Path) -> None:
    renames = [Event("renamed", at(n), None, detail=title) for n, title in ((20, "Second title"), (10, "First title"))]
    issues = [issue(1, title="Third title", body="The body of today", original="The very first body", events=renames)]
    path = fill(tmp_path / "store.db", issues)
    with texts_of(path, ANY) as texts:
        assert (texts[0], texts.as_written[0]) == ("First title\n\nThe very first body", True)
    with texts_of(path, TextSettings(original=False, languages=())) as texts:
        assert (texts[0], texts.as_written[0]) == ("Third title\n\nThe body of today", False)


def test_what_is_left_out_has_a_reason_and_no_text(tmp_path: Path) -> None:
    issues = [issue(1), issue(2, title="!", body="?"), issue(3, title="One", body="two"), issue(4)]
    settings = TextSettings(languages=(), removed=("octo/widgets#4", "octo/widgets#9"))
    with texts_of(fill(tmp_path / "store.db", issues), settings) as texts:
        assert [texts.why(n) for n in range(4)] == ["kept", "empty", "short", "removed"]
        assert texts.counts() == {"kept": 1, "empty": 1, "short": 1, "long": 0, "language": 0, "removed": 1}
        assert [position for position, _ in texts.between(0, 4)] == [0]
        assert texts.kept.tolist() == [True, False, False, False]


def test_citations_of_partners_are_cut_and_named(tmp_path: Path) -> None:
    body = "It does not open at all. See octo/Widgets#2. And #3 is something else."
    with texts_of(fill(tmp_path / "store.db", [issue(1, body=body), issue(2), issue(3)]), ANY, {0: [1]}) as texts:
        assert texts[0].endswith("It does not open at all. And #3 is something else.")
        assert (texts.cut(0), texts.cut(1), texts.sentences) == (["octo/widgets#2"], [], 1)


def many() -> list[Issue]:
    return [issue(n, body=f"Issue {n} asks @user{n % 7} to look at it once more") for n in range(1, 61)]


@pytest.mark.parametrize("workers", [1, 2])
def test_several_processes_make_the_same_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(texts_module, "MIN_ISSUES_FOR_WORKERS", 10)
    monkeypatch.setattr(texts_module, "ISSUES_PER_CHUNK", 7)
    monkeypatch.setattr("os.cpu_count", lambda: workers)
    with texts_of(new_store(tmp_path, many()), ANY) as texts:
        assert [text.rpartition("\n")[2] for _, text in texts.between(0, 60)] == [
            f"Issue {n} asks @mention to look at it once more" for n in range(1, 61)
        ]
        assert texts.redacted == {"mention": 60}
