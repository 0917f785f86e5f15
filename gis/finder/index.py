"""The index beside a store: texts, vectors and words of its issues, and the ranker; written whole or not at all.

It consists of segments, whose files never change. An index that is brought up to date is a new folder with the files of
the old segments under the same names on disk (hard links), and one more segment with what is new; of the old ones it
says which rows count no longer.
"""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gis.benchmark.results import own_sha256
from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.files import link_or_copy, load_json
from gis.finder.builder import Builder
from gis.finder.chain import Chain, LoadedChain, load_chain
from gis.finder.changes import Groups
from gis.finder.comparers import Comparer
from gis.finder.content import Content, Part
from gis.finder.leaks import unlearned
from gis.finder.ranker import Ranker, default_ranker, fit_ranker, ranker_of
from gis.finder.rerank import fit_reranker
from gis.finder.search import SearchedCorpus
from gis.finder.segments import read_segment, write_segment
from gis.finder.state import state_of
from gis.hashes import crc32_of_file, sha256_of
from gis.locks import held_alone
from gis.models.base import Encoder, LoadSettings
from gis.models.learned import Learned
from gis.replacing import folder_identity, is_being_replaced, new_folder, recover_folder
from gis.spec import Spec
from gis.versions import VERSION

SCHEMA = 4
MANIFEST = "index.json"
RULINGS, CLOSINGS, TIES = "rulings.npy", "closings.npy", "ties.json"
REFIT = 0.1  # change of the number of ruled duplicates from which the ranker is fitted anew
NAME_DIGITS = 16  # of a segment's hash
THREADS = 2  # that check files
ATTEMPTS, PAUSE = 100, 0.01  # to read an index that another process replaces; seconds between them


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index that was read.

    Attributes:
        path: Its folder.
        models: What it was made with.
        content: What it holds of its issues.
        searched: What is searched.
        ranker: How candidates are ranked.
        duplicates: How many ruled duplicates there were when the ranker was fitted.
        files: The size and the CRC-32 of each file, by its path in the folder.
    """

    path: Path
    models: Chain
    content: Content
    searched: SearchedCorpus
    ranker: Ranker
    duplicates: int
    files: Mapping[str, Sequence[int]]

    @property
    def identity(self) -> str:
        """The identity of the encoder."""
        return self.models.identity

    @property
    def chain(self) -> str:
        """The identity of all models that decide a score."""
        return self.models.sha256

    @property
    def learned(self) -> Learned:
        """What the models have learned from."""
        return self.models.learned

    @property
    def state(self) -> str:
        """What the store held when the index was made; see ``state_of``."""
        return self.content.state

    def encoder(self, load: LoadSettings) -> Encoder:
        """Return the encoder that the vectors are of; see ``Chain.encoder``."""
        return self.models.encoder(self.path, load)

    def comparer(self, load: LoadSettings, cache: Path | None) -> Comparer | None:
        """Return what re-ranks candidates; see ``Chain.comparer``."""
        return self.models.comparer(self.path, load, cache)


def index_path(store: Path) -> Path:
    """Return the folder of a store's index."""
    return store.with_name(f"{store.name}.index")


