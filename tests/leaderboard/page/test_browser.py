"""The page in Chromium: what a reader does with it."""

import base64
import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.page import figures, render_page
from gis.markdown import csv_text
from tests.leaderboard.helpers import HOSTILE, make_table, result
from tests.leaderboard.page.boards import make_board
from tests.leaderboard.page.browser import CHROMIUM, MISSING, Browser, chromium

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

AXE = Path(__file__).with_name("axe-core-4.14.1.min.js.gz")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "'=1", "-1+1")
MODELS = ("good", "fair", "poor", "tfidf", "random")


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return make_board(MODELS, ["sts12", "sts13", "rust_issues"])


@pytest.fixture(scope="module")
def page(board: Leaderboard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "leaderboard.html"
    path.write_text(render_page(board), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Browser]:
    """The browser with the page open; afterwards nothing may have gone wrong or been asked for."""
    browser.resize(1400)
    browser.prefer("light")
    browser.open(page)
    yield browser
    assert browser.troubles() == []


def names(browser: Browser) -> list[str]:
    """The models that are shown, in order."""
    rows = "[...document.querySelectorAll('#board tbody tr')].filter((row) => !row.hidden)"
    return list(browser.run(f"{rows}.map((row) => row.cells[0].querySelector('a').textContent)"))


def heads(browser: Browser) -> list[str]:
    """The titles of the columns that are shown."""
    cells = "[...document.querySelectorAll('#board thead th')].filter((head) => !head.hidden)"
    return list(browser.run(f"{cells}.map((head) => head.querySelector('button')?.innerText.trim() ?? 'rank')"))


def click(browser: Browser, title: str) -> None:
    """Click on the head of a column."""
    browser.run(
        f"[...document.querySelectorAll('#board thead button')].find((b) => b.innerText.trim() == {title!r}).click()"
    )


def status(browser: Browser) -> str:
    return str(browser.run("document.getElementById('status').textContent"))


def sorted_heads(browser: Browser) -> list[list[str]]:
    heads = "[...document.querySelectorAll('[aria-sort]')]"
    return list(browser.run(f"{heads}.map((h) => [h.querySelector('button').innerText.trim(), h.ariaSort])"))


def by_score(board: Leaderboard, title: str) -> list[str]:
    column = [column.title for column in board.columns].index(title)
    return [row.model for row in sorted(board.rows, key=lambda row: -(row.scores[column].value or 0))]


def type_into(browser: Browser, text: str) -> None:
    browser.run("document.getElementById('query').focus()")
    browser.call("Input.insertText", text=text)


def download(browser: Browser, format: str, folder: Path) -> str:  # noqa: A002
    """The file that a download button gives."""
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), eventsEnabled=True)
    browser.events.clear()
    browser.run(f"document.querySelector('[data-format={format}]').click()")
    browser.wait_for("Browser.downloadProgress", state="completed")
    return (folder / f"leaderboard.{format}").read_text(encoding="utf-8")


def test_columns_sort_by_mouse_and_keyboard_and_say_so(opened: Browser, board: Leaderboard) -> None:
    first = board.columns[0].title
    assert sorted_heads(opened) == [[first, "descending"]]
    assert names(opened) == by_score(board, first)
    click(opened, "sts13")
    assert sorted_heads(opened) == [["sts13", "descending"]]
    assert names(opened) == by_score(board, "sts13")
    assert opened.run("document.querySelector('#board thead small').textContent") == "on sts13"
    assert status(opened) == "Sorted by sts13, highest first. 5 of 5 models shown, 0 hidden."
    opened.run("document.querySelector('#board thead button').focus()")
    opened.press("Enter")
    assert names(opened) == sorted(MODELS)
    opened.press(" ")
    assert names(opened) == sorted(MODELS, reverse=True)
    assert sorted_heads(opened) == [["model", "descending"]]


def test_rules_divide_the_tie_groups_of_the_sorted_column(opened: Browser, board: Leaderboard) -> None:
    ranked = board.rankings[board.columns[0]]
    groups = dict(zip(ranked.models, ranked.ranking.groups, strict=True))
    ordered = [groups[row.identity] for row in board.rows]
    assert len(set(ordered)) > 1
    divided = opened.run(
        "[...document.querySelectorAll('#board tbody tr')].map((row) => row.className.includes('divided'))"
    )
    assert divided == [False, *(one != other for one, other in pairwise(ordered))]


def test_filters_hide_models_count_them_and_spare_baselines(opened: Browser) -> None:
    type_into(opened, "AIR")
    assert sorted(names(opened)) == ["fair", "random", "tfidf"]
    assert status(opened).endswith("3 of 5 models shown, 2 hidden; baselines always stay.")
    opened.run("document.getElementById('query').value = ''")
    opened.run("document.getElementById('query').dispatchEvent(new Event('input'))")
    for field, value, shown in (("size", "5e7", 5), ("reads", "8192", 4)):
        select = f"document.getElementById('{field}')"
        opened.run(f"{select}.value = '{value}'; {select}.dispatchEvent(new Event('change'))")
        assert len(names(opened)) == shown


