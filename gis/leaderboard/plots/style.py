"""How plots look, and how they are written to files: the same results give the same bytes."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gis.errors import GisError, UsageError
from gis.masking import masked
from gis.replacing import write_atomically
from gis.text import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".svg", ".png", ".pdf")
INK, FAINT, RULE, BAND, PAPER = "#222222", "#6f6f6f", "#d9d9d9", "#efefef", "#ffffff"
# Okabe and Ito's palette, for any kind of colour blindness, and shapes for black and white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
SHAPES = ("o", "s", "^", "D", "v", "P", "X")
WIDTH = 7.2  # inches: the text of a page
LONGEST_NAME = 44  # characters of a model's name in a plot
FONT = "DejaVu Sans"  # comes with matplotlib, so that every machine makes the same layout
FONTS_IN_SVG = f"'{FONT}', Verdana, sans-serif"  # the second is as wide as the first
STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": PAPER,
    "font.family": FONT,
    "font.size": 8.5,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "svg.hashsalt": "gis",
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollar signs
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}
UNDATED: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "gis"},
    ".png": {"Software": "gis"},
    ".pdf": {"CreationDate": None, "Creator": "gis", "Producer": "gis"},
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of gis inside the block, whatever the user's own settings are.

    Raises:
        GisError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise GisError("plots need the extra 'plot': pip install 'gis-similarity[plot]'") from error
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(cast(Any, STYLE))
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # SVG leaves the font to the reader
        yield


def check_ending(path: Path) -> None:
    """Raise for a file that is not an image of a known kind, by its ending."""
    if path.suffix.lower() not in ENDINGS:
        *others, last = ENDINGS
        remedy = f"choose a file that ends in {', '.join(others)} or {last}"
        raise UsageError(f"{path} does not say which kind of image it should be", remedy=remedy)


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure as the image that the ending of ``path`` names; equal figures give equal bytes.

    Raises:
        GisError: The ending is not .svg, .png or .pdf, or the file cannot be written.
    """
    check_ending(path)
    ending = path.suffix.lower()
    content = svg_text(figure).encode() if ending == ".svg" else _image(figure, ending)
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def svg_text(figure: "Figure", *, title: str = "") -> str:
    """Return a figure as SVG, its text as text.

    Elements have only the ids that others refer to, which depend on what they draw: so several figures can stand in one
    page.

    Args:
        figure: What a function of ``gis.leaderboard.plots`` drew.
        title: What a screen reader calls it; the figure's own label when empty.
    """
    svg = _image(figure, ".svg", title=shown(title or str(figure.get_label()))).decode()
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in used else "", svg)
    return svg.replace(f"'{FONT}'", FONTS_IN_SVG)


def _image(figure: "Figure", ending: str, title: str = "") -> bytes:
    metadata = {**UNDATED[ending], **({"Title": title} if title else {})}
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=ending[1:], metadata=metadata)
    return buffer.getvalue()


def shown(text: str) -> str:
    """Return what people may see of a text."""
    return visible(masked(text))


def short_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a model's name with the middle left out where it is long: names mostly differ at their ends."""
    text = shown(name)
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"
