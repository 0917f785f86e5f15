"""Texts for a dataset that was shared without them: fetched from GitHub and cleaned as the build cleaned them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gis.collector.github.client import Client
from gis.collector.records import Reference
from gis.collector.source import NotFoundError
from gis.console import Reporter
from gis.dataset.issues.names import RepositoryNames
from gis.dataset.output.layout import PAIRS
from gis.dataset.output.manifest import MANIFEST, SCHEMA
from gis.dataset.output.writer import sha256
from gis.dataset.texts.cleaning import clean
from gis.errors import GisError
from gis.files import new_folder, write_text

TOGETHER = 100  # issues of a query: one point
ISSUE = """issue(number: {number}) {{
  title body
  userContentEdits(last: 1) {{ nodes {{ diff }} }}
  timelineItems(first: 1, itemTypes: [RENAMED_TITLE_EVENT]) {{
    nodes {{ ... on RenamedTitleEvent {{ previousTitle }} }}
  }}
}}"""
Key = tuple[str, int]  # OWNER/NAME and number


@dataclass(frozen=True)
class Hydrated:
    """What came of it.

    Attributes:
        pairs: Pairs by split, both texts of which are there.
        same: Issues whose text is that of the build.
        changed: Issues whose text has changed since.
        gone: Issues that are no longer there.
    """

    pairs: Mapping[str, int]
    same: int
    changed: int
    gone: int


def hydrate(folder: Path, output: Path, client: Client, reporter: Reporter, *, only_same: bool) -> Hydrated:
    """Fill the texts in.

    Args:
        folder: With the config ``ids`` and the manifest of ``gis build``.
        output: Folder to make; its ``data`` has the columns of the config ``default``.
        client: Asks GitHub.
        reporter: Shows progress.
        only_same: Leave out texts that have changed since the build.

    Raises:
        GisError: The folder is none of ``gis build``, the output exists, or GitHub fails for good.
    """
    splits = {path.name.split("-")[0]: path for path in sorted((folder / "ids").glob("*.parquet"))}
    if not splits or not (folder / MANIFEST).is_file():
        raise GisError(f"{folder} holds no ids/*.parquet and {MANIFEST} of gis build")
    if output.exists():
        raise GisError(f"{output} exists; give another --output")
    manifest = _manifest(folder)
    rows = {split: pq.read_table(path).to_pylist() for split, path in splits.items()}
    wanted = {key: row for found in rows.values() for row in found for key in (_key(row, 1), _key(row, 2))}
    original = manifest["settings"]["text"]["original"]
    texts: dict[Key, str] = {}
    counts: Counter[str] = Counter()
    with reporter.track("texts", len(wanted), "issues") as tracker:
        for key, title, body, first_title, first_body in _fetched(client, sorted(wanted)):
            side = 1 if key == _key(wanted[key], 1) else 2
            if wanted[key][f"body_state{side}"] == "created":
                body = first_body or body
            made, same = None, False
            # a store from a dump knows of no first titles
            for each in dict.fromkeys(filter(None, (title, original and first_title))):
                if not same:
                    made = _cleaned(manifest, key, each, body, wanted[key][f"cut{side}"])
                    same = sha256(made) == wanted[key][f"sha256_{side}"]
            counts["gone" if made is None else "same" if same else "changed"] += 1
            if made is not None and (same or not only_same):
                texts[key] = made
            tracker.advance(1, (tracker.done + 1) / len(wanted))
    filled: dict[str, list[dict[str, Any]]] = {}
    for split, found in rows.items():
        there = [row for row in found if _key(row, 1) in texts and _key(row, 2) in texts]
        filled[split] = [{**row, "text1": texts[_key(row, 1)], "text2": texts[_key(row, 2)]} for row in there]
    pairs = {split: len(found) for split, found in filled.items()}
    result = Hydrated(pairs, counts["same"], counts["changed"], counts["gone"])
    if not any(filled.values()):
        raise GisError(f"no pair is left: {result.same} texts as built, {result.changed} changed, {result.gone} gone")
    _write(output, {splits[split].name: found for split, found in filled.items()}, _card(result, manifest))
    return result


def _manifest(folder: Path) -> dict[str, Any]:
    """What the build wrote of itself."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        needed = (manifest["identity"], manifest["templates"], manifest["names"], manifest["settings"]["text"]["form"])
        newer = manifest["schema"] > SCHEMA
    except (ValueError, KeyError, TypeError) as error:
        raise GisError(f"{path} is broken: {error!r}") from error
    if newer or None in needed:
        raise GisError(f"{path} was written by a newer gis; update gis to read it")
    return manifest


