"""Check the folder of an annotation before it is published."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gis.annotation.card import reviewed
from gis.annotation.output import REPORT, settings_of
from gis.annotation.review import load_scored
from gis.benchmark.tasks.manifest import MANIFEST, file_problems, recorded_hashes
from gis.dataset.texts.redaction import redact
from gis.files import load_json
from gis.hub import CARD
from gis.publishing.dataset import card_problems
from gis.publishing.publication import Publication, files_of, link_problems, read_card, secret_problems

SECRETS = ("key", "token")  # of what gis build redacts; addresses and mentions are the business of who wrote the pairs


def prepare_annotation(folder: Path) -> Publication:
    """Check the folder of an annotation: its files, its card, and secrets in texts.

    The answers and the reviews stay here: they may name servers and people. What the reviews say is on the card.
    """
    problems = [*link_problems(folder)]
    if settings_of(folder):
        hashes = recorded_hashes(load_json(folder / MANIFEST))
        problems += (f"{problem}; annotate again" for problem in file_problems(folder, hashes, hashes))
    else:
        hashes = {}
        problems.append(f"{MANIFEST} was changed since it was written; annotate again")
    files = {path: file for path, file in files_of(folder).items() if path in {*hashes, MANIFEST, CARD}}
    card = read_card(folder)
    problems += [*card_problems(card, files), *secret_problems(files, (MANIFEST, CARD, REPORT))]
    if not problems:
        card = f"{card.rstrip()}\n\n{reviewed(folder)}"
        files[CARD] = card.encode()
        problems += _secrets_in_texts(folder)
    return Publication(kind="dataset", files=files, card=card, problems=tuple(problems))


def _secrets_in_texts(folder: Path) -> Iterator[str]:
    counts: Counter[str] = Counter()
    pairs = load_scored(folder)
    for text in (*pairs.text1, *pairs.text2):
        redact(text, counts)
    if found := {kind: counts[kind] for kind in SECRETS if counts[kind]}:
        kinds = ", ".join(f"{count} of kind {kind}" for kind, count in found.items())
        yield f"the texts hold secrets: {kinds}; take them out of the pairs and annotate again"
