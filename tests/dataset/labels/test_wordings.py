"""How many wordings of rulings are read: a table of them, and the figures that docs/building.md states."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from gis.dataset.labels.replies import agrees, confirms
from gis.dataset.labels.rulings import rulings
from gis.markdown import table

WORDINGS = Path(__file__).parent / "data" / "wordings.tsv"
# Written without the rules in view; precision and recall when they were first tried, before the rules were mended
UNSEEN = {
    WORDINGS.with_name("unseen_wordings.tsv"): ("0.92", "0.77"),
    WORDINGS.with_name("unseen_wordings_2.tsv"): ("0.88", "0.69"),
}
DOCUMENT = Path(__file__).parents[3] / "docs" / "building.md"


class Wording(NamedTuple):
    """Comments on issue #5, and the issues that they rule it to be a duplicate of."""

    language: str
    kind: str
    targets: frozenset[int]
    comments: tuple[str, ...]

    @property
    def read(self) -> frozenset[int]:
        """The issues that the reader says that they rule it to be a duplicate of."""
        return frozenset(
            ruling.target.number
            for place, comment in enumerate(self.comments)
            for ruling in rulings(comment)
            if ruling.subject is None and ruling.target is not None
            if ruling.kind not in ("suggestion", "related")
            or (ruling.kind == "suggestion" and self._is_confirmed(place + 1))
        )

    def _is_confirmed(self, place: int) -> bool:
        later = self.comments[place:]
        return any(map(confirms, later)) or (bool(later) and agrees(later[0]))


def wordings(path: Path = WORDINGS) -> list[Wording]:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "language\t")):
            continue
        language, kind, targets, text = line.split("\t")
        numbers = frozenset() if targets == "-" else frozenset(map(int, targets.split(",")))
        comments = tuple(text.replace("\\n", "\n").replace("\\\\*", "\\*").split(" || "))
        rows.append(Wording(language, kind, numbers, comments))
    return rows


def figures(rows: Sequence[Wording], key: Callable[[Wording], str], title: str) -> str:
    """The table of precision and recall, one row for each value of ``key``."""
    lines = []
    for value in [*sorted({key(row) for row in rows} - {"all"}), "all"]:
        chosen = [row for row in rows if value in (key(row), "all")]
        said, read = [row for row in chosen if row.targets], [row for row in chosen if row.read]
        right = sum(row.read == row.targets for row in said)
        precision, recall = right / max(len(read), 1), right / max(len(said), 1)
        counts = str(len(said)), str(len(chosen) - len(said))
        lines.append([value, *counts, f"{precision:.2f}", f"{recall:.2f}"])
    return table([title, "rulings", "others", "precision", "recall"], lines)


def test_the_table_is_large_and_varied() -> None:
    rows = wordings()
    for chosen in ([row for row in rows if row.targets], [row for row in rows if not row.targets]):
        assert len(chosen) >= 200
        assert len({row.language for row in chosen}) >= 10
    assert 2 * sum(row.kind != "person" for row in rows) >= 0.9 * len(rows)


@pytest.mark.parametrize("title", ["kind", "language"])
def test_the_document_states_the_figures(title: str) -> None:
    block = figures(wordings(), lambda row: str(getattr(row, title)), title)
    assert cells(block) <= cells(DOCUMENT.read_text(encoding="utf-8")), block


def test_the_document_lists_what_is_missed() -> None:
    document = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    missed = [row for row in wordings() if row.read != row.targets]
    assert [row.comments[0] for row in missed if f'"{row.comments[0]}"' not in document] == []
    assert f"{len(missed)} of the {len(wordings())} are misread" in document


@pytest.mark.parametrize(("path", "at_first"), UNSEEN.items(), ids=lambda value: getattr(value, "stem", ""))
def test_the_document_states_the_figures_on_unseen_wordings(path: Path, at_first: tuple[str, str]) -> None:
    row = figures(wordings(path), lambda _: "all", "").splitlines()[-1]
    _, said, others, precision, recall = (cell.strip() for cell in row.strip("| ").split("|"))
    expected = (f"`{path.name}`", said, others, *at_first, precision, recall)
    assert expected in cells(DOCUMENT.read_text(encoding="utf-8")), expected


def cells(markdown: str) -> set[tuple[str, ...]]:
    """The rows of all tables, whatever the width of their columns."""
    rows = (line.strip("| ").split("|") for line in markdown.splitlines() if line.startswith("|"))
    return {tuple(cell.strip() for cell in row) for row in rows if not set("".join(row)) <= set(":- ")}
