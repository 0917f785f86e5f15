"""The way of a user: a dataset of the past, a model trained on it, an index by the model, and its backtest."""

from pathlib import Path

import pytest

from gis.finder import ranker as ranker_module
from tests.command_line import run_gis
from tests.dataset.stores import at, by_chance
from tests.finder.helpers import make_store

FIRST_ASKED = 261  # number of the first issue that the backtest asks about; one is opened every 1,000 seconds


@pytest.mark.slow
def test_a_model_of_the_past_is_judged_and_one_of_everything_is_not(
    tmp_path: Path, tiny_sentence_transformer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranker_module, "FEWEST_DUPLICATES", 20)
    store = make_store(tmp_path, by_chance(400, seed=3))

    def run(*command: str | Path) -> str:
        done = run_gis(*command)
        assert done.status == 0, done.err
        return done.out + done.err

    for name, until in (("past", ["--until", at(130_000)]), ("all", [])):
        run("build", "--store", store, "--output", tmp_path / name, *until)
        run(
            "train", "--model", tiny_sentence_transformer, "--task", tmp_path / name, "--output", tmp_path / f"m-{name}"
        )
    indexed = run("index", "--store", store, "--model", tmp_path / "m-past", "--cache", tmp_path / "cache")
    fitted = int(indexed.rpartition("fitted on ")[2].split()[0])
    assert 20 < fitted < 80  # of about eighty duplicates, those that the model has not seen
    tested = run("find", "--backtest", "--store", store)
    assert f"from {at(FIRST_ASKED * 1000)[:10]} on" in tested
    assert f"{tiny_sentence_transformer} learned from these issues" in tested.replace("\n", " ")
    other = ["--model", str(tmp_path / "m-all"), "--cache", str(tmp_path / "cache")]
    refused = run_gis("find", "--backtest", "--store", store, *other)
    assert refused.status == 1
    assert "the model was trained on octo/widgets as of 2020-01-05" in refused.err
