"""What an archive held, in figures: a folder of tables, and a plot."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gis.archive.collect import ArchiveReport
from gis.archive.tables import REASONS, USED
from gis.errors import GisError
from gis.files import make_folder
from gis.leaderboard.plots.style import COLOURS, save_figure, style
from gis.markdown import csv_text, escape, table
from gis.replacing import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUMMARY, FILES, RULINGS, ABOUT, PLOT = "README.md", "files.csv", "rulings.csv", "about.json", "rulings.svg"
LANGUAGES_SHOWN = 8
LINES = (*USED, *REASONS)


def write_report(folder: Path, report: ArchiveReport) -> bool:
    """Write what became of every line, by file, and how many comments rule, by year, kind and language.

    Returns:
        Whether the plot is among them: it needs matplotlib.
    """
    make_folder(folder)
    files: list[list[object]] = [
        [file.name, count.total(), *(count[line] for line in LINES), ""] for file, count in report.lines.by_file.items()
    ]
    files += [[each.file.name, 0, *(0 for _ in LINES), each.reason] for each in report.unread]
    write_text(folder / FILES, csv_text(["file", "lines", *LINES, "not read"], files))
    rulings = sorted((*key, count) for key, count in report.candidates.rulings.items())
    write_text(folder / RULINGS, csv_text(["year", "kind", "language", "comments"], rulings))
    write_text(folder / ABOUT, json.dumps(report.about, indent=2) + "\n")
    write_text(folder / SUMMARY, "\n".join(_summary(report)) + "\n")
    try:
        figure = rulings_figure(report)
    except GisError:
        return False
    save_figure(figure, folder / PLOT)
    return True


def rulings_figure(report: ArchiveReport) -> "Figure":
    """Draw how many comments rule, by year and kind.

    Raises:
        GisError: matplotlib is not installed.
    """
    with style():
        from matplotlib.figure import Figure

        by_year = _by_year(report)
        figure = Figure(figsize=(6, 3.2), layout="constrained", label="comments that rule, by year")
        axes = figure.add_subplot(xlabel="year", ylabel="comments")
        floor = Counter[str]()
        for kind, colour in zip(_kinds(report), COLOURS * 2, strict=False):
            heights = [by_year[year][kind] for year in by_year]
            axes.bar(list(by_year), heights, bottom=[floor[year] for year in by_year], color=colour, label=kind)
            for year in by_year:
                floor[year] += by_year[year][kind]
        if by_year:
            axes.legend()
        return figure


def _summary(report: ArchiveReport) -> Iterator[str]:
    """Yield the lines of the page."""
    total = report.lines.total
    yield f"# {escape(report.hours.archive)}\n"
    if report.hours.days:
        yield f"{len(report.hours.files):,} files, {' to '.join(report.hours.days)}. Every line is one of these:\n"
    rows = [[line, f"{total[line]:,}"] for line in LINES if total[line]]
    yield table(["lines", "number"], [*rows, ["all", f"{total.total():,}"]], align=["left", "right"])
    yield "\n".join(["", *(f"- {escape(note)}" for note in report.notes()), ""])
    yield "## Comments that say which issue theirs duplicates\n"
    kinds, by_year = _kinds(report), _by_year(report)
    rows = [[year, *(f"{count[kind]:,}" for kind in kinds)] for year, count in by_year.items()]
    yield table(["year", *kinds], rows, align=["left", *["right"] * len(kinds)])
    languages: Counter[str] = Counter()
    for (_, _, language), count in report.candidates.rulings.items():
        languages[language or "not certain"] += count
    rows = [[name, f"{count:,}"] for name, count in languages.most_common(LANGUAGES_SHOWN)]
    yield f"\n{table(['language', 'comments'], rows, align=['left', 'right'])}"


def _kinds(report: ArchiveReport) -> list[str]:
    return sorted({kind for _, kind, _ in report.candidates.rulings})


def _by_year(report: ArchiveReport) -> dict[str, Counter[str]]:
    by_year: dict[str, Counter[str]] = {}
    for (year, kind, _), count in sorted(report.candidates.rulings.items()):
        by_year.setdefault(year, Counter())[kind] += count
    return by_year
