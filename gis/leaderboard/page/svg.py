"""Drawings of matplotlib as elements of a page: no style attributes, which the page forbids, and the page's colours."""

import re
from xml.etree import ElementTree as ET

from markupsafe import Markup

from gis.leaderboard.plots.style import BAND, COLOURS, FAINT, INK, PAPER, RULE

# Light and dark pages have colours of their own for these; the others can be seen on both.
VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    RULE: "var(--rule)",
    BAND: "var(--band)",
    PAPER: "var(--paper)",
    COLOURS[0]: "var(--blue)",
    "#000000": "var(--ink)",
}
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
NUMBER = re.compile(r"(?<!\d)-?\d++\.\d+")
SMALL = 10  # coordinates below it are of markers, which need a digit more
COMMAND = re.compile(r" ?([A-Za-z]) ?")  # of a path, where all blanks are single
PUNCTUATION = re.compile(r" ?([:;,]) ?")  # of a style
UPRIGHT = "rotate(-0 "


class Styles:
    """The styles of all drawings of a page, each once: a style attribute becomes the name of a class."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, declarations: str) -> str:
        """Return the class for the content of a style attribute."""
        single = " ".join(declarations.split())
        compact = PUNCTUATION.sub(r"\1", COLOUR.sub(lambda colour: VARIABLES.get(colour[0], colour[0]), single))
        return self._names.setdefault(compact, f"s{len(self._names)}")

    def css(self) -> str:
        """Return the rules of all classes."""
        return "".join(f".{name}{{{declarations}}}\n" for declarations, name in self._names.items())


def inline_svg(svg: str, key: str, description: str, styles: Styles) -> Markup:
    """Return an SVG file of matplotlib as an element of the page.

    Args:
        svg: The file.
        key: Begins its ids, which no other drawing of the page may have.
        description: What a screen reader says of it beside its title.
        styles: Takes its styles.
    """
    root = ET.fromstring(svg)
    title = next((child.text for child in root if _tag(child) == "title"), None)
    ids = {old: f"{key}{n}" for n, old in enumerate(filter(None, (element.get("id") for element in root.iter())))}
    drawing = _clean(root, ids, styles)
    _, _, width, height = root.attrib["viewBox"].split()
    drawing.attrib = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-labelledby": f"{key}-title {key}-desc"}
    for tag, text in (("desc", description), ("title", title or description)):
        element = ET.Element(tag, {"id": f"{key}-{tag}"})
        element.text = text
        drawing.insert(0, element)
    return Markup(ET.tostring(drawing, encoding="unicode").replace(" />", "/>"))  # ElementTree escapes what it writes


def _clean(element: ET.Element, ids: dict[str, str], styles: Styles) -> ET.Element:
    """Return a copy that HTML takes: without namespaces, blanks, metadata and empty groups."""
    tag = _tag(element)
    copy = ET.Element(tag, _attributes(element, ids, styles))
    if tag in ("text", "tspan"):
        copy.text, copy.tail = element.text, element.tail if tag == "tspan" else None
    for child in element:
        if _tag(child) in ("metadata", "style", "title"):
            continue
        cleaned = _clean(child, ids, styles)
        if cleaned.tag in ("g", "defs") and not cleaned.attrib and (cleaned.tag == "g" or not len(cleaned)):
            copy.extend(list(cleaned))  # a group that only groups
        else:
            copy.append(cleaned)
    return copy


def _tag(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _attributes(element: ET.Element, ids: dict[str, str], styles: Styles) -> dict[str, str]:
    attributes = {}
    for qualified, value in element.attrib.items():
        name = qualified.rpartition("}")[2]
        if name == "style":
            attributes["class"] = styles.name(value)
        elif name == "id":
            attributes["id"] = ids[value]
        elif name == "href":
            attributes["href"] = f"#{ids[value.removeprefix('#')]}"
        elif name == "clip-path":
            attributes[name] = f"url(#{ids[value.removeprefix('url(#').removesuffix(')')]})"
        elif not (name == "transform" and value.startswith(UPRIGHT)):
            short = " ".join(NUMBER.sub(_rounded, value).split())
            attributes[name] = COMMAND.sub(r"\1", short) if name == "d" else short
    return attributes


def _rounded(number: re.Match[str]) -> str:
    value = float(number[0])
    return f"{value:.{2 if abs(value) < SMALL else 1}f}".rstrip("0").rstrip(".")
