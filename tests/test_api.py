"""The Python API, used as its documentation shows."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

import gis
from gis import api
from gis.errors import GisError, UsageError
from gis.models.base import Encoder
from tests.dataset.stores import by_chance, fill

PAIRS = pd.DataFrame(
    {
        "text1": ["the lamp is red", "a door opens", "rain again", "the cat sleeps"],
        "text2": ["the lamp is red", "a door closes", "two cars", "a cat sleeps"],
        "label": [1, 0, 0, 1],
    }
)


def lengths(texts: list[str]) -> NDArray[np.float64]:
    return np.array([[len(text), 1.0] for text in texts])


def test_importing_gis_is_light() -> None:
    heavy = "torch|pandas|numpy|transformers|rich"
    code = f"import gis, re, sys; print([m for m in sys.modules if re.fullmatch('{heavy}', m)])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_api_is_what_gis_names() -> None:
    assert set(gis.__all__) <= set(dir(gis))
    for name in gis.__all__:
        assert getattr(gis, name).__doc__
    with pytest.raises(AttributeError, match="module 'gis' has no attribute 'benhc'"):
        gis.benhc  # noqa: B018


@pytest.mark.parametrize("name", [name for name in gis.__all__ if name != "losses"])
def test_every_parameter_is_documented(name: str) -> None:
    function = getattr(api, name)
    undocumented = [p for p in inspect.signature(function).parameters if f"{p}:" not in (function.__doc__ or "")]
    assert undocumented in ([], ["folder"])


def test_names_objects_files_and_frames_are_scored_together(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    PAIRS.to_json(path, orient="records", lines=True)
    results = gis.bench(["jaccard", lengths], [PAIRS, path, str(path)], cache=False)
    assert [(result.model.name, result.task.name) for result in results] == [
        (model, task) for model in ("jaccard", "lengths") for task in ("frame", "mine")
    ]
    frame = results.to_frame()
    assert set(frame.loc[frame.model == "jaccard", "auroc"]) == {0.875}
    assert list(results.pairs("lengths", "frame")["gold"]) == [1, 0, 0, 1]
    assert "lengths" in results.leaderboard()._repr_html_()
    assert not results.failures


def test_objects_in_memory_are_told_apart_by_names() -> None:
    with pytest.raises(UsageError, match=r"two models in memory are called 'lengths'"):
        gis.bench([lengths, lengths], PAIRS)
    results = gis.bench({"one": lengths, "other": lengths}, (frame for frame in [PAIRS]))
    assert [result.model.name for result in results] == ["one", "other"]


def test_only_texts_are_embedded(tiny_bert: Path) -> None:
    for texts in ([1], ["a", None]):
        with pytest.raises(UsageError, match="encode takes texts, not"):
            gis.load_model(tiny_bert).encode(texts)  # type: ignore[union-attr, arg-type]


def test_results_with_a_folder_are_read_again(tmp_path: Path) -> None:
    results = gis.bench("jaccard", PAIRS, output=tmp_path)
    again = gis.load_results(tmp_path)
    assert list(again) == list(results)
    pd.testing.assert_frame_equal(again.pairs("jaccard", "frame"), results.pairs("jaccard", "frame"))


def test_a_model_that_fails_is_named_and_the_others_are_scored(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(texts: list[str]) -> None:
        raise RuntimeError(f"no such layer for {len(texts)} texts")

    results = gis.bench([broken, "jaccard"], PAIRS, cache=False)
    assert [result.model.name for result in results] == ["jaccard"]
    assert [failure.model for failure in results.failures] == ["broken"]
    assert "warning: broken failed: RuntimeError: no such layer" in capsys.readouterr().err
    with pytest.raises(GisError, match="no such layer"):
        gis.bench(broken, PAIRS)


def test_messages_name_no_options_of_the_command_line(tmp_path: Path) -> None:
    gis.bench("jaccard", PAIRS, output=tmp_path / "results")
    for call in (
        lambda: gis.bench("jacard", PAIRS),
        lambda: gis.bench([], PAIRS),
        lambda: gis.bench("jaccard", "nothing-like-this"),
        lambda: gis.build(tmp_path / "none.db", tmp_path / "data"),
        lambda: gis.build(tmp_path / "none.db", tmp_path / "data", languages=["xx"]),
        lambda: gis.build(tmp_path / "none.db", tmp_path / "data", negatives={"dense": 1}),
        lambda: gis.collect(store=tmp_path / "new.db"),
        lambda: gis.load_results(tmp_path / "none"),
        lambda: gis.load_model("jacard"),
    ):
        with pytest.raises(GisError) as failure:
            call()
        assert "--" not in str(failure.value)
        assert str(failure.value)
        assert isinstance(failure.value.for_command_line, str)


@pytest.mark.slow
def test_a_dataset_is_built_scored_and_opened(tmp_path: Path) -> None:
    fill(tmp_path / "store.db", by_chance(400, 1))
    data = gis.build(tmp_path / "store.db", tmp_path / "issues", negatives={"random": 1, "bm25": 1})
    assert {"random", "bm25"} < set(data.pairs("train").stratum)
    assert sum(len(data.pairs(split)) for split in ("train", "valid", "test")) == data.report.pairs
    (result,) = gis.bench("jaccard", data, cache=False)
    assert result.task.name == "issues"
    with pytest.raises(UsageError, match="unknown config 'defautl'"):
        data.pairs(config="defautl")
    with pytest.raises(GisError, match="has no split dev"):
        data.pairs("dev")  # type: ignore[arg-type]


def test_a_loaded_model_embeds(tiny_bert: Path) -> None:
    model = gis.load_model(tiny_bert)
    assert isinstance(model, Encoder)
    assert model.encode(["one", "two words"]).shape[0] == 2
    assert model.encode(["one"]).dtype == np.float32


def test_a_dump_is_collected(tmp_path: Path) -> None:
    folder = tmp_path / "octo_widgets"
    folder.mkdir()
    (folder / "issues.jsonl").write_text(
        '{"id": 1, "node_id": "I_1", "number": 1, "title": "A", "body": "b", "state": "open", "labels": [], '
        '"comments": 0, "user": {"login": "ann", "type": "User"}, "author_association": "NONE", '
        '"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z", "closed_at": null, '
        '"repository_url": "https://api.github.com/repos/octo/widgets"}\n',
        encoding="utf-8",
    )
    store = gis.collect(source=folder, store=tmp_path / "issues.db")
    (report,) = store.reports
    assert (report.repository, report.issues) == ("octo/widgets", 1)
    (status,) = store.status()
    assert status.issues == 1


def test_the_losses_are_part_of_it() -> None:
    x = torch.randn(4, 6, requires_grad=True)
    loss = gis.losses.AngleLoss()(x, x.roll(1, 0), torch.tensor([1.0, 0.0, 1.0, 0.0]))
    loss.total.backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": -3}, "the size of a sample must be a whole number, 2 or more, not -3"),
        ({"limit": 2.5}, "not 2.5"),
        ({"seed": -1}, "the seed must be a whole number, 0 or more, not -1"),
        ({"precision": "int4"}, "unknown precision 'int4'"),
        ({"batch_tokens": 0}, "the number of tokens per forward pass must be"),
        ({"data": "nowhere"}, "the data folder nowhere: no such folder"),
    ],
)
def test_an_impossible_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        gis.bench("jaccard", PAIRS, cache=False, **options)


def test_arguments_of_the_wrong_kind_are_told(tmp_path: Path, tiny_bert: Path) -> None:
    with pytest.raises(UsageError, match=r"pass names one by one, each as OWNER/NAME"):
        gis.collect(["octo/widgets"], store=tmp_path / "issues.db")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="name no weights"):
        gis.build(tmp_path / "issues.db", tmp_path / "out", negatives=["random"])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="3 is not an objective"):
        gis.train(tiny_bert, "sample", output=tmp_path / "model", objective=3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="the name of jaccard for the leaderboard is empty"):
        gis.load_model("jaccard,name=")
    model = gis.load_model(tiny_bert)
    assert isinstance(model, Encoder)
    with pytest.raises(UsageError, match="encode takes a list of texts"):
        model.encode("one text")
    assert model.encode(text for text in ("a", "b")).shape[0] == 2  # type: ignore[arg-type]
