"""Count the small changes of meaning that the tests notice.

A mutant is the source with one change: a comparison, a sign, a number, ``and`` for ``or``, a condition turned
round. Its tests run on it; where they all pass, nobody would notice such a mistake. Run it with ``make mutate``.

The tree is copied first, so nothing here is changed. Each mutant is a forked process (Linux and macOS only).
"""

import argparse
import ast
import importlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = Path(__file__).with_name("mutants_equivalent.json")
PARTS = {
    "losses": ["gis/models/losses"],
    "metrics": ["gis/benchmark/metrics.py", "gis/benchmark/similarity.py", "gis/benchmark/scoring.py"],
    "statistics": ["gis/benchmark/intervals.py", "gis/benchmark/significance.py"],
    "evidence": ["gis/dataset/labels"],
    "splits": ["gis/dataset/pairs/splits.py", "gis/union_find.py"],
    "negatives": ["gis/dataset/pairs/negatives.py", "gis/dataset/pairs/neighbours.py", "gis/dataset/pairs/leaks.py"],
    "cleaning": ["gis/dataset/texts", "gis/markdown_spans.py", "gis/text.py"],
    "cache": ["gis/benchmark/cache.py"],
    "results": ["gis/benchmark/records.py", "gis/benchmark/results.py", "gis/leaderboard/result_set.py"],
    "store": ["gis/collector/store.py", "gis/collector/store_rows.py", "gis/dataset/issues/table.py"],
    "client": ["gis/collector/github/client.py", "gis/collector/github/graphql.py"],
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
}

SHARED = ("numpy", "pandas", "pyarrow", "pytest", "scipy.stats", "sklearn", "torch")  # imported once, for all processes
WITHOUT_MEANING = {"annotation", "decorator_list", "format_spec", "returns"}  # or of little, as frozen=True


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one place.

    Attributes:
        part: What it belongs to.
        path: The file, from the root.
        line: Line number, from 1.
        start: Byte offset of the changed source.
        end: Byte offset behind it.
        before: The source that is changed.
        after: What stands there instead.
    """

    part: str
    path: str
    line: int
    start: int
    end: int
    before: str
    after: str

    @property
    def change(self) -> str:
        """The change in words, without the line number, which moves."""
        return f"{self.path}: {' '.join(self.before.split())} -> {' '.join(self.after.split())}"


def replacements(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield the expressions in a tree that can be changed, each with what would stand there instead."""
    if isinstance(node, ast.Raise):  # messages
        return
    yield from _changes(node)
    for name, field in ast.iter_fields(node):
        if name not in WITHOUT_MEANING:
            for child in field if isinstance(field, list) else [field]:
                if isinstance(child, ast.AST):
                    yield from replacements(child)


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            yield node, f"{_source(left)} {COMPARISONS[type(operator)]} {_source(right)}"
        case ast.BoolOp(op=word, values=values):
            yield node, "(" + (" or " if isinstance(word, ast.And) else " and ").join(map(_source, values)) + ")"
        case ast.UnaryOp(operand=operand):
            yield node, _source(operand)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS and not _is_text(left, right):
            yield node, f"({_source(left)} {OPERATORS[type(sign)]} {_source(right)})"
        case ast.Constant(value=bool() as value):
            yield node, str(not value)
        case ast.Constant(value=int() | float() as value):
            yield node, str(value + 1)
        case ast.If(test=test) | ast.IfExp(test=test):
            yield test, f"(not {_source(test)})"


