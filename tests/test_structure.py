"""Imports run one way: cli → publishing → training, leaderboard → dataset → benchmark → models → the small modules."""

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "gis"
# What each part may import, beside itself and the small modules; a part that is not here yet must be added with care.
ALLOWED = {
    "cli": {
        "api",
        "publishing",
        "finder",
        "archive",
        "leaderboard",
        "annotation",
        "training",
        "dataset",
        "benchmark",
        "collector",
        "models",
    },
    "api": {
        "publishing",
        "finder",
        "archive",
        "leaderboard",
        "annotation",
        "training",
        "dataset",
        "benchmark",
        "collector",
        "models",
    },
    "publishing": {"leaderboard", "annotation", "training", "dataset", "benchmark", "models"},
    "finder": {"leaderboard", "annotation", "dataset", "collector", "benchmark", "models", "statistics"},
    "leaderboard": {"dataset", "benchmark", "models", "statistics"},
    "archive": {"leaderboard", "dataset", "collector"},
    "annotation": {"dataset", "benchmark", "models", "statistics"},
    "training": {"benchmark", "models", "statistics"},
    "dataset": {"collector", "benchmark", "models", "statistics"},
    "benchmark": {"models", "statistics"},
    "collector": set(),
    "models": set(),
    "statistics": set(),
    "small": set(),
}
# Inside these parts, each stage may use those before it, and the modules beside the stages that are named here.
STAGES = {
    "dataset": ("issues", "labels", "texts", "pairs", "output", "build", "candidates"),
    "training": ("data", "model", "loop", "output", "run", "ablation"),
}
BESIDE_STAGES = {"dataset": {"settings"}, "training": {"settings", "messages"}}
STAGES_BY_PART = [(part, stage) for part, stages in STAGES.items() for stage in stages]
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"torch", "transformers", "sentence_transformers", "datasets", "pandas", "sklearn", "scipy", "bm25s", "peft"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of the design that ``module`` belongs to."""
    name = (*module.split("."), "")[1]
    if module == "gis" or name == "api":
        return "api"  # its __init__ names what api.py offers
    if name in ("cli", "__main__"):
        return "cli"
    return name if (PACKAGE / name).is_dir() and name else "small"


def imports_of(path: Path, *, at_import_only: bool = False) -> Iterator[str]:
    """The modules that ``path`` imports, anywhere in it, or only those that importing it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    for node in _run_at_import(tree) if at_import_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            # "from gis import cli" imports gis.cli
            yield from (f"{base}.{alias.name}" if base == "gis" else base for alias in node.names)


def _run_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported: none inside functions, none for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _run_at_import(node)


GRAPH = {module_name(path): {name for name in imports_of(path) if name.startswith("gis.")} for path in MODULES}
every_module = pytest.mark.parametrize("path", MODULES, ids=[module_name(path) for path in MODULES])


def test_there_is_something_to_look_at() -> None:
    assert {"gis.cli", "gis.benchmark.runner", "gis.models.base"} <= {module_name(path) for path in MODULES}
    assert "gis.benchmark.results" in set(imports_of(PACKAGE / "leaderboard" / "table.py"))
    assert part_of("gis.errors") == "small"


@every_module
def test_imports_run_one_way(path: Path) -> None:
    part = part_of(module_name(path))
    used = {part_of(name) for name in imports_of(path) if name.split(".")[0] == "gis"}
    assert used <= ALLOWED[part] | {part, "small"}


@pytest.mark.parametrize(("part", "stage"), STAGES_BY_PART)
def test_each_stage_uses_only_those_before_it(part: str, stage: str) -> None:
    stages = STAGES[part]
    before = set(stages[: stages.index(stage) + 1]) | BESIDE_STAGES[part]
    used = {
        name.split(".")[2]
        for path in [*(PACKAGE / part / stage).glob("*.py"), *(PACKAGE / part).glob(f"{stage}.py")]
        for name in imports_of(path)
        if name.startswith(f"gis.{part}.")
    }
    assert used <= before


@pytest.mark.parametrize("part", STAGES)
def test_a_part_with_stages_opens_on_them(part: str) -> None:
    rooms = {path.stem for path in (PACKAGE / part).iterdir() if path.stem not in ("__init__", "__pycache__")}
    assert rooms == {*STAGES[part], *BESIDE_STAGES[part]}


def test_no_part_holds_a_quarter_of_the_lines() -> None:
    lines: dict[str, int] = {}
    for path in MODULES:
        part = part_of(module_name(path))
        lines[part] = lines.get(part, 0) + len(path.read_text(encoding="utf-8").splitlines())
    assert max(lines.values()) < 0.25 * sum(lines.values()), lines


@pytest.mark.parametrize("path", sorted((PACKAGE / "collector").rglob("*.py")), ids=module_name)
def test_collecting_needs_neither_torch_nor_pandas(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports_of(path)} & HEAVY


@every_module
def test_no_part_imports_the_command_line(path: Path) -> None:
    if part_of(module_name(path)) != "cli":
        assert not any(name.startswith("gis.cli") for name in imports_of(path))


@every_module
def test_no_module_imports_itself_in_a_circle(path: Path) -> None:
    """Imports inside functions hide circles; within a part, modules still form an order."""
    reached: set[str] = set()
    ahead = set(GRAPH[module_name(path)])
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= GRAPH.get(name, set()) - reached
    assert module_name(path) not in reached


@pytest.mark.parametrize(
    "name",
    [
        "cli/__init__",
        "cli/app",
        "cli/annotate",
        "cli/bench",
        "cli/train",
        "cli/collect",
        "spec",
        "errors",
        "files",
        "console",
        "hub",
        "models/base",
        "models/registry",
        "models/losses/__init__",
        "models/losses/presets",
        "models/losses/settings",
    ],
)
def test_the_light_modules_import_nothing_heavy(name: str) -> None:
    used = {module.split(".")[0] for module in imports_of(PACKAGE / f"{name}.py", at_import_only=True)}
    assert not used & HEAVY


@every_module
def test_every_module_can_be_imported_where_there_is_no_posix(path: Path) -> None:
    only_posix = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
    assert not only_posix & {name.split(".")[0] for name in imports_of(path)}


@every_module
def test_no_module_of_the_package_reaches_for_the_tests(path: Path) -> None:
    assert not {"tests", "perf", "mteb", "angle_emb"} & {name.split(".")[0] for name in imports_of(path)}
