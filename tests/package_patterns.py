"""Find every regular expression of the package: in constants, in functions, and where one is used."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = Path(__file__).resolve().parents[1] / "gis"
CALLS = {"compile", "sub", "subn", "match", "search", "fullmatch", "findall", "finditer", "split"}
HELPERS = {"compiled", "_compiled"}  # functions that call re.compile with their own argument
# Functions that make a pattern, and what they make.


def _of_languages(name: str, module: Any) -> list[re.Pattern[str]]:  # noqa: ANN401
    return [getattr(language, name) for language in module.LANGUAGES]


MAKERS: dict[str, Callable[[Any], list[re.Pattern[str]]]] = {
    "gis.dataset.issues.references.reference_pattern": lambda module: [module.reference_pattern("github.example.com")],
    "gis.dataset.labels.english.subject_pattern": lambda module: [module.subject_pattern("github.com")],
    "gis.dataset.labels.mentions._named": lambda module: [module._named("github.com")],
    "gis.dataset.texts.redaction._profile_rule": lambda module: [module._profile_rule("github.example.com").pattern],
    "gis.markdown_spans._openings": lambda module: [
        module._openings(module.KINDS),
        module._openings(("indented_line",)),
    ],
    **{
        f"gis.dataset.labels.lexicon.Language.{name}": partial(_of_languages, name)
        for name in ("before", "behind", "negated", "doubted")
    },
}


class PackagePattern(NamedTuple):
    """A regular expression of the package.

    Attributes:
        name: Where it is: MODULE.NAME, or MODULE:LINE.
        expression: The expression.
        flags: Those that it is compiled with.
        anchored: Whether it is only tried at one place, by ``match`` or ``fullmatch``.
        whole: Whether it is only tried on whole texts, by ``fullmatch``.
    """

    name: str
    expression: str
    flags: int
    anchored: bool
    whole: bool


def package_patterns() -> list[PackagePattern]:
    """Return every expression.

    Raises:
        AssertionError: One is made in a way that this function does not know.
    """
    paths = sorted(PACKAGE.rglob("*.py"))
    names = [".".join(("gis", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in paths]
    trees = {
        name.removesuffix(".__init__"): ast.parse(path.read_text(encoding="utf-8"))
        for name, path in zip(names, paths, strict=True)
    }
    uses = _uses(trees)
    found: list[PackagePattern] = []
    for module, tree in trees.items():
        for call, owners in _calls(tree):
            function = _name(call.func)
            if function == "compile" or function in HELPERS:
                found += _compiled(module, call, owners, uses)
            else:
                anchored, whole = function in ("match", "fullmatch"), function == "fullmatch"
                expression = _text(call.args[0])
                assert expression is not None, f"{module}:{call.lineno}: give the expression a name"
                found.append(PackagePattern(f"{module}:{call.lineno}", expression, _flags(call), anchored, whole))
    return list(dict.fromkeys(found))


def _calls(tree: ast.AST, owners: tuple[ast.AST, ...] = ()) -> Iterator[tuple[ast.Call, tuple[ast.AST, ...]]]:
    """Yield the calls of functions of ``re`` and of helpers, each with what it is in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module != "re", "import re as a whole, so that its calls are found"
        if isinstance(node, ast.Call) and (_of_re(node.func) or _name(node.func) in HELPERS):
            yield node, owners
        yield from _calls(node, (*owners, node))


def _of_re(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in CALLS and _name(function.value) == "re"


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _compiled(
    module: str, call: ast.Call, owners: tuple[ast.AST, ...], uses: dict[str, set[str]]
) -> Iterator[PackagePattern]:
    """Yield the patterns that a call of ``re.compile`` makes: those of the constant or the function that it is in."""
    functions = [owner.name for owner in owners if isinstance(owner, ast.FunctionDef | ast.ClassDef)]
    if functions and functions[-1] in HELPERS:
        return
    imported = importlib.import_module(module)
    if functions and ".".join((module, *functions)) not in MAKERS:
        expression = _text(call.args[0])
        assert expression is not None, f"{module}: {functions[-1]} makes a pattern: say which in MAKERS"
        yield PackagePattern(f"{module}:{call.lineno}", expression, _flags(call), anchored=False, whole=False)
    elif functions:
        name = ".".join((module, *functions))
        for pattern in MAKERS[name](imported):
            yield from _described(name, pattern, uses[functions[-1]] - {"passed on"})
    else:
        statement = next(owner for owner in owners if isinstance(owner, ast.Assign | ast.AnnAssign))
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and hasattr(imported, node.id):
                yield from _described(f"{module}.{node.id}", getattr(imported, node.id), uses[f"{module}.{node.id}"])


def _described(name: str, value: object, uses: set[str]) -> Iterator[PackagePattern]:
    if isinstance(value, re.Pattern):
        anchored = bool(uses) and uses <= {"match", "fullmatch"}
        yield PackagePattern(name, value.pattern, value.flags, anchored, whole=uses == {"fullmatch"})
    elif isinstance(value, dict):
        for part in value.values():
            yield from _described(name, part, uses)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _described(name, part, uses)


def _uses(trees: Mapping[str, ast.AST]) -> dict[str, set[str]]:
    """Return what is done with the names of each module, "passed on" where one is used without a method.

    The key is MODULE.NAME; attributes of whatever object have just their name.
    """
    uses: dict[str, set[str]] = defaultdict(set)
    for module, tree in trees.items():
        origin = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        methods = {id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                name = _name(node) or ""
                key = origin.get(name, f"{module}.{name}")
                if isinstance(node, ast.Attribute):  # of a module, or of whatever object
                    owner = origin.get(_name(node.value) or "", "")
                    key = f"{owner}.{name}" if owner in trees else name
                uses[key].add(methods.get(id(node), "passed on"))
    return uses


def _text(node: ast.expr) -> str | None:
    """Return an expression that is written where it is used; x stands for what is filled in, which must be escaped."""
    if isinstance(node, ast.Constant):
        return node.value.decode() if isinstance(node.value, bytes) else str(node.value)
    if isinstance(node, ast.BinOp):
        sides = _text(node.left), _text(node.right)
        return None if sides == (None, None) else "".join("x" if side is None else side for side in sides)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def _flags(call: ast.Call) -> int:
    names = (node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute) and _name(node.value) == "re")
    return sum(flag for name in names if isinstance(flag := getattr(re, name), re.RegexFlag))
