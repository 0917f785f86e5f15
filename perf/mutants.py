"""Count the small changes of meaning that the tests notice.

A mutant is the source with one change: a comparison, a sign, a number, ``and`` for ``or``, a condition turned
round. The tests that call the changed function run on it, the quickest first, until one fails; where all pass, nobody
would notice such a mistake. Run it with ``make mutate``.

The tree is copied first, so nothing here is changed. Each mutant is a forked process (Linux and macOS only). What the
tests call and the verdicts are kept in a folder, so that a run that was stopped goes on.
"""

import argparse
import ast
import compileall
import gc
import importlib
import io
import json
import os
import py_compile
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from covering_tests import Recorder, Test, functions_of, let_functions_tell, modules_to_record, recorded

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = Path(__file__).with_name("mutants_equivalent.json")
PARTS = {
    "losses": ["gis/models/losses"],
    "metrics": ["gis/statistics/metrics.py", "gis/models/similarity.py", "gis/benchmark/scoring.py"],
    "statistics": [
        f"gis/statistics/{name}.py" for name in ("dependence", "differences", "influence", "intervals", "ranks")
    ],
    "evidence": ["gis/dataset/labels"],
    "splits": ["gis/dataset/pairs/splits.py", "gis/union_find.py"],
    "negatives": ["gis/dataset/pairs/negatives.py", "gis/dataset/pairs/neighbours.py", "gis/dataset/pairs/leaks.py"],
    "cleaning": ["gis/dataset/texts", "gis/markdown_spans.py", "gis/text.py"],
    "cache": ["gis/benchmark/cache.py"],
    "results": ["gis/benchmark/records.py", "gis/benchmark/results.py", "gis/leaderboard/result_set.py"],
    "store": [
        *(f"gis/collector/store{name}.py" for name in ("", "_file", "_rows", "_writer")),
        "gis/dataset/issues/table.py",
    ],
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

# Imported once, for all processes.
SHARED = (
    "hypothesis",
    "numpy",
    "pandas",
    "pyarrow",
    "pytest",
    "scipy.stats",
    "sentence_transformers",
    "sklearn",
    "torch",
)
QUICKLY = (
    "-q",
    *(word for plugin in ("cacheprovider", "xdist", "unraisableexception") for word in ("-p", f"no:{plugin}")),
)
# Tests that anybody can run, without those that repeat a command many times to kill it.
SELECTION = ("-m", "not shared", "-k", "not killed")
MOST_SECONDS = 40  # of the tests of one mutant, as they took when they were recorded
TIMES, SECONDS_TO_START = 3, 30  # a mutant may take so many times as long, and so much more
WITHOUT_MEANING = {"annotation", "decorator_list", "format_spec", "returns"}  # or of little, as frozen=True


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one place.

    Attributes:
        part: What it belongs to.
        path: The file, from the root.
        function: The function or method it lies in, with its class; empty where it runs on import.
        line: Line number, from 1.
        start: Byte offset of the changed source.
        end: Byte offset behind it.
        before: The source that is changed.
        after: What stands there instead.
        number: Which of the changes of the function that read the same, from 1.
    """

    part: str
    path: str
    function: str
    line: int
    start: int
    end: int
    before: str
    after: str
    number: int = 1

    @property
    def change(self) -> str:
        """The change in words, without the line number, which moves."""
        place = f"{self.path}:{self.function}"
        number = f" ({self.number})" if self.number > 1 else ""
        return f"{place}: {' '.join(self.before.split())} -> {' '.join(self.after.split())}{number}"


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
    tree = ast.parse(source)
    spans = [(name, range(node.body[0].lineno, (node.end_lineno or 0) + 1)) for name, node in functions_of(tree)]
    seen = Counter[str]()
    for node, after in replacements(tree):
        if node.end_lineno is None or node.end_col_offset is None:
            continue
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        mutant = Mutant(
            part=part,
            path=path.relative_to(ROOT).as_posix(),
            function=next((name for name, lines in spans if node.lineno in lines), ""),
            line=node.lineno,
            start=start,
            end=end,
            before=source[start:end].decode(),
            after=after,
        )
        seen[mutant.change] += 1
        yield replace(mutant, number=seen[mutant.change])


def tests_for(mutant: Mutant, tests: Sequence[Test], seconds: float) -> list[list[Test]]:
    """Return the tests that call what a mutant changes, or its file where that runs on import, in two parts.

    First come those of the module that mirrors the file, then the others: most mutants need no more modules than one.
    Within a part, the quickest are first.
    """
    place, file = f"{mutant.path}:{mutant.function}", f"{mutant.path}:"
    calling = [test for test in tests if place in test.calls]
    calling = calling or [test for test in tests if any(call.startswith(file) for call in test.calls)]
    covering = sorted(calling, key=lambda test: test.seconds)
    spent = accumulate(test.seconds for test in covering)
    chosen = [test for test, until in zip(covering, spent, strict=True) if until <= seconds]
    counts = Counter(test.file for test in chosen)
    mirror = f"tests/{mutant.path.removeprefix('gis/').rpartition('/')[0]}/test_{Path(mutant.path).stem}.py"
    first = mirror if mirror in counts or not counts else counts.most_common(1)[0][0]
    parts = [[test for test in chosen if (test.file == first) is own] for own in (True, False)]
    return [part for part in parts if part]


def run_tests(tree: Path, arguments: Sequence[str], seconds: int, plugins: Sequence[object] = ()) -> bool:
    """Run pytest in a forked process and return whether all tests pass in some seconds of the processor.

    A test that waits for ever does not use them: it is stopped after four times as long.
    """
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        import pytest

        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = pytest.main([*QUICKLY, *arguments], plugins=[*plugins])
        os._exit(int(code))
    deadline = time.monotonic() + 4 * seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def noticed(mutant: Mutant, tree: Path, tests: Sequence[Test]) -> bool:
    """Return whether a test fails on a mutant."""
    parts = tests_for(mutant, tests, MOST_SECONDS)
    path = tree / mutant.path
    original = path.read_bytes()
    path.write_bytes(original[: mutant.start] + mutant.after.encode() + original[mutant.end :])
    try:
        return not all(
            run_tests(
                tree,
                ["-x", *(test.name for test in part)],
                SECONDS_TO_START + round(TIMES * sum(test.seconds for test in part)),
            )
            for part in parts
        )
    finally:
        path.write_bytes(original)


def copied(tree: Path) -> Path:
    """Copy the project, and compile it, so that each mutant compiles only what it changes."""
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv*", "*-results", ".hypothesis"))
    by_hash = py_compile.PycInvalidationMode.CHECKED_HASH  # a mutant's time stamp can be that of the original
    compileall.compile_dir(tree / "gis", quiet=1, force=True, invalidation_mode=by_hash)
    os.environ.update({"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"})
    sys.dont_write_bytecode = True
    return tree


def verdicts(mutants: Sequence[Mutant], records: Path, *, again: bool) -> Iterator[tuple[Mutant, str]]:
    """Yield what becomes of each mutant; a verdict that is in the file of records stands.

    Args:
        mutants: All of them.
        records: Folder of the two files: of what the tests call, and of the verdicts.
        again: Run the tests again on those that survived.
    """
    equivalent: dict[str, str] = json.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.is_file() else {}
    for library in SHARED:
        importlib.import_module(library)
    gc.freeze()  # no process needs to look through what they made
    with tempfile.TemporaryDirectory() as folder:
        missing = modules_to_record(ROOT, records / "tests.jsonl")
        if missing:
            print(f"recording {len(missing)} modules of tests", file=sys.stderr, flush=True)
            tree = copied(Path(folder) / "telling")
            let_functions_tell(tree)
            run_tests(tree, [*SELECTION, *missing], 3600, [Recorder(tree, records / "tests.jsonl")])
        tree = copied(Path(folder) / "gis")
        tests = recorded(tree, records / "tests.jsonl")
        for mutant in mutants:
            known = dict(json.loads(line) for line in _lines(records / "verdicts.jsonl"))  # another run may add to it
            verdict = "equivalent" if mutant.change in equivalent else known.get(mutant.change)
            if verdict is None or (again and verdict == "survived"):
                verdict = "killed" if noticed(mutant, tree, tests) else "survived"
                with (records / "verdicts.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps([mutant.change, verdict]) + "\n")
            yield mutant, verdict


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
    arguments.records.mkdir(parents=True, exist_ok=True)
    survivors, counts = [], {part: Counter[str]() for part in parts}
    for number, (mutant, verdict) in enumerate(verdicts(drawn, arguments.records, again=arguments.again), start=1):
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
    parser.add_argument("--records", type=Path, default=ROOT / "mutants-results", help="folder of what is known")
    parser.add_argument("--again", action="store_true", help="run the tests again on those that survived")
    return parser.parse_args()


def _source(node: ast.expr) -> str:
    """Return the source of an operand, in brackets where an operator could bind closer."""
    text = ast.unparse(node)
    atoms = (ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.Subscript, ast.Tuple, ast.List, ast.Set, ast.Dict)
    return text if isinstance(node, atoms) else f"({text})"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _is_text(*nodes: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) for node in nodes)


if __name__ == "__main__":
    sys.exit(main())