def mutants_of(part: str, path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a file."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, after in replacements(ast.parse(source)):
        if node.end_lineno is None or node.end_col_offset is None:
            continue
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        yield Mutant(
            part=part,
            path=str(path.relative_to(ROOT)),
            line=node.lineno,
            start=start,
            end=end,
            before=source[start:end].decode(),
            after=after,
        )


def tests_of(path: str, tree: Path) -> list[str]:
    """Return the tests of a file: the module that mirrors it, and every module that imports it."""
    module = path.removesuffix(".py").replace("/", ".")
    mirror = f"tests/{path.removeprefix('gis/').rpartition('/')[0]}/test_{Path(path).stem}.py".replace("//", "/")
    importing = [
        str(test.relative_to(tree))
        for test in sorted((tree / "tests").rglob("test_*.py"))
        if f"from {module} import" in (text := test.read_text(encoding="utf-8")) or f"import {module}\n" in text
    ]
    found = [mirror] if (tree / mirror).is_file() else []
    if not found and not importing:  # the whole part
        found = [f"tests/{path.removeprefix('gis/').partition('/')[0]}"]
    return list(dict.fromkeys([*found, *importing]))


def passes(tree: Path, tests: Sequence[str], *, slow: bool, seconds: float) -> bool:
    """Run tests in a forked process and return whether all pass within the time."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(tree)
        os.environ["PYTHONPATH"] = str(tree)
        sys.path.insert(0, str(tree))
        marks = [] if slow else ["-m", "not slow"]
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            import pytest

            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *marks, *tests])
        os._exit(0 if code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} else 1)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def noticed(mutant: Mutant, tree: Path) -> bool:
    """Return whether a test fails on a mutant; slow tests run only where the others pass."""
    path = tree / mutant.path
    original = path.read_bytes()
    path.write_bytes(original[: mutant.start] + mutant.after.encode() + original[mutant.end :])
    try:
        tests = tests_of(mutant.path, tree)
        return not (passes(tree, tests, slow=False, seconds=120) and passes(tree, tests, slow=True, seconds=300))
    finally:
        path.write_bytes(original)


def main() -> int:
    """Draw mutants, run the tests of each, and print what was noticed by part."""
    arguments = _arguments()
    parts = {part: [ROOT / path for path in PARTS[part]] for part in arguments.part or PARTS}
    candidates = [
        mutant
        for part, paths in parts.items()
        for path in paths
        for file in (sorted(path.glob("*.py")) if path.is_dir() else [path])
        for mutant in mutants_of(part, file)
    ]
    drawn = random.Random(arguments.seed).sample(candidates, min(arguments.count, len(candidates)))
    equivalent: dict[str, str] = json.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.is_file() else {}
    for library in SHARED:
        importlib.import_module(library)

    survivors, counts = [], {part: Counter[str]() for part in parts}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "gis"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "*-results"))
        tests = sorted({test for mutant in drawn for test in tests_of(mutant.path, tree)})
        if not passes(tree, tests, slow=False, seconds=1200):
            sys.exit("the tests fail before anything is changed")
        for number, mutant in enumerate(drawn, start=1):
            verdict = "equivalent" if mutant.change in equivalent else "killed" if noticed(mutant, tree) else "survived"
            counts[mutant.part][verdict] += 1
            print(f"{number}/{len(drawn)} {verdict:10} {mutant.path}:{mutant.line}", file=sys.stderr, flush=True)
            if verdict == "survived":
                survivors.append(mutant)
    for mutant in survivors:
        print(f"survived: line {mutant.line}: {mutant.change}")
    print_counts(counts)
    return 0


def print_counts(counts: dict[str, Counter[str]]) -> None:
    """Print the mutants of each part, how many were noticed, and their share among those that change behaviour."""
    counts = {**counts, "all": sum(counts.values(), Counter())}
    print(f"{'part':12} {'killed':>7} {'survived':>9} {'equivalent':>11} {'score':>7}")
    for part, verdicts in counts.items():
        changing = verdicts["killed"] + verdicts["survived"]
        score = f"{verdicts['killed'] / changing:.0%}" if changing else "-"
        print(f"{part:12} {verdicts['killed']:7} {verdicts['survived']:9} {verdicts['equivalent']:11} {score:>7}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=300, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these parts; may be repeated")
    return parser.parse_args()


def _source(node: ast.expr) -> str:
    """Return the source of an operand, in brackets where an operator could bind closer."""
    text = ast.unparse(node)
    atoms = (ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.Subscript, ast.Tuple, ast.List, ast.Set, ast.Dict)
    return text if isinstance(node, atoms) else f"({text})"


def _is_text(*nodes: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) for node in nodes)


if __name__ == "__main__":
    sys.exit(main())
