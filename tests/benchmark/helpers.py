"""Pairs, files, models and runs that the tests of the benchmark are made of."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.results import Result
from gis.benchmark.runner import RunSettings, run_model
from gis.benchmark.tasks import manifest
from gis.benchmark.tasks.catalogue import Task
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.console import QUIET, Reporter
from gis.hashes import sha256_of, sha256_of_file
from gis.models.base import EncodedBatch, Encoder, LoadSettings, Model, ModelCard

Row = Mapping[str, Any]

ROWS: tuple[Row, ...] = (
    {"id": "a", "text1": "the cat sat on the mat", "text2": "a cat sat on a mat", "score": 4.5},
    {"id": "b", "text1": "save file fails", "text2": "red green blue", "score": 0.5},
    {"id": "c", "text1": "window closes", "text2": "the window closes", "score": 5.0},
    {"id": "d", "text1": "memory leak in build", "text2": "build is slow", "score": 2.0},
    {"id": "e", "text1": "dog ran", "text2": "compiler panics", "score": 0.0},
    {"id": "f", "text1": "test fails", "text2": "the test fails on install", "score": 3.5},
)


def make_pairs(
    gold: Sequence[float],
    groups: Sequence[str] | None = None,
    grouped_by: Literal["subset", "stratum"] | None = None,
) -> Pairs:
    """Pairs with the given labels; every text is distinct."""
    n = len(gold)
    return Pairs(
        text1=tuple(f"left {row}" for row in range(n)),
        text2=tuple(f"right {row}" for row in range(n)),
        gold=np.array(gold, dtype=np.float64),
        ids=tuple(map(str, range(n))),
        groups=None if groups is None else tuple(groups),
        grouped_by=grouped_by,
    )


def jsonl(rows: Sequence[Row]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def write_jsonl(path: Path, rows: Sequence[Row] = ROWS) -> Path:
    """Write ``rows``, compressed where ``path`` ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = jsonl(rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def make_task(folder: Path, name: str, rows: Sequence[Row] = ROWS, limit: int | None = None) -> LoadedTask:
    """A task of its own, loaded from files as the command line would."""
    write_jsonl(folder / name / "test.jsonl", rows)
    return load_task(Task(name=name, folder=str(folder / name)), SourceSettings(limit=limit))


def sign_dataset(folder: Path, **fields: Any) -> None:  # noqa: ANN401
    """Write a manifest as a build does, with the hashes of the files as they are now."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != manifest.MANIFEST]
    files = {path.relative_to(folder).as_posix(): {"rows": 6, "sha256": sha256_of_file(path)} for path in paths}
    content = {"schema": 1, "files": files, **fields}
    (folder / manifest.MANIFEST).write_text(json.dumps({**content, "identity": sha256_of(content)}), encoding="utf-8")


class FakeEncoder(Encoder):
    """Vectors from a hash of the text, two texts a batch; remembers what it was asked to embed."""

    def __init__(self, name: str = "fake", *, salt: str = "", max_words: int | None = None) -> None:
        identity = sha256(f"{name} {salt} {max_words}".encode()).hexdigest()
        self.card = ModelCard(
            name=name, identity=identity, settings={"salt": salt}, max_tokens=max_words, length_unit="words"
        )
        self.asked: list[str] = []
        self.salt = salt
        self.max_words = max_words
        self.zero: frozenset[str] = frozenset()
        self.nan: frozenset[str] = frozenset()
        self.stop_after: int | None = None  # batches until the person presses Ctrl-C

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        for number, start in enumerate(range(0, len(texts), 2)):
            if number == self.stop_after:
                raise KeyboardInterrupt
            part = texts[start : start + 2]
            self.asked += part
            tokens = np.array([len(text.split()) for text in part], dtype=np.int64)
            yield EncodedBatch(
                rows=np.arange(start, start + len(part), dtype=np.intp),
                vectors=np.stack([self.vector(text) for text in part]),
                tokens=tokens,
                kept=tokens if self.max_words is None else np.minimum(tokens, self.max_words),
                share=min(1.0, (start + 2) / len(texts)),
            )

    def vector(self, text: str) -> NDArray[np.float32]:
        """The vector of ``text``."""
        if text in self.zero:
            return np.zeros(8, dtype=np.float32)
        if text in self.nan:
            return np.full(8, np.nan, dtype=np.float32)
        seed = int.from_bytes(sha256(f"{self.salt}{text}".encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(8).astype(np.float32)


def settings(folder: Path, *, force: bool = False, seed: int = 0, check_invariance: bool = False) -> RunSettings:
    """Results and cache below ``folder``."""
    return RunSettings(
        output=folder / "results",
        cache=folder / "cache",
        load=LoadSettings(seed=seed),
        force=force,
        check_invariance=check_invariance,
        command="gis bench",
    )


def run(model: Model, tasks: Sequence[LoadedTask], chosen: RunSettings, *, reporter: Reporter = QUIET) -> list[Result]:
    """Score ``model`` on ``tasks``, saying nothing unless to ``reporter``."""
    return [scored.result for scored in run_model(model, tasks, chosen, reporter=reporter)]


def texts_of(*tasks: LoadedTask) -> set[str]:
    """The distinct texts of several tasks."""
    return {text for task in tasks for text in (*task.pairs.text1, *task.pairs.text2)}


def number(metric: object) -> float:
    """A metric that must be defined."""
    assert isinstance(metric, float), metric
    return metric