def build_index(
    store: Path,
    model: Spec,
    *,
    rerank: Spec | None = None,
    load: LoadSettings | None = None,
    cache: Path | None = None,
    reporter: Reporter = QUIET,
) -> Index:
    """Make the index of a store, or bring it up to date.

    Only what the store says was changed is read, until a tenth of the issues are new or changed; then everything is.
    Vectors are kept in the embedding cache, by the hash of a text and the identity of the model: what was embedded once
    is never embedded again.

    Args:
        store: The store that ``gis collect`` filled.
        model: The encoder.
        rerank: What compares an issue with its first candidates, text by text: see ``load_comparer``. None for nothing.
        load: How models are loaded.
        cache: Folder of the embedding cache; None keeps no embeddings, so that reading everything makes all anew.
        reporter: Shows progress.

    Raises:
        UsageError: The model has no embeddings, or the other one cannot re-rank.
        GisError: The store has no issues, is damaged, or has too few duplicates to weigh a re-ranker; or another
            process makes its index.
    """
    path = index_path(store)
    models = load_chain(path, model, rerank, load or LoadSettings(), cache)
    busy = GisError(f"{path} is being made by another gis index", remedy="wait for it")
    with Store(store, check=False) as opened, held_alone(path, busy):  # what is read of it is checked
        recover_folder(path)
        if path.exists() and not (path / MANIFEST).is_file():
            raise GisError(f"{path} is not an index of gis", remedy="move it away")
        before = _existing(store, reporter)
        if before is not None and before.identity != models.chain.identity:
            before = None
        if before is not None and _is_current(before, opened, models):
            reporter.say(f"{path} is up to date")
            return before
        builder = Builder(opened, models.encoder, cache, reporter)
        update = None if before is None else builder.updated(before.content, path / TIES)
        content, groups = update or builder.whole()
        _write(path, content, groups, models, before, reporter)
        del before, update, content  # which hold files open
    return read_index(store, check=False)


def _is_current(index: Index, store: Store, models: LoadedChain) -> bool:
    return (index.models.identities, index.state) == (models.chain.identities, state_of(store))


def _existing(store: Path, reporter: Reporter) -> Index | None:
    """Return the index that a store has; None where there is none, or it cannot be used."""
    if not index_path(store).exists():
        return None
    try:
        return read_index(store)
    except GisError as error:
        reporter.say(f"{error}; it is made again")
        return None


