"""Check a folder of results before it is published."""

import json
from pathlib import Path

from huggingface_hub import DatasetCard, DatasetCardData

from gis.hub import CARD
from gis.leaderboard.retrieval import load_boards, with_retrieval
from gis.publishing.publication import (
    RESULTS_MANIFEST,
    Publication,
    files_of,
    foreign_file_problems,
    link_problems,
    secret_problems,
)

TEMPLATE = Path(__file__).with_name("results_card.md.jinja")
TEXTS = ("*.json", "*.md", "*.csv", "*.html")
PATTERNS = (*TEXTS, "*.parquet")


def prepare_results(folder: Path) -> Publication:
    """Check a results folder, and make its card, which shows the leaderboard, and its list of files."""
    files = files_of(folder)
    data = DatasetCardData(tags=["gis", "leaderboard"])
    leaderboard = with_retrieval(*load_boards(folder))
    card = f"{DatasetCard.from_template(data, template_path=str(TEMPLATE), leaderboard=leaderboard)}\n"
    files[CARD] = card.encode()
    files[RESULTS_MANIFEST] = (json.dumps({"schema": 1, "files": sorted(files)}, indent=1) + "\n").encode()
    problems = (
        *link_problems(folder),
        *foreign_file_problems(files, PATTERNS),
        *secret_problems(files, TEXTS),
    )
    return Publication(kind="results", files=files, card=card, problems=problems)
