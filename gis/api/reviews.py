"""Hand pairs to people who review elsewhere, and take their answers back."""

from pathlib import Path
from typing import TYPE_CHECKING

from gis.api.arguments import PathLike

if TYPE_CHECKING:
    from gis.annotation.exchange import Form, Imported


def export_reviews(
    folder: PathLike, path: PathLike, *, form: "Form" = "label-studio", limit: int | None = None, seed: int = 0
) -> int:
    """Write the pairs of a folder, with the answers so far, to a file that Argilla or Label Studio imports.

    Args:
        folder: Pairs with scores; the scores of pairs without an answer are not written.
        path: The file; it is replaced.
        form: "label-studio" or "argilla".
        limit: Write the first of the pairs only, which are of all scores in turn.
        seed: Seed of the order.

    Returns:
        The number of pairs.

    Raises:
        UsageError: The form is unknown.
        GisError: There are no pairs with scores, or the answers are broken.
    """
    from gis.annotation.bands import review_order
    from gis.annotation.exchange import export_reviews as export
    from gis.annotation.review import REVIEW, Reviews, load_scored

    pairs = load_scored(Path(folder))
    rows = review_order(pairs, seed)[:limit]
    export(Path(path), pairs, rows, Reviews(Path(folder) / REVIEW, pairs), form)
    return len(rows)


def import_reviews(folder: PathLike, path: PathLike) -> "Imported":
    """Add the answers of a file that Argilla or Label Studio exported to those in a folder.

    Of two answers of one reviewer to a pair, the newer counts.

    Args:
        folder: The pairs.
        path: The file, of either form.

    Returns:
        How many answers were added, were known, or are about other pairs.

    Raises:
        GisError: The file is of neither form, or none of its answers is about one of the pairs.
    """
    from gis.annotation.exchange import import_reviews as read
    from gis.annotation.review import REVIEW, Reviews, load_scored

    pairs = load_scored(Path(folder))
    return read(Path(path), pairs, Reviews(Path(folder) / REVIEW, pairs))
