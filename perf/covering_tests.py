"""Record which functions each test calls, so that a mutant meets only the tests that could notice it.

One line of JSON for each test that passes is appended to a file. A test module whose text has not changed since is not
run again, so a stopped recording goes on, and a changed test is recorded anew. Other processes are not seen.
"""

import ast
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest

CALLED = "gis._called"  # a module of the copy that holds the names of what was called


@dataclass(frozen=True, kw_only=True)
class Test:
    """A test that passes.

    Attributes:
        name: Its node id.
        module: Hash of the module it stands in.
        seconds: How long it took.
        calls: The functions it calls, as ``gis/text.py:words``, with those of the fixtures of its module.
    """

    name: str
    module: str
    seconds: float
    calls: list[str]

    @property
    def file(self) -> str:
        """The module it stands in."""
        return _module(self.name)


class Recorder:
    """A plugin of pytest that appends what each test calls to a file; the package is one that was changed to tell."""

    def __init__(self, tree: Path, records: Path) -> None:
        self.tree, self.records = tree, records
        self.tests: dict[str, list[Test]] = {}  # by module, until all of the module are known
        self.shared: dict[str, set[str]] = {}  # what the fixtures of a module call

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Note what the fixtures call."""
        calls = _calls()
        yield
        self.shared.setdefault(_module(item.nodeid), set()).update(calls)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Note what the test calls, where it passes."""
        began, calls = time.monotonic(), _calls()
        yield
        seconds, module = time.monotonic() - began, _module(item.nodeid)
        test = Test(
            name=item.nodeid, module=hash_of(self.tree / module), seconds=round(seconds, 3), calls=sorted(calls)
        )
        self.tests.setdefault(module, []).append(test)

    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Write the tests of a module after its last."""
        module = _module(item.nodeid)
        if nextitem is None or _module(nextitem.nodeid) != module:
            with self.records.open("a", encoding="utf-8") as file:
                for test in self.tests.pop(module, []):
                    calls = sorted({*test.calls, *self.shared[module]})
                    file.write(json.dumps({**asdict(test), "calls": calls}) + "\n")


def let_functions_tell(tree: Path) -> None:
    """Change every function of the package in a copy of the project, so that it notes its name when it is called."""
    for path in (tree / "gis").rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        functions = functions_of(ast.parse("".join(lines)))
        for name, function in sorted(functions, key=lambda named: -named[1].lineno):
            first = function.body[bool(ast.get_docstring(function)) and len(function.body) > 1]
            name = f"{path.relative_to(tree).as_posix()}:{name}"
            if first.lineno > function.lineno:
                note = f"from {CALLED} import calls; calls.add({name!r})"
                lines.insert(_first_line(first) - 1, " " * first.col_offset + note + "\n")
        path.write_text("".join(lines), encoding="utf-8")
    (tree / CALLED.replace(".", "/")).with_suffix(".py").write_text("calls: set[str] = set()\n", encoding="utf-8")


def functions_of(node: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield the functions and methods of a module, not those inside others, with their names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inside + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from functions_of(child, f"{inside}{child.name}.")
        elif isinstance(child, ast.If | ast.Try | ast.With):
            yield from functions_of(child, inside)


def recorded(tree: Path, records: Path) -> list[Test]:
    """Return what is recorded of the tests of a tree, without those whose module has changed since."""
    if not records.is_file():
        return []
    tests = [Test(**json.loads(line)) for line in records.read_text(encoding="utf-8").splitlines()]
    hashes = {file: hash_of(tree / file) for file in {test.file for test in tests}}
    latest = {test.name: test for test in tests if hashes[test.file] == test.module}
    return list(latest.values())


def modules_to_record(tree: Path, records: Path) -> Sequence[str]:
    """Return the test modules of which nothing is recorded."""
    known = {test.file for test in recorded(tree, records)}
    return sorted({path.relative_to(tree).as_posix() for path in (tree / "tests").rglob("test_*.py")} - known)


def hash_of(path: Path) -> str:
    """Return the hash of a file, or of nothing where it is not."""
    return sha256(path.read_bytes() if path.is_file() else b"").hexdigest()[:16]


def _module(name: str) -> str:
    return name.partition("::")[0]


def _calls() -> set[str]:
    """Return the set of what is called from now on."""
    module = import_module(CALLED)
    module.calls.clear()
    calls: set[str] = module.calls
    return calls


def _first_line(statement: ast.stmt) -> int:
    """Return the first line of a statement, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(node.lineno for node in decorators)])