def test_the_address_keeps_view_order_and_filter(opened: Browser, page: Path) -> None:
    opened.run("document.querySelector('[name=view]').focus()")
    opened.press("ArrowRight")
    click(opened, "sts13")
    click(opened, "sts13")
    type_into(opened, "o")
    seen = (heads(opened), names(opened), sorted_heads(opened))
    assert seen == (["model", "rank", "mean of 2 sts tasks", "sts12", "sts13"], names(opened), [["sts13", "ascending"]])
    address = opened.run("location.hash")
    assert address == "#view=Short+text&sort=sts13&reversed=&query=o"
    opened.open(page, address)
    assert (heads(opened), names(opened), sorted_heads(opened)) == seen
    opened.open(page, "#view=nothing&sort=%3Cscript%3E&query=%3Cb%3E")
    assert names(opened) == [name for name in by_first(opened) if name in ("tfidf", "random")]
    opened.open(page, "#model-2")
    assert opened.run("document.getElementById('model-2').open") is True


def by_first(browser: Browser) -> list[str]:
    return list(browser.run("[...document.querySelectorAll('#board tbody tr th a')].map((link) => link.textContent)"))


def first_cells(text: str) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(text))]


def test_downloads_hold_what_is_shown(opened: Browser, board: Leaderboard, tmp_path: Path) -> None:
    click(opened, "sts13")
    type_into(opened, "fair")
    shown = names(opened)
    rows = list(csv.DictReader(io.StringIO(download(opened, "csv", tmp_path))))
    assert [row["model"] for row in rows] == shown
    column = [column.title for column in board.columns].index("sts13")
    scores = {row.model: row.scores[column] for row in board.rows}
    for row in rows:
        score = scores[row["model"]]
        assert score.value is not None
        assert score.interval is not None
        ends = (score.value, *score.interval)
        cells = [float(row[title]) for title in ("sts13", "sts13: low", "sts13: high")]
        assert cells == pytest.approx([100 * end for end in ends], abs=0.006)
        assert row["rank"] == str(score.rank)
    markdown = download(opened, "md", tmp_path).splitlines()
    assert markdown[0].startswith("| model | rank | mean of 2 sts tasks | sts12 | sts13 |")
    assert len(markdown) == 2 + len(shown)
    assert download(opened, "tex", tmp_path).count(r"\\") == 1 + len(shown)
    table = json.loads(download(opened, "json", tmp_path))
    assert [model["model"] for model in table["models"]] == shown
    assert table["models"][0]["columns"]["sts13"]["value"] == pytest.approx(
        100 * (scores[shown[0]].value or 0), abs=0.006
    )


def test_hostile_results_are_text_in_the_page_and_in_its_downloads(browser: Browser, tmp_path: Path) -> None:
    hostile = [*HOSTILE, *FORMULAS]
    results = [result(name, "sts12", 0.5, licence=name, source=name, settings={"prompt": name}) for name in hostile]
    noted = [
        replace(each, notes=(each.model.name,), run=replace(each.run, command=each.model.name)) for each in results
    ]
    path = tmp_path / "hostile.html"
    path.write_text(render_page(make_table(noted)), encoding="utf-8")
    browser.open(path)
    seen = names(browser)
    assert sorted(seen) == sorted(re.sub(r"[\n\r]", " ", name) for name in hostile)
    expected = csv_text(["model"], [[name] for name in seen])
    assert first_cells(download(browser, "csv", tmp_path)) == first_cells(expected)
    assert "<script" not in download(browser, "md", tmp_path)
    assert browser.troubles() == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 390)])
def test_axe_finds_nothing_serious(opened: Browser, scheme: str, width: int) -> None:
    opened.resize(width)
    opened.prefer(scheme)
    opened.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    opened.run(gzip.decompress(AXE.read_bytes()).decode())
    found: list[dict[str, Any]] = opened.run(
        "axe.run({resultTypes: ['violations']}).then((result) => result.violations)"
    )
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")] == []


def test_dark_readers_get_a_dark_page(opened: Browser) -> None:
    colours = (
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('svg text')).fill]"
    )
    assert opened.run(colours) == ["rgb(255, 255, 255)", "rgb(28, 28, 28)"]
    opened.prefer("dark")
    assert opened.run(colours) == ["rgb(22, 24, 27)", "rgb(228, 226, 221)"]


def test_a_narrow_page_scrolls_in_its_tables_alone(opened: Browser) -> None:
    opened.resize(390)
    assert opened.run("document.documentElement.scrollWidth") == 390


def test_the_table_of_fifteen_models_prints_on_one_page(
    browser: Browser, board: Leaderboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "find_spec", lambda _: None)  # plots are not printed
    path = tmp_path / "fifteen.html"
    path.write_text(render_page(replace(board, rows=3 * board.rows)), encoding="utf-8")
    browser.open(path, "#view=All+columns")
    printed = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
