"""The first issues of a real repository, where all of them take too long."""

import gzip
import json
from pathlib import Path

LAST = 6000  # the number of the last issue


def write_part(dump: Path, folder: Path) -> Path:
    """Write a dump of the first issues of a dump."""
    folder.mkdir()
    for name, key in (("issues", "number"), ("comments", "issue_number"), ("cross_references", "number")):
        with gzip.open(dump / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            kept = [line for line in lines if json.loads(line)[key] <= LAST]
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8", compresslevel=1) as part:
            part.writelines(kept)
    return folder
