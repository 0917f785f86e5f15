# ruff: noqa: ANN401, RUF001
r"""Judge whether a regular expression takes linear time on any text.

Python's engine tries one way after another: ``(a|a)*b`` takes twice as long with every further letter, ``\s+$`` four
times as long on twice the text. An expression is accepted if, whatever the text is,

- one attempt to match cannot divide the same characters between its parts in many ways: where a repetition may end, or
  which alternative holds, is decided by the next character, or for good (``*+``, ``(?>...)``);
- attempts that begin at different places do not read the same characters again: before a repetition without a limit
  stands a character that is not part of it, or an assertion that does not hold inside it;
- what is left, repetitions with a limit, takes at most ``MOST_STEPS`` steps for each character.

The judgement is on the safe side: some harmless expressions are refused too. Write them with possessive repetitions or
with limits, or read the text by a tokenizer.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from operator import and_
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

MOST_STEPS = 5000  # for each character of a text; the bounds are some ten times what happens
MOST_STRINGS = 400  # what an alternative may be spelt out as, to see which of its words begin alike
# Characters that stand for all others: ASCII, and a few of each kind that a class may tell apart.
COMMON = "".join(map(chr, range(128))) + "\x85\xa0éßſµİıКдの重중가์٣²\u0301\u200b\u2019\u201c\u2028\u3000\u3002\ud83d😀"
Item = tuple[Any, Any]
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


def steps_per_character(expression: str, flags: int = 0, *, anchored: bool = False, whole: bool = False) -> float:
    """Return a bound for the steps that searching a text takes for each of its characters; inf where there is none.

    Args:
        expression: The regular expression.
        flags: Those that it is compiled with.
        anchored: Whether it is only tried at one place of a text, by ``match`` or ``fullmatch``.
        whole: Whether it must match to the end of the text, by ``fullmatch``.
    """
    return _Checker(expression, flags).steps(anchored=anchored, whole=whole)


def literals_of(expression: str, flags: int = 0) -> set[str]:
    """Return the strings and characters that an expression names."""
    strings: set[str] = set()

    def collect(items: Any) -> None:
        run = ""
        for kind, value in [*items, (None, None)]:
            if kind is op.LITERAL:
                run += chr(value)
                continue
            strings.add(run)
            run = ""
            if kind is op.IN:
                strings.update(chr(what) for part, what in value if part is op.LITERAL)
                strings.update(chr(end) for part, what in value if part is op.RANGE for end in what)
            elif kind in REPEATS:
                collect(value[2])
            elif kind is op.BRANCH:
                for each in value[1]:
                    collect(each)
            elif kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
                collect(_inside((kind, value)))
            elif kind in (op.ASSERT, op.ASSERT_NOT):
                collect(value[1])

    collect(parser.parse(expression, flags))
    return strings - {""} or {"a"}


@dataclass(frozen=True)
class _After:
    """What may follow a part of an expression.

    Attributes:
        first: The characters that it may begin with.
        fails_on: The characters before which it may fail to match.
        decided: Whether it matches wherever its first character is, so that each place takes a single step.
        is_last: Whether the expression as a whole has then matched, so that no other attempt reads these characters.
    """

    first: int
    fails_on: int
    is_last: bool
    decided: bool = False

    @property
    def sure(self) -> bool:
        """Whether it matches whatever the text is: then nothing before it is tried again."""
        return not self.fails_on

    def kept(self) -> "_After":
        """Return the same for a part that is not tried again, whatever comes after it."""
        return replace(self, fails_on=0, is_last=self.is_last and self.sure, decided=False)

    def at_end_of(self, run: int) -> "_After":
        """Return the same where the character that comes next is not in ``run``."""
        return replace(self, first=self.first & ~run, fails_on=self.fails_on & ~run)


class _Path(NamedTuple):
    """One way to reach a part of an expression: sets that no run is part of which many attempts could read.

    Attributes:
        start: Where no attempt begins: between two characters of which none is in the set.
        since: The characters that must have been read since the last repetition without a limit.
    """

    start: frozenset[int] = frozenset()
    since: frozenset[int] = frozenset()

    def guards(self, run: int) -> bool:
        return not all(run & outside for outside in self.start | self.since)


@dataclass(frozen=True)
class _Before:
    """What has been matched when a part of an expression is reached.

    Attributes:
        last: The characters that may be the last one; None where that is unknown.
        paths: The ways to come here.
        attempts: From how many places one character may be reached.
        at_start: Whether nothing can have been read yet.
    """

    last: int | None = None
    paths: frozenset[_Path] = frozenset([_Path()])
    attempts: float = 1
    at_start: bool = True

    def guards(self, run: int) -> bool:
        """Return whether a run of these characters is read by a limited number of attempts."""
        return all(path.guards(run) for path in self.paths)

    def read(self, characters: int) -> "_Before":
        paths = frozenset(path._replace(since=path.since | {characters}) for path in self.paths)
        return replace(self, last=characters, paths=paths, at_start=False)

    def not_between(self, outside: int) -> "_Before":
        """No attempt begins between two characters of which none is in ``outside``."""
        paths = frozenset(path._replace(start=path.start | {outside}) for path in self.paths)
        return replace(self, paths=paths)

    def after_run(self, run: int | None, last: int | None) -> "_Before":
        """Return the same after a repetition without a limit; ``run`` is None where that may have read nothing."""
        since = frozenset[int]() if run is None else frozenset([run])
        paths = frozenset(path._replace(since=since) for path in self.paths)
        return replace(self, last=last, paths=paths, at_start=False)


@dataclass(frozen=True)
class _Cost:
    """What a part of an expression costs.

    Attributes:
        ways: In how many ways it matches from one place.
        steps: The steps of each attempt that comes to it.
        before: What has been matched after it.
        shared: The steps for each character of a text, of all attempts together.
    """

    ways: float
    steps: float
    before: _Before
    shared: float = 0


class _Checker:
    def __init__(self, expression: str, flags: int) -> None:
        tree = parser.parse(expression, flags)
        self._flags = tree.state.flags | flags
        self._tree = list(tree)
        named = "".join(literals_of(expression, flags))
        self._characters = sorted({v for c in COMMON + named for v in (c, c.lower(), c.upper()) if len(v) == 1})
        self._variants = [self._variants_of(character) for character in self._characters]
        self._all = (1 << len(self._characters)) - 1
        self._known: dict[Any, int] = {}
        self._categories: dict[Any, int] = {}

    def steps(self, *, anchored: bool, whole: bool) -> float:
        tree = [*self._tree, (op.AT, op.AT_END_STRING)] if whole else self._tree
        before = _Before().not_between(0) if anchored or whole else _Before()
        cost = self._sequence(tree, before, _After(self._all, fails_on=0, is_last=True))
        return cost.steps + cost.shared

    # Sets of characters

    def _where(self, tests: Iterable[bool]) -> int:
        return sum(1 << n for n, holds in enumerate(tests) if holds)

    @cached_property
    def _word(self) -> int:
        return self._where(c.isalnum() or c == "_" for c in self._characters)

    @cached_property
    def _newline(self) -> int:
        return self._where(c == "\n" for c in self._characters)

    def _one(self, item: Item) -> int | None:
        """Return the set of an item that is one character; None for any other."""
        kind, value = item
        if kind not in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return None
        key = (kind, id(value) if kind is op.IN else value)
        if key not in self._known:
            self._known[key] = self._compute(kind, value)
        return self._known[key]

    def _compute(self, kind: Any, value: Any) -> int:
        if kind is op.ANY:
            return self._all if self._flags & re.DOTALL else self._all & ~self._newline
        if kind is not op.IN:
            return self._literals({value}) if kind is op.LITERAL else self._all & ~self._literals({value})
        negated = value[0][0] is op.NEGATE
        inside = self._literals({what for part, what in value[negated:] if part is op.LITERAL})
        for part, what in value[negated:]:
            if part is op.RANGE:
                ranges = range(what[0], what[1] + 1)
                inside |= self._where(any(ord(v) in ranges for v in variants) for variants in self._variants)
            elif part is op.CATEGORY:
                if what not in self._categories:
                    ascii_only = bool(self._flags & re.ASCII)
                    self._categories[what] = self._where(_is_in(c, what, ascii_only) for c in self._characters)
                inside |= self._categories[what]
        return self._all & ~inside if negated else inside

    def _literals(self, codes: set[int]) -> int:
        named = {v for code in codes for v in self._variants_of(chr(code))}
        return self._where(not named.isdisjoint(variants) for variants in self._variants)

    def _variants_of(self, character: str) -> set[str]:
        if not self._flags & re.IGNORECASE:
            return {character}
        return {v for v in (character, character.lower(), character.upper()) if len(v) == 1}

    # What an expression may begin with, and whether it may be empty

    def _empty(self, items: Sequence[Item]) -> bool:
        """Return whether a sequence may match without a character."""
        return all(self._item_empty(item) for item in items)

    def _item_empty(self, item: Item) -> bool:
        kind, value = item
        if kind in REPEATS:
            return value[0] == 0 or self._empty(value[2])
        if kind is op.BRANCH:
            return any(map(self._empty, value[1]))
        if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
            return self._empty(_inside(item))
        return self._one(item) is None

    def _sure(self, items: Sequence[Item]) -> bool:
        """Return whether a sequence matches whatever the text is."""
        return all(
            (kind in REPEATS and (value[0] == 0 or self._sure(value[2])))
            or (kind is op.BRANCH and any(map(self._sure, value[1])))
            or (kind in (op.SUBPATTERN, op.ATOMIC_GROUP) and self._sure(_inside((kind, value))))
            for kind, value in items
        )

    def _fails_on(self, items: Sequence[Item], after: _After, last: int | None) -> int:
        """Return the characters before which a sequence, and what comes after it, may fail."""
        fails = after.fails_on
        for item in reversed(items):
            if item[0] in (op.ASSERT, op.ASSERT_NOT, op.AT):
                fails |= self._all & ~self._allowed(item, last) if self._is_decided(item, last) else self._all
            elif not self._sure([item]) or fails:
                return self._all
        return fails

    def _is_decided(self, item: Item, last: int | None) -> bool:
        """Return whether an assertion holds wherever one of its characters comes next, or where the text ends."""
        kind, value = item
        if kind is op.AT:
            return value is op.AT_BOUNDARY and last is not None and not last & ~self._word
        alternatives = _alternatives(_flat(value[1]))
        return kind is op.ASSERT_NOT and value[0] > 0 and all(self._forbidden(each) for each in alternatives)

    def _first(self, items: Sequence[Item], after: int, last: int | None) -> int:
        """Return the characters that a sequence may begin with, where ``last`` precedes it and ``after`` follows."""
        first = after
        for place in range(len(items) - 1, -1, -1):
            first = self._first_of(items[place], first, last if place == 0 else None)
        if items and items[0][0] in (op.AT, op.ASSERT, op.ASSERT_NOT):  # further assertions at the same place
            first &= self._first_of(items[0], self._first(items[1:], after, last), last)
        return first

    def _first_of(self, item: Item, after: int, last: int | None) -> int:
        kind, value = item
        one = self._one(item)
        if one is not None:
            return one
        if kind in REPEATS:
            first = self._first(value[2], after, last)
            return first | after if value[0] == 0 else first
        if kind is op.BRANCH:
            return _union(self._first(each, after, last) for each in value[1])
        if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
            return self._first(_inside(item), after, last)
        return after & self._allowed(item, last)

    def _allowed(self, item: Item, last: int | None) -> int:
        """Return the characters that an assertion lets follow."""
        kind, value = item
        if kind is op.AT and value in (op.AT_END, op.AT_END_STRING):
            return self._newline if value is op.AT_END else 0
        if kind is op.AT and value in (op.AT_BOUNDARY, op.AT_NON_BOUNDARY) and last is not None:
            changes = value is op.AT_BOUNDARY
            if not last & ~self._word:
                return self._all & ~self._word if changes else self._word
            if not last & self._word:
                return self._word if changes else self._all & ~self._word
        if kind in (op.ASSERT, op.ASSERT_NOT) and value[0] > 0:
            items = _flat(value[1])
            if kind is op.ASSERT:
                return self._first(items, self._all, last)
            return self._all & ~_union(one for one in map(self._forbidden, _alternatives(items)) if one)
        return self._all

    def _forbidden(self, items: Sequence[Item]) -> int:
        return (self._one(items[0]) or 0) if len(items) == 1 else 0

    # Costs

    def _sequence(self, items: Sequence[Item], before: _Before, after: _After) -> _Cost:
        ways, steps, shared = 1.0, 1.0, 0.0
        for place, item in enumerate(items):
            rest = items[place + 1 :]
            last = self._last(items[: place + 1])
            here = _After(
                self._first(rest, after.first, last),
                fails_on=self._fails_on(rest, after, last),
                is_last=after.is_last,
                decided=bool(rest) and self._one(rest[0]) is not None and not self._fails_on(rest[1:], after, None),
            )
            cost = self._item(item, before, here)
            steps += ways * cost.steps if cost.steps else 0  # inf * 0 is not a number
            shared += cost.shared
            ways *= cost.ways
            before = cost.before
        return _Cost(ways, steps, before, shared)

    def _last(self, items: Sequence[Item]) -> int | None:
        """Return the characters that a sequence ends with; None where that is not known."""
        union = 0
        for item in reversed(items):
            kind, value = item
            if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
                continue
            if kind in REPEATS:
                last = self._last(value[2])
            elif kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
                last = self._last(_inside(item))
            elif kind is op.BRANCH:
                lasts = [self._last(each) for each in value[1] if each]
                last = None if None in lasts else _union(lasts)
            else:
                last = self._one(item)
            if last is None:
                return None
            union |= last
            if not self._item_empty(item):
                return union
        return None

    def _item(self, item: Item, before: _Before, after: _After) -> _Cost:
        kind, value = item
        one = self._one(item)
        if one is not None:
            return _Cost(1, 1, before.read(one))
        if kind in REPEATS:
            return self._repeat(kind, value, before, after)
        if kind is op.BRANCH:
            return self._branch(item, before, after)
        if kind is op.SUBPATTERN:
            return self._sequence(_inside(item), before, after)
        if kind is op.ATOMIC_GROUP:
            cost = self._sequence(_inside(item), before, after.kept())
            return replace(cost, ways=1)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            return self._assertion(kind, value, before)
        if kind is op.AT:
            for outside in self._no_start(value) if before.at_start else ():
                before = before.not_between(outside)
            return _Cost(1, 0, before)
        if kind is op.FAILURE:
            return _Cost(1, 0, before)
        return _Cost(inf, inf, before)  # a reference to a group, or what is not known

    def _no_start(self, at: Any) -> tuple[int, ...]:
        if at in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            lines = self._flags & re.MULTILINE and at is op.AT_BEGINNING
            return (self._newline if lines else 0,)
        return (self._all & ~self._word, self._word) if at is op.AT_BOUNDARY else ()

    def _assertion(self, kind: Any, value: Any, before: _Before) -> _Cost:
        direction, items = value
        if direction > 0:
            cost = self._sequence(items, before, _After(self._all, fails_on=0, is_last=False))
            return _Cost(1, cost.steps, before, cost.shared)
        if kind is op.ASSERT:
            for item in items:
                one = self._one(item)
                before = before.read(one) if one is not None else before
        elif before.at_start:
            forbidden = _union(self._forbidden(each) for each in _alternatives(_flat(items)))
            before = before.not_between(self._all & ~forbidden)
        return _Cost(1, 1, before)

    def _branch(self, item: Item, before: _Before, after: _After) -> _Cost:
        costs = [self._sequence(each, before, after) for each in item[1][1]]
        steps = len(costs) + sum(sorted(cost.steps for cost in costs)[-3:])
        ends = [cost.before for cost in costs]
        spelt = self._strings([item])
        if spelt is not None:
            ways = self._ways_of(spelt, after)
        else:
            firsts = [self._first(each, after.first, before.last) for each in item[1][1]]
            overlap = max(sum(bool(one & other) for other in firsts) for one in firsts)
            ways = max(cost.ways for cost in costs) * overlap
        ways = 1 if after.sure else ways
        lasts = [end.last for end in ends]
        joined = _Before(
            None if None in lasts else _union(lasts),
            frozenset(path for end in ends for path in end.paths),
            max(end.attempts for end in ends) * ways,
            any(end.at_start for end in ends),
        )
        return _Cost(ways, steps, joined, sum(cost.shared for cost in costs))

    def _repeat(self, kind: Any, value: Any, before: _Before, after: _After) -> _Cost:
        least, most, body = value
        most = inf if most is op.MAXREPEAT else most
        possessive = kind is op.POSSESSIVE_REPEAT
        run = self._union_of(body)
        one = len(body) == 1 and self._one(body[0]) is not None
        if one and most == inf and kind is not op.MIN_REPEAT:
            after = after.at_end_of(run) if possessive or not after.fails_on & ~run else after
        first = self._first(body, after.first, None)
        again = replace(after.kept() if possessive else after, first=after.first | (first if most > 1 else 0))
        read_once = before.guards(run) or (after.is_last and after.sure)
        inside = self._rounds(body, most, before, again, read_once=read_once)
        spelt = self._strings(body)
        body_ways = self._ways_of(spelt, again) if spelt else 1 if again.sure else inside.ways
        ends_once = possessive or after.sure or (after.decided and one)
        may_end_early = first & after.first or (self._empty(body) and most > 1)
        exits = 1 if ends_once or not may_end_early else most - least + 1
        rounds, entries = (1, 1) if body_ways == 1 else (body_ways**most, body_ways ** (most - 1))
        matches = after.is_last and after.sure
        all_attempts, shared = 1 if matches else before.attempts, inside.shared
        if read_once and most > all_attempts:
            steps, shared = 1.0, shared + inside.steps * entries * all_attempts
        else:
            steps = inside.steps * entries * most
        ways = exits if ends_once else exits * rounds
        return _Cost(ways, steps, self._after_repeat(value, before, inside, ways, read_once=read_once), shared)

    def _rounds(self, body: Sequence[Item], most: float, before: _Before, again: _After, *, read_once: bool) -> _Cost:
        """Return the cost of a round of a repetition, the first or a later one."""
        if most == 1:
            return self._sequence(body, before, again)
        attempts = before.attempts * (1 if read_once or most == inf else most)
        first = self._sequence(body, replace(before, attempts=attempts), again)
        paths = before.paths | first.before.paths
        return self._sequence(body, _Before(None, paths, attempts, at_start=False), again)

    def _after_repeat(self, value: Any, before: _Before, inside: _Cost, ways: float, *, read_once: bool) -> _Before:
        least, most, body = value
        last = inside.before.last if least else None
        if most is op.MAXREPEAT:
            return before.after_run(self._union_of(body) if least else None, last)
        if most == 1:
            paths = inside.before.paths if least else inside.before.paths | before.paths
            at_start = before.at_start and (inside.before.at_start or not least)
            return _Before(last, paths, inside.before.attempts * ways, at_start)
        attempts = before.attempts * max(ways, 1 if read_once else most)
        read = _Before(last, before.paths, attempts, at_start=False)
        return read.read(self._union_of(body)) if least and not self._empty(body) else read

    def _union_of(self, items: Sequence[Item]) -> int:
        """Return all characters that a sequence may read."""
        union = 0
        for item in items:
            kind, value = item
            one = self._one(item)
            if one is not None:
                union |= one
            elif kind in REPEATS:
                union |= self._union_of(value[2])
            elif kind is op.BRANCH:
                union |= _union(map(self._union_of, value[1]))
            elif kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
                union |= self._union_of(_inside(item))
        return union

    # Words: which of several strings match the same text

    def _strings(self, items: Sequence[Item]) -> list[tuple[Any, ...]] | None:
        """Return the strings that a sequence matches, as sets and assertions; None where these are too many."""
        strings: list[tuple[Any, ...]] = [()]
        for item in items:
            endings = self._strings_of(item)
            if endings is None or len(strings) * len(endings) > MOST_STRINGS:
                return None
            strings = [string + ending for string in strings for ending in endings]
        return strings

    def _strings_of(self, item: Item) -> list[tuple[Any, ...]] | None:
        kind, value = item
        one = self._one(item)
        if one is not None:
            return [(one,)]
        if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
            return self._strings(_inside(item))
        if kind is op.BRANCH:
            each = [self._strings(alternative) for alternative in value[1]]
            return None if None in each else [string for strings in each for string in strings or ()]
        if kind in REPEATS and value[1] is not op.MAXREPEAT and value[1] <= 4:
            spelt = [self._strings(list(value[2]) * count) for count in range(value[0], value[1] + 1)]
            return None if None in spelt else [string for strings in spelt for string in strings or ()]
        if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
            return [(item,)]
        return None

    def _ways_of(self, strings: list[tuple[Any, ...]], after: _After) -> float:
        """Return how many of some strings may match the same text and let go on with what follows."""
        if after.sure:
            return 1
        positions = sorted((self._positions(string, after.first) for string in strings), key=len, reverse=True)
        return max(
            1 + sum(all(map(and_, one, other)) for other in positions[place + 1 :])
            for place, one in enumerate(positions)
        )

    def _positions(self, string: tuple[Any, ...], after: int) -> list[int]:
        """Return the set of each character of a string and of the one that follows, as its assertions allow them."""
        positions: list[int] = []
        allowed, last = self._all, None
        for part in string:
            if isinstance(part, tuple):
                allowed &= self._allowed(part, last)
            else:
                positions.append(part & allowed)
                allowed, last = self._all, part
        return [*positions, after & allowed]


def _inside(item: Item) -> list[Item]:
    return list(item[1][3] if item[0] is op.SUBPATTERN else item[1])


def _flat(items: Sequence[Item]) -> list[Item]:
    items = list(items)
    while len(items) == 1 and items[0][0] is op.SUBPATTERN:
        items = _inside(items[0])
    return items


def _alternatives(items: list[Item]) -> list[list[Item]]:
    if len(items) == 1 and items[0][0] is op.BRANCH:
        return [_flat(each) for each in items[0][1][1]]
    return [items]


def _union(sets: Any) -> int:
    union = 0
    for each in sets:
        union |= each or 0
    return union


def _is_in(character: str, category: Any, ascii_only: bool) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    negated, name = name.startswith("NOT_"), name.removeprefix("NOT_")
    inside = {
        "DIGIT": character.isdecimal(),
        "SPACE": character.isspace(),
        "WORD": character.isalnum() or character == "_",
    }[name] and not (ascii_only and not character.isascii())
    return inside != negated