def _write(output: Path, files: Mapping[str, list[dict[str, Any]]], card: str) -> None:
    """Write the folder, whole or not at all."""
    with new_folder(output) as folder:
        (folder / "data").mkdir()
        for name, rows in files.items():
            table = pa.Table.from_pylist([{column: row.get(column) for column in PAIRS.names} for row in rows], PAIRS)
            pq.write_table(table, folder / "data" / name)
        write_text(folder / "README.md", card)


def _key(row: Mapping[str, Any], side: int) -> Key:
    return row[f"repository{side}"], row[f"number{side}"]


def _fetched(client: Client, keys: Sequence[Key]) -> Iterator[tuple[Key, str | None, str, str | None, str | None]]:
    """Each issue with its title and body of today and as first written; no title where it is gone."""
    by_repository: dict[str, list[int]] = defaultdict(list)
    for repository, number in keys:
        by_repository[repository].append(number)
    for repository, numbers in by_repository.items():
        owner, name = repository.split("/")
        for start in range(0, len(numbers), TOGETHER):
            part = numbers[start : start + TOGETHER]
            fields = "\n".join(f"i{number}: {ISSUE.format(number=number)}" for number in part)
            query = (
                "query Texts($owner: String!, $name: String!) { rateLimit { cost } "
                f"repository(owner: $owner, name: $name) {{ {fields} }} }}"
            )
            try:
                found = client.graphql(query, {"owner": owner, "name": name})["data"]["repository"]
            except NotFoundError:
                found = {}
            for number in part:
                node = found.get(f"i{number}")
                if node is None:
                    yield (repository, number), None, "", None, None
                    continue
                edits = (node.get("userContentEdits") or {}).get("nodes") or []
                renames = node["timelineItems"]["nodes"]
                first_title = renames[0].get("previousTitle") if renames else None
                first_body = edits[0]["diff"] if edits else None
                yield (repository, number), node["title"], node["body"], first_title, first_body


def _cleaned(manifest: Mapping[str, Any], key: Key, title: str, body: str, cut: Sequence[str]) -> str:
    """The text as the build made it, of the same title and body."""
    templates = frozenset(bytes.fromhex(line) for line in manifest["templates"].get(key[0], ()))
    repositories = tuple(sorted({*manifest["names"].values(), key[0]}))
    index = {name: place for place, name in enumerate(repositories)}
    names = RepositoryNames(repositories, {name: index[home] for name, home in manifest["names"].items()})

    def cites(reference: Reference) -> bool:
        return names.canonical(reference, index[key[0]]) in cut

    return clean(title, body, templates, cites, manifest["settings"]["text"]["form"]).text


def _card(result: Hydrated, manifest: Mapping[str, Any]) -> str:
    files = "".join(f"  - split: {split}\n    path: data/{split}-00000-of-00001.parquet\n" for split in result.pairs)
    pairs = ", ".join(f"{count:,} in {split}" for split, count in result.pairs.items())
    return (
        "---\nlicense: other\nlicense_name: texts-belong-to-their-authors\nconfigs:\n- config_name: default\n  "
        f"data_files:\n{files}---\n\n"
        "# GitHub issue similarity, hydrated\n\n"
        f"Pairs of the dataset {manifest['identity'][:12]} whose texts are on GitHub today: {pairs}. "
        f"Of the issues, {result.same:,} read as they did, {result.changed:,} have changed, {result.gone:,} are gone.\n"
    )
