import base64
import hashlib
import html
import re
from dataclasses import replace

import pytest

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.page import figures, render_page
from gis.leaderboard.table import make_table as make_ranked_table
from gis.statistics import ranks
from tests.leaderboard.helpers import HOSTILE, make_table, result, suite
from tests.leaderboard.page.boards import make_board
from tests.leaderboard.test_ranking import scored
from tests.leaderboard.test_seeds import seed


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return make_board(["good", "fair", "tfidf", "random"], ["sts12", "sts13", "rust_issues"])


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots take long to draw."""
    monkeypatch.setattr(figures, "find_spec", lambda _: None)


@pytest.fixture(scope="module")
def page(board: Leaderboard) -> str:
    """The page without plots."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "find_spec", lambda _: None)
        return render_page(board)


@pytest.fixture(scope="module")
def drawn(board: Leaderboard) -> str:
    """The page with its plots."""
    return render_page(board)


def table(page: str) -> str:
    return page.split('<table id="board">')[1].split("</table>")[0]


def test_the_page_names_every_model_column_and_note(board: Leaderboard, page: str) -> None:
    for text in (*(row.model for row in board.rows), *(column.title for column in board.columns), *board.notes):
        assert html.escape(text, quote=False) in page.replace("&#39;", "'").replace("&#34;", '"')


@pytest.mark.usefixtures("without_plots")
def test_the_section_of_several_seeds_names_each_and_all_files() -> None:
    seeds = make_ranked_table([seed(42), seed(43), scored("good")])
    row = next(row for row in seeds.rows if row.seeds)
    page = render_page(seeds)
    assert f"{row.title}</a>" in table(page)
    section = page.split(f"{row.model}</h3>")[1].split("</section>")[0]
    assert all(f"{member.model}: {member.scores[0]}" in section for member in row.members)
    assert "pooling mean" in section
    assert "training_seed" not in section
    assert "reported in" not in section


@pytest.mark.slow
def test_a_page_of_a_hundred_models_stays_below_400_kb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "DRAWS", 200)  # fewer draws are as large on the page
    names = [f"organisation/encoder-{n:02}-base" for n in range(95)]
    page = render_page(make_board([*names, "random", "length", "jaccard", "tfidf", "bm25"]))
    assert page.count("<tr><th scope=row><a") == 95
    assert page.count("<svg") >= 4
    assert len(page.encode()) < 400_000


@pytest.mark.slow
def test_equal_leaderboards_give_equal_bytes(board: Leaderboard, drawn: str) -> None:
    assert render_page(board) == drawn


@pytest.mark.slow
def test_the_policy_allows_the_one_style_and_the_one_script_and_nothing_else(drawn: str) -> None:
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', drawn)[0])
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        contents = re.findall(f"<{element}>(.*?)</{element}>", drawn, re.DOTALL)
        assert len(contents) == 1
        digest = base64.b64encode(hashlib.sha256(contents[0].encode()).digest()).decode()
        assert allowed[directive] == f"'sha256-{digest}'"
    assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == "'none'"
    assert not re.search(r"\s(style|on\w+)=", drawn.split("</style>")[1].split("<script>")[0])


def test_the_page_names_no_other_address(page: str) -> None:
    assert not re.search(r"""(src|href)=(?!["']#)""", page.split("</style>")[1].split("<script>")[0])


def test_a_cell_holds_the_score_its_interval_and_its_ranks(board: Leaderboard, page: str) -> None:
    best = board.rows[0].scores[0]
    assert best.value is not None
    assert best.interval is not None
    assert best.rank is not None
    below, above, *ranks = re.findall(r'data-s="([^"]+)"', table(page))[0].split()
    assert int(below) / 1e4 == pytest.approx(best.value - best.interval.low, abs=2e-4)
    assert int(above) / 1e4 == pytest.approx(best.interval.high - best.value, abs=2e-4)
    assert ranks == [str(best.rank.best), str(best.rank.worst), "1"]
    assert f"<b>{100 * best.value:.2f}</b>" in table(page)


def test_baselines_are_marked(page: str) -> None:
    rows = re.findall(r"<tr class=baseline><th scope=row><a[^>]*>(\w+)</a> <small>baseline</small>", page)
    assert sorted(rows) == ["random", "tfidf"]


@pytest.mark.usefixtures("without_plots")
def test_reported_scores_name_their_source(board: Leaderboard) -> None:
    rows = [replace(board.rows[0], reported_in="a <paper>", scored={}, identity=""), *board.rows[1:]]
    page = render_page(replace(board, rows=tuple(rows)))
    assert "<small>reported: a &lt;paper&gt;</small>" in page
    assert "<dt>reported in<dd>a &lt;paper&gt;" in page


@pytest.mark.usefixtures("without_plots")
def test_published_scores_of_the_same_models_are_set_beside_ours_with_their_source() -> None:
    settings: dict[str, str | int] = {"precision": "fp32", "max_tokens": 256, "pooling": "mean"}
    page = render_page(make_table(suite("minilm", 0.7237, 0.8061, settings=settings)))
    section = page.split('<section id="published">')[1].split("</section>")[0]
    assert "minilm<td>sts13<td>80.61<td>80.60<td>0.01<td>all-MiniLM-L6-v2<td>mteb results repository" in section
    assert "<td>repository<td>–<td>https://github.com/embeddings-benchmark/results" in section
    assert 'id="published"' not in render_page(make_table(suite("m", 0.5)))


def test_costs_on_the_pareto_front_are_marked_and_explained(page: str) -> None:
    assert "† marks the Pareto front" in table(page)
    assert re.search(r'data-n="2000000">2.0 M†', table(page))


@pytest.mark.slow
def test_every_figure_has_a_title_and_its_numbers_are_in_a_table(drawn: str) -> None:
    parts = [part for part in re.findall(r'<section id="\w+">(.*?)</section>', drawn, re.DOTALL) if "<svg" in part]
    assert len(parts) == 3
    assert all("<table" in part and part.count("<svg") == part.count("<title") for part in parts)


@pytest.mark.slow
def test_ids_are_unique(drawn: str) -> None:
    ids = re.findall(r'<[^>]* id="([^"]+)"', drawn)
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_whatever_a_result_holds_it_is_text() -> None:
    results = [result(name, "sts12", 0.5, licence=name, source=name, settings={"prompt": name}) for name in HOSTILE]
    names = [
        replace(each, notes=(each.model.name,), run=replace(each.run, command=each.model.name)) for each in results
    ]
    body = render_page(make_table(names)).split("</style>")[1]
    assert set(re.findall(r"<(\w+)", body)) <= set(
        "body header h1 p main section div fieldset legend label input span select option button table caption b small "
        "thead tr th tbody td a i h2 h3 details summary dl dt dd pre code ul li footer script figure figcaption "
        "svg title desc defs g path use rect clipPath text".split()
    )
    assert body.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


@pytest.mark.usefixtures("without_plots")
def test_secrets_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "very-secret-key")
    assert "very-secret-key" not in render_page(make_table([result("very-secret-key", "sts12", 0.5)]))


def test_without_matplotlib_the_page_has_no_plots_and_says_so(page: str) -> None:
    assert "<svg" not in page
    assert figures.NO_MATPLOTLIB in html.unescape(page)


@pytest.mark.usefixtures("without_plots")
def test_results_without_scores_of_pairs_make_a_page_without_ranks() -> None:
    page = render_page(make_table(suite("m", 0.5, 0.6)))
    assert "<b>55.00</b>" in page
    assert 'id="ranks"' not in page or "Pairs of models" not in page
