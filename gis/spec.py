"""The one-line grammar that names models and tasks on the command line: ``name,key=value,name,…``."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gis.errors import UsageError, unknown_name

OPTION = re.compile(r"\s*[\w-]+\s*=")  # how an option begins


@dataclass(frozen=True)
class Spec:
    """A name with options, as typed.

    Attributes:
        name: An adapter, task, Hub id or path.
        options: The ``key=value`` parts that followed it.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the spec in the grammar that ``parse_spec`` reads, options sorted."""
        name = _in_quotes(self.name) if OPTION.match(self.name) else _quoted(self.name)
        return ",".join([name, *(f"{key}={_quoted(value)}" for key, value in sorted(self.options.items()))])

    def check_options(self, known: Collection[str]) -> None:
        """Raise a UsageError that names the close matches when an option is not in ``known``."""
        for key in self.options:
            if key not in known:
                if not known:
                    raise UsageError(f"'{self.name}' takes no options, but was given '{key}'")
                raise unknown_name(f"option of {self.name}", key, known)


def parse_specs(texts: Iterable[str]) -> list[Spec]:
    """Read ``sts12,gis,text=plain`` as two specs: a part with ``=`` belongs to the name before it.

    What stands before the ``=`` is then a word, such as ``text``: ``./lr=2e-5/final`` is a name. So is a first part in
    double quotes: ``"lr=2e-5",pooling=cls``. A part that holds a comma is put in double quotes, and a double quote in
    it is doubled: ``m,prompt="Summarise, in a word: {text}"``.

    Raises:
        UsageError: A part is empty, an option has no name before it or comes twice, or a quote is not closed.
    """
    specs: list[Spec] = []
    for text in texts:
        named: list[tuple[str, dict[str, str]]] = []
        for part in _split(text):
            if not part.text:
                raise UsageError(f"an empty name in '{text}'; write NAME,key=value,NAME")
            if not OPTION.match(part.text) or (part.quoted and not named):
                named.append((part.text, {}))
            elif named:
                key, _, value = part.text.partition("=")
                name, options = named[-1]
                if key.strip() in options:
                    raise UsageError(f"'{name}' was given the option '{key.strip()}' twice")
                options[key.strip()] = value
            else:
                raise UsageError(
                    f"'{part.text}' comes before any name in '{text}'; write NAME,{part.text}, or for a path "
                    f"./{part.text}"
                )
        specs += [Spec(name, options) for name, options in named]
    return specs


def parse_spec(text: str) -> Spec:
    """Read one spec.

    Raises:
        UsageError: As ``parse_specs``, or ``text`` names several.
    """
    specs = parse_specs([text])
    if len(specs) != 1:
        raise UsageError(f"one name is wanted here, not {len(specs)}: '{text}'")
    return specs[0]


def parse_joined(text: str) -> list[Spec]:
    """Read ``minilm,max_length=128+tfidf``: specs joined by ``+``, which does not join inside double quotes.

    As the value of an option, what holds a comma needs double quotes: ``models="minilm,max_length=128"+tfidf``.

    Raises:
        UsageError: One of them cannot be read.
    """
    parts, in_quotes = [""], False
    for piece in re.split('(["+])', text):
        in_quotes ^= piece == '"'
        if piece == "+" and not in_quotes:
            parts.append("")
        else:
            parts[-1] += piece
    return [parse_spec(part) for part in parts]


class _Part(NamedTuple):
    """What stands between two commas, and whether any of it was in double quotes."""

    text: str
    quoted: bool


def _split(text: str) -> list[_Part]:
    """Split at commas and trim blanks, except inside double quotes: a prompt may end in a blank."""
    parts: list[_Part] = []
    current, in_quotes, quoted, protected = "", False, False, 0  # protected: how much of current is never trimmed
    characters = iter(zip(text, f"{text[1:]} ", strict=False))
    for character, following in characters:
        if character == following == '"' and in_quotes:
            current += character
            next(characters)
        elif character == '"':
            in_quotes, quoted = not in_quotes, True
            protected = len(current)
        elif character == "," and not in_quotes:
            parts.append(_Part(current[:protected] + current[protected:].rstrip(), quoted))
            current, quoted, protected = "", False, 0
        elif in_quotes or current or not character.isspace():
            current += character
    if in_quotes:
        raise UsageError(f"a double quote is not closed in '{text}'")
    return [*parts, _Part(current[:protected] + current[protected:].rstrip(), quoted)]


def _quoted(part: str) -> str:
    return _in_quotes(part) if "," in part or '"' in part or part != part.strip() else part


def _in_quotes(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'
