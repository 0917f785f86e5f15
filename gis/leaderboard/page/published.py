"""What the page says of published scores: how far they agree with measured ones, and where they are from."""

from gis.leaderboard.agreement import differences, sources
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.page.tables import PlainTable, plain_table


def agreement_table(board: Leaderboard) -> PlainTable | None:
    """Return the measured and the published scores of the same models; None where there are none."""
    rows = [
        (
            each.model,
            each.task,
            f"{each.measured:.2f}",
            f"{each.reported:.2f}",
            f"{each.difference:.2f}",
            each.quoted.name,
            each.quoted.reported_in,
        )
        for each in differences(board)
    ]
    if not rows:
        return None
    return plain_table(
        "Published scores of the same models",
        "Spearman × 100 of all pairs of the published data, and measured less published",
        ["model", "task", "measured", "published", "difference", "published as", "in"],
        rows,
    )


def source_table(board: Leaderboard) -> PlainTable | None:
    """Return where published scores are from; None where there are none."""
    rows = [(each.title, each.kind, each.citation or "–", each.address or "–") for each in sources(board.reported)]
    if not rows:
        return None
    return plain_table("Sources of published scores", "", ["source", "kind", "cite", "address"], rows, words=True)
