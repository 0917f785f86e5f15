"""The one-line grammar that names models and tasks on the command line: ``name,key=value,name,…``."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gis.errors import UsageError, unknown_name


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
        """Return the spec in the grammar that ``parse_specs`` reads, options sorted."""
        parts = [self.name, *(f"{key}={value}" for key, value in sorted(self.options.items()))]
        return ",".join(_quoted(part) for part in parts)

    def check_options(self, known: Collection[str]) -> None:
        """Raise a UsageError that names the close matches when an option is not in ``known``."""
        for key in self.options:
            if key not in known:
                if not known:
                    raise UsageError(f"'{self.name}' takes no options, but was given '{key}'")
                raise unknown_name(f"option of {self.name}", key, known)


def parse_specs(texts: Iterable[str]) -> list[Spec]:
    """Read ``sts12,gis,text=plain`` as two specs: a part with ``=`` belongs to the name before it.

    A part that holds a comma is put in double quotes: ``m,prompt="Summarise, in a word: {text}"``.

    Raises:
        UsageError: A part is empty, an option has no name before it, or a quote is not closed.
    """
    specs: list[Spec] = []
    for text in texts:
        named: list[tuple[str, dict[str, str]]] = []
        for part in _split(text):
            key, equals, value = part.partition("=")
            if not part:
                raise UsageError(f"an empty name in '{text}'; write NAME,key=value,NAME")
            if not equals:
                named.append((part, {}))
            elif named:
                named[-1][1][key.strip()] = value
            else:
                raise UsageError(f"'{part}' comes before any name in '{text}'; write NAME,{part}")
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


def _split(text: str) -> list[str]:
    """Split at commas and trim blanks, except inside double quotes: a prompt may end in a blank."""
    parts: list[str] = []
    current, quoted, protected = "", False, 0  # protected: how much of current a quote keeps from being trimmed
    for character in text:
        if character == '"':
            quoted = not quoted
            protected = len(current)
        elif character == "," and not quoted:
            parts.append(current[:protected] + current[protected:].rstrip())
            current, protected = "", 0
        elif quoted or current or not character.isspace():
            current += character
    if quoted:
        raise UsageError(f"a double quote is not closed in '{text}'")
    return [*parts, current[:protected] + current[protected:].rstrip()]


def _quoted(part: str) -> str:
    return f'"{part}"' if "," in part or part != part.strip() else part