def _write(
    path: Path, content: Content, groups: Groups, models: LoadedChain, before: Index | None, reporter: Reporter
) -> None:
    """Write an index: its new segments, the links to its old ones, and last the manifest."""
    files: dict[str, Sequence[int]] = {}
    names = []
    with new_folder(path) as folder:
        for part in content.parts:
            name = part.name
            if name and before is not None:
                (folder / name).mkdir()
                for file in sorted((path / name).iterdir()):
                    link_or_copy(file, folder / name / file.name)
                    files[f"{name}/{file.name}"] = before.files[f"{name}/{file.name}"]
            else:
                write_segment(part.segment, folder / "new")
                sums = checksums(folder / "new")
                name = sha256_of(sums)[:NAME_DIGITS]
                (folder / "new").rename(folder / name)
                files |= {f"{name}/{file}": of_file for file, of_file in sums.items()}
            names.append(name)
        np.save(folder / RULINGS, content.rulings)
        np.save(folder / CLOSINGS, content.closings)
        (folder / TIES).write_text(json.dumps(groups, ensure_ascii=False), encoding="utf-8")
        files |= {name: checksum(folder / name) for name in (RULINGS, CLOSINGS, TIES)}
        ranker, duplicates = _ranker(content.searched(), models, before, reporter)
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "gis": VERSION,
            "chain": models.chain.to_json(),
            "state": content.state,
            "names": content.names,
            "repositories": list(zip(content.keys, content.repositories, strict=True)),
            "host": content.host,
            "ranker": ranker.content(),
            "duplicates": duplicates,
            "templates": {str(n): sorted(line.hex() for line in lines) for n, lines in content.templates.items()},
            "segments": [[name, sorted(part.dead)] for name, part in zip(names, content.parts, strict=True)],
            "files": files,
        }
        manifest["sha256"] = own_sha256(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")


def _ranker(
    searched: SearchedCorpus, models: LoadedChain, before: Index | None, reporter: Reporter
) -> tuple[Ranker, int]:
    """Return the ranker of an index, and how many duplicates it was fitted with: the last one, or one fitted anew."""
    duplicates = searched.corpus.older_duplicates
    same = before is not None and before.models.identities == models.chain.identities
    if before is not None and same and abs(len(duplicates) - before.duplicates) <= REFIT * before.duplicates:
        reporter.say(
            f"the ranker stays: {before.duplicates:,} issues were ruled duplicates when it was fitted, now "
            f"{len(duplicates):,}"
        )
        return before.ranker, before.duplicates
    usable = unlearned(searched.corpus, models.chain.learned)
    ranker = fit_ranker(searched, duplicates, usable, reporter=reporter) or default_ranker()
    if models.comparer is not None:
        ranker = fit_reranker(searched, duplicates, usable, ranker, models.comparer, reporter=reporter)
    return ranker, len(duplicates)


def checksum(path: Path) -> Sequence[int]:
    """Return the size and the CRC-32 of a file."""
    return [path.stat().st_size, crc32_of_file(path)]


def checksums(folder: Path) -> dict[str, Sequence[int]]:
    """Return the size and the CRC-32 of each file of a folder, by its path there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    with ThreadPoolExecutor(THREADS) as pool:
        return {
            file.relative_to(folder).as_posix(): of_file
            for file, of_file in zip(files, pool.map(checksum, files), strict=True)
        }


def read_index(store: Path, *, check: bool = True) -> Index:
    """Read the index of a store; its files are mapped into memory.

    Args:
        store: The store.
        check: Whether to compare each file with its checksum, which takes about a second for 4 GB.

    Raises:
        GisError: There is none, it is damaged, or is of another version of gis.
    """
    path = index_path(store)
    for _ in range(ATTEMPTS):
        before = folder_identity(path)
        try:
            index = _checked(path, store, check=check)
        except GisError:
            if _stands(path, before):
                raise
        else:
            if _stands(path, before):
                return index
        time.sleep(PAUSE)
    raise GisError(f"{path} is replaced again and again", remedy="wait for the other gis index")


def _stands(path: Path, before: tuple[int, int] | None) -> bool:
    """Return whether an index was not replaced while it was read: what was read would be of two."""
    return folder_identity(path) == before and not (before is None and is_being_replaced(path))


def _checked(path: Path, store: Path, *, check: bool) -> Index:
    if not path.is_dir():
        raise GisError(f"{store} has no index", remedy=f"make it: gis index --store {store}")
    again = f"make it again: gis index --store {store}"
    try:
        content = load_json(path / MANIFEST)
        if content["schema"] != SCHEMA or content["gis"] != VERSION:
            raise GisError(f"{path} is an index of another version of gis ({content['gis']})", remedy=again)
        if content["sha256"] != own_sha256(content):
            raise GisError(f"{path / MANIFEST} is damaged", remedy=again)
        files = content["files"]
        sizes = {name: (path / name).stat().st_size for name in files}
        with ThreadPoolExecutor(THREADS) as pool:
            sums = pool.map(lambda name: crc32_of_file(path / name) if check else files[name][1], files)
            for (name, expected), crc in zip(files.items(), sums, strict=True):
                if list(expected) != [sizes[name], crc]:
                    raise GisError(f"{path / name} is damaged", remedy=again)
        return _read(path, content)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GisError(f"{path} cannot be read ({reason})", remedy=again) from error


def _read(path: Path, manifest: Mapping[str, Any]) -> Index:
    content = Content(
        state=manifest["state"],
        names=manifest["names"],
        repositories=tuple(name for _, name in manifest["repositories"]),
        keys=tuple(key for key, _ in manifest["repositories"]),
        host=manifest["host"],
        templates={int(n): frozenset(map(bytes.fromhex, lines)) for n, lines in manifest["templates"].items()},
        parts=tuple(
            Part(segment=read_segment(path / name), dead=frozenset(dead), name=name)
            for name, dead in manifest["segments"]
        ),
        rulings=np.load(path / RULINGS),
        closings=np.load(path / CLOSINGS),
    )
    return Index(
        path=path,
        models=Chain.from_json(manifest["chain"]),
        content=content,
        searched=content.searched(),
        ranker=ranker_of(manifest["ranker"]),
        duplicates=manifest["duplicates"],
        files=manifest["files"],
    )
