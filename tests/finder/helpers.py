"""A small store about machines, and its index by an encoder that exists only in tests."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from gis.collector.records import Issue
from gis.finder import chain
from gis.finder.index import Index, build_index
from gis.spec import Spec
from tests.benchmark.helpers import FakeEncoder
from tests.dataset.stores import comment, fill, issue

PANIC = "thread 'main' panicked at 'frobnicator is missing', src/main.rs:{}"
ISSUES: tuple[Issue, ...] = (
    issue(1, title="Frobnicator crashes on start", body=f"The app ends at once.\n\n{PANIC.format(10)}"),
    issue(2, title="Colours of the toolbar", body="The toolbar is too dark to read in the evening."),
    issue(3, title="App crashes when it is started", body=f"I see:\n\n{PANIC.format(99)}", author="another"),
    issue(4, title="Toolbar colours are unreadable", body="At night nobody can read the dark toolbar.", closed=9000),
    issue(
        5,
        title="Toolbar colours at night",
        body="Nobody can read the dark toolbar.",
        author="another",
        closed=9500,
        comments=[comment(5, "keeper", "Duplicate of #4", 9400)],
    ),
    issue(6, title="Tracking issue for colours", body="- the toolbar\n- the menus"),
    issue(7, title="The toolbar is dark", body="The toolbar is too dark for me to read."),
)


def encoder(monkeypatch: pytest.MonkeyPatch, *, name: str = "fake", salt: str = "") -> FakeEncoder:
    """Make every name of a model that of an encoder which knows nothing but equal texts."""
    model = FakeEncoder(name, salt=salt)
    monkeypatch.setattr(chain, "load_model", lambda _spec, _settings: model)
    return model


def make_store(folder: Path, issues: Iterable[Issue] = ISSUES) -> Path:
    return fill(folder / "issues.db", issues)


def make_index(store: Path, name: str = "fake") -> Index:
    return build_index(store, Spec(name), cache=store.parent / "cache")
