"""Issues whose texts are most similar: the hardest negatives.

Neighbours are searched for among some twenty thousand issues of the same repository that were opened around the same
time, so that the work grows with the number of issues and not with its square.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from gis.console import QUIET, Reporter
from gis.dataset.issues.table import Issues, blocks
from gis.dataset.texts.texts import Texts
from gis.models.nearest import Search

ISSUES_PER_BLOCK = 20_000
RANKS = slice(5, 50)  # of the neighbours that are taken; the nearest are often duplicates that nobody noticed


def find_neighbours(
    issues: Issues, texts: Texts, anchors: Sequence[int], search: Search, *, name: str, reporter: Reporter = QUIET
) -> Mapping[int, list[int]]:
    """Return the neighbours of each anchor, nearest first, of ranks 6 to 50.

    Args:
        issues: All issues.
        texts: Their texts.
        anchors: Positions of the issues whose neighbours are needed.
        search: Finds the most similar texts of a block.
        name: What progress lines call the work.
        reporter: Shows progress.
    """
    sorted_anchors = np.unique(np.array(anchors, np.int64))
    neighbours: dict[int, list[int]] = {}
    with reporter.track(name, len(sorted_anchors), "issues") as tracker:
        for block in blocks(issues, ISSUES_PER_BLOCK):
            block_anchors = sorted_anchors[
                np.searchsorted(sorted_anchors, block.start) : np.searchsorted(sorted_anchors, block.stop)
            ]
            if not len(block_anchors):
                continue
            rows = list(texts.between(block.start, block.stop))
            positions = np.array([position for position, _ in rows])
            queries = np.flatnonzero(np.isin(positions, block_anchors)).tolist()
            nearest = search([text for _, text in rows], queries, min(RANKS.stop + 1, len(rows)))
            for query, indices in zip(queries, nearest, strict=True):
                neighbours[int(positions[query])] = positions[indices[indices != query]][RANKS].tolist()
            tracker.advance(len(block_anchors), (tracker.done + len(block_anchors)) / len(sorted_anchors))
    return neighbours
