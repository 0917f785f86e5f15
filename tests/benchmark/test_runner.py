import io
import json
import re
import traceback
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from gis.benchmark.results import pairs_path, read_result, result_path
from gis.benchmark.runner import run_model, run_models
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings
from gis.console import Reporter
from gis.errors import CombinedError, GisError, UsageError
from gis.models.base import LoadSettings, ModelCard, PairScorer
from gis.models.lexical import Jaccard, Pairs
from gis.models.registry import load_model
from gis.spec import Spec
from tests.benchmark.helpers import ROWS, FakeEncoder, Row, make_task, number, run, settings, texts_of, write_jsonl
from tests.errors import error_line
from tests.tiny_models import save_bert


@pytest.fixture
def task(tmp_path: Path) -> LoadedTask:
    return make_task(tmp_path / "data", "first")


@pytest.fixture
def overlapping(tmp_path: Path) -> LoadedTask:
    """A task that shares most of its texts with ``task``."""
    extra: Row = {"text1": "a new text", "text2": "window closes", "score": 1.0}
    return make_task(tmp_path / "data", "second", [*ROWS[2:], extra])


def changed(rows: tuple[Row, ...] = ROWS) -> list[Row]:
    return [*rows[:-1], {**rows[-1], "score": 0.25}]


def test_a_text_of_several_tasks_is_embedded_once(tmp_path: Path, task: LoadedTask, overlapping: LoadedTask) -> None:
    model = FakeEncoder()
    run(model, [task, overlapping], settings(tmp_path))
    assert sorted(model.asked) == sorted(texts_of(task, overlapping))


def test_a_text_of_a_later_run_is_not_embedded_again(tmp_path: Path, task: LoadedTask, overlapping: LoadedTask) -> None:
    run(FakeEncoder(), [task], settings(tmp_path))
    again = FakeEncoder()
    (result,) = run(again, [overlapping], settings(tmp_path))
    assert again.asked == ["a new text"]
    assert result.run.from_cache == result.texts.texts - 1


def test_a_second_run_embeds_nothing_and_gives_the_same(tmp_path: Path, task: LoadedTask) -> None:
    first = run(FakeEncoder(), [task], settings(tmp_path))
    again = FakeEncoder()
    assert run(again, [task], settings(tmp_path)) == first
    assert again.asked == []


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_an_interrupted_run_is_continued(tmp_path: Path, task: LoadedTask, batches: int) -> None:
    stopped, resumed = FakeEncoder(), FakeEncoder()
    stopped.stop_after = batches
    with pytest.raises(KeyboardInterrupt):
        run(stopped, [task], settings(tmp_path))
    (result,) = run(resumed, [task], settings(tmp_path))
    assert len(stopped.asked) == 2 * batches
    assert sorted(stopped.asked + resumed.asked) == sorted(texts_of(task))
    (whole,) = run(FakeEncoder(), [task], settings(tmp_path / "whole"))
    assert result.scores == whole.scores


def test_tasks_done_before_the_interruption_are_kept(tmp_path: Path, task: LoadedTask, overlapping: LoadedTask) -> None:
    run(FakeEncoder(), [task], settings(tmp_path))
    model = FakeEncoder()
    model.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        run(model, [task, overlapping], settings(tmp_path))
    assert result_path(tmp_path / "results", model.card, "first", None).is_file()


def test_two_models_of_one_name_share_nothing(tmp_path: Path, task: LoadedTask) -> None:
    one, two = FakeEncoder(salt="one"), FakeEncoder(salt="two")
    first, second = run(one, [task], settings(tmp_path)), run(two, [task], settings(tmp_path))
    assert first[0].model.name == second[0].model.name
    assert len(two.asked) == len(texts_of(task))
    assert first[0].scores != second[0].scores
    assert run(FakeEncoder(salt="one"), [task], settings(tmp_path)) == first


def test_two_local_folders_of_one_name_are_two_models(tmp_path: Path, task: LoadedTask) -> None:
    """Released mteb takes the second for the first and reports its scores."""
    results = []
    for seed in (1, 2):
        folder = save_bert(tmp_path / str(seed) / "my-model", seed=seed)
        model = load_model(Spec(str(folder)), LoadSettings(device="cpu"))
        results += run(model, [task], settings(tmp_path))
    first, second = results
    assert first.model.identity != second.model.identity
    assert first.scores.main != second.scores.main
    assert second.run.from_cache == 0
    assert len(list((tmp_path / "cache").rglob("*.sqlite"))) == 2
    assert len({path.parent for path in (tmp_path / "results").rglob("*.json")}) == 2


def test_one_folder_in_two_places_is_one_model(tmp_path: Path, task: LoadedTask, tiny_bert: Path) -> None:
    from tests.tiny_models import copy

    run(load_model(Spec(str(tiny_bert)), LoadSettings(device="cpu")), [task], settings(tmp_path))
    moved = copy(tiny_bert, tmp_path / "moved")
    (result,) = run(load_model(Spec(str(moved)), LoadSettings(device="cpu")), [task], settings(tmp_path))
    assert result.run.from_cache == result.texts.texts


def test_nan_vectors_name_the_text_and_keep_what_was_done(
    tmp_path: Path, task: LoadedTask, overlapping: LoadedTask
) -> None:
    run(FakeEncoder(), [task], settings(tmp_path))
    model = FakeEncoder()
    model.nan = frozenset({"a new text"})
    with pytest.raises(GisError, match=r"fake gave NaN or infinity .* 'a new text'"):
        run(model, [task, overlapping], settings(tmp_path))
    assert read_result(result_path(tmp_path / "results", model.card, "first", None)).task.name == "first"
    healed = FakeEncoder()
    assert len(run(healed, [task, overlapping], settings(tmp_path))) == 2
    assert healed.asked == ["a new text"]


class Broken(PairScorer):
    """Gives NaN for the third pair."""

    card = ModelCard(name="broken", identity="0" * 64)

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        return np.array([np.nan if row == 2 else row for row in range(len(pairs))], dtype=np.float64)


def test_nan_scores_name_the_pair(tmp_path: Path, task: LoadedTask) -> None:
    with error_line("broken gave NaN or infinity on first, first for pair c; check the model's weights"):
        run(Broken(), [task], settings(tmp_path))
    assert not list((tmp_path / "results").rglob("*.json"))


def test_force_scores_again(tmp_path: Path, task: LoadedTask) -> None:
    run(FakeEncoder(), [task], replace(settings(tmp_path), command="an earlier command"))
    assert run(FakeEncoder(), [task], settings(tmp_path))[0].run.command == "an earlier command"
    assert run(FakeEncoder(), [task], settings(tmp_path, force=True))[0].run.command == "gis bench"


def test_changed_data_is_scored_again(tmp_path: Path, task: LoadedTask) -> None:
    (first,) = run(FakeEncoder(), [task], settings(tmp_path))
    model = FakeEncoder()
    (second,) = run(model, [make_task(tmp_path / "data", "first", changed())], settings(tmp_path))
    assert second.task.sha256 != first.task.sha256
    assert second.scores.main != first.scores.main
    assert model.asked == []


def test_changed_sub_sets_are_scored_again(tmp_path: Path, task: LoadedTask) -> None:
    run(FakeEncoder(), [task], settings(tmp_path))
    rows = [{**row, "subset": "xy"[n % 2]} for n, row in enumerate(ROWS)]
    (second,) = run(FakeEncoder(), [make_task(tmp_path / "data", "first", rows)], settings(tmp_path))
    assert [view.view for view in second.scores.views] == ["all", "x", "y"]


def test_the_same_data_in_another_order_is_kept(tmp_path: Path, task: LoadedTask) -> None:
    first = run(FakeEncoder(), [task], settings(tmp_path))
    assert run(FakeEncoder(), [make_task(tmp_path / "data", "first", ROWS[::-1])], settings(tmp_path)) == first


def test_a_damaged_result_is_made_again(tmp_path: Path, task: LoadedTask) -> None:
    (first,) = run(FakeEncoder(), [task], settings(tmp_path))
    path = result_path(tmp_path / "results", first.model, "first", None)
    path.write_text("{", encoding="utf-8")
    (second,) = run(FakeEncoder(), [task], settings(tmp_path))
    assert second.scores == first.scores
    assert read_result(path) == second


@pytest.mark.parametrize("pairs", ["whole", "cut", "missing"])
def test_an_unverified_result_is_kept_if_its_pair_scores_can_be_read(
    tmp_path: Path, task: LoadedTask, pairs: str
) -> None:
    (first,) = run(FakeEncoder(), [task], settings(tmp_path))
    path = result_path(tmp_path / "results", first.model, "first", None)
    content = json.loads(path.read_text(encoding="utf-8"))
    old = {key: value for key, value in content.items() if key not in ("sha256", "pairs_sha256")}
    path.write_text(json.dumps({**old, "schema_version": 1}), encoding="utf-8")
    if pairs == "cut":
        pairs_path(path).write_bytes(pairs_path(path).read_bytes()[:-9])
    elif pairs == "missing":
        pairs_path(path).unlink()
    (second,) = run(FakeEncoder(), [task], settings(tmp_path))
    assert second.verified == (pairs != "whole")
    assert second.scores == first.scores


def test_a_damaged_result_is_scored_again_and_named(tmp_path: Path, task: LoadedTask) -> None:
    (first,) = run(FakeEncoder(), [task], settings(tmp_path))
    path = result_path(tmp_path / "results", first.model, "first", None)
    path.write_text(path.read_text(encoding="utf-8").replace('"main": ', '"main": 0'), encoding="utf-8")
    reporter = Reporter()
    reporter.console.file = io.StringIO()
    (second,) = [each.result for each in run_model(FakeEncoder(), [task], settings(tmp_path), reporter=reporter)]
    assert "first is scored again" in reporter.console.file.getvalue()
    assert read_result(path) == second


def test_a_result_of_another_model_in_the_place_of_this_ones_is_not_taken(tmp_path: Path, task: LoadedTask) -> None:
    (one,) = run(FakeEncoder(), [task], settings(tmp_path))
    (other,) = run(FakeEncoder(salt="x"), [task], settings(tmp_path))
    paths = [result_path(tmp_path / "results", each.model, "first", None) for each in (one, other)]
    for end in (".json", ".pairs.parquet"):
        source, target = [path.with_name(f"first{end}") for path in paths]
        target.write_bytes(source.read_bytes())
    (again,) = run(FakeEncoder(salt="x"), [task], settings(tmp_path))
    assert again.scores == other.scores != one.scores


def test_a_result_of_a_newer_gis_is_never_overwritten_unasked(tmp_path: Path, task: LoadedTask) -> None:
    (first,) = run(FakeEncoder(), [task], settings(tmp_path))
    path = result_path(tmp_path / "results", first.model, "first", None)
    newer = {**json.loads(path.read_text(encoding="utf-8")), "schema_version": 99}
    path.write_text(json.dumps(newer), encoding="utf-8")
    with pytest.raises(GisError, match="newer gis"):
        run(FakeEncoder(), [task], settings(tmp_path))
    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 99


def test_partial_results_have_files_of_their_own(tmp_path: Path, task: LoadedTask) -> None:
    part = make_task(tmp_path / "data", "first", limit=4)
    model = FakeEncoder()
    run(model, [part], settings(tmp_path))
    run(model, [task], settings(tmp_path))
    paths = [result_path(tmp_path / "results", model.card, "first", limit) for limit in (None, 4)]
    whole, partial = map(read_result, paths)
    assert (whole.texts.pairs, whole.task.limit) == (6, None)
    assert (partial.texts.pairs, partial.task.limit, partial.task.rows) == (4, 4, 6)
    assert any("partial" in note for note in partial.notes)
    assert len(pd.read_parquet(pairs_path(paths[1]))) == 4


def test_another_sample_is_scored_again(tmp_path: Path) -> None:
    part = make_task(tmp_path / "data", "first", limit=4)
    run(FakeEncoder(), [part], settings(tmp_path))
    (again,) = run(FakeEncoder(), [replace(part, seed=1)], settings(tmp_path))
    assert again.task.seed == 1


def test_zero_vectors_are_counted_and_score_0(tmp_path: Path, task: LoadedTask) -> None:
    model = FakeEncoder()
    model.zero = frozenset({ROWS[0]["text1"], ROWS[1]["text2"], ROWS[1]["text1"]})
    (result,) = run(model, [task], settings(tmp_path))
    assert result.texts.zero_vectors == 3
    assert any("3 texts have the zero vector" in note for note in result.notes)
    scores = pd.read_parquet(pairs_path(result_path(tmp_path / "results", model.card, "first", None)))["score"]
    assert scores[:2].tolist() == [0.0, 0.0]


def test_a_model_of_zero_vectors_only_is_undefined_with_a_reason(tmp_path: Path, task: LoadedTask) -> None:
    model = FakeEncoder()
    model.zero = frozenset(texts_of(task))
    (result,) = run(model, [task], settings(tmp_path))
    path = result_path(tmp_path / "results", model.card, "first", None)
    assert json.loads(path.read_text(encoding="utf-8"))["scores"]["main"] == {"undefined": "all scores are equal"}
    assert read_result(path) == result


def test_truncation_is_counted(tmp_path: Path, task: LoadedTask) -> None:
    (result,) = run(FakeEncoder(max_words=3), [task], settings(tmp_path))
    lengths = [len(text.split()) for text in texts_of(task)]
    texts = result.texts
    assert (texts.unit, texts.tokens, texts.tokens_kept) == ("words", sum(lengths), sum(min(3, n) for n in lengths))
    assert texts.truncated == sum(n > 3 for n in lengths)
    both = [(row["text1"].split(), row["text2"].split()) for row in ROWS]
    assert texts.pairs_truncated == sum(len(a) > 3 or len(b) > 3 for a, b in both)
    cut = f"{texts.truncated} of {texts.texts} texts were cut at 3 words"
    assert texts.tokens
    assert texts.tokens_kept
    assert f"{cut}; {texts.tokens_kept / texts.tokens:.1%} of all words were read" in result.notes


def test_truncation_of_a_real_encoder_is_counted(
    tmp_path: Path, tiny_sentence_transformer: Path, task: LoadedTask
) -> None:
    long = make_task(tmp_path / "data", "long", [*ROWS, {"text1": "cat " * 40, "text2": "dog", "score": 1}])
    model = load_model(Spec(str(tiny_sentence_transformer)), LoadSettings(device="cpu"))
    (whole, cut) = run(model, [task, long], settings(tmp_path))
    assert (whole.texts.truncated, cut.texts.truncated, cut.texts.pairs_truncated) == (0, 1, 1)
    assert cut.texts.tokens is not None
    assert cut.texts.tokens_kept is not None
    assert cut.texts.tokens - cut.texts.tokens_kept == 40 - (16 - 2)


def test_a_text_counts_once_a_task_however_many_pairs_it_is_in(tmp_path: Path) -> None:
    rows: list[Row] = [{"text1": "same", "text2": f"other {n}", "score": n} for n in range(4)]
    (result,) = run(FakeEncoder(), [make_task(tmp_path / "data", "t", rows)], settings(tmp_path))
    assert (result.texts.pairs, result.texts.texts, result.texts.tokens) == (4, 5, 9)


@pytest.mark.parametrize("model", [FakeEncoder(), Jaccard(Spec("jaccard"), LoadSettings())], ids=["encoder", "scorer"])
def test_the_pairs_file_reproduces_the_main_score_and_holds_no_text(
    tmp_path: Path, task: LoadedTask, model: FakeEncoder | Jaccard
) -> None:
    (result,) = run(model, [task], settings(tmp_path))
    pairs = pd.read_parquet(pairs_path(result_path(tmp_path / "results", model.card, "first", None)))
    assert pairs["id"].tolist() == [row["id"] for row in ROWS]
    assert spearmanr(pairs["score"], pairs["gold"]).statistic == pytest.approx(number(result.scores.main))
    assert {"text1", "text2"}.isdisjoint(pairs.columns)
    assert not set(pairs.astype(str).to_numpy().ravel()) & texts_of(task)


def test_the_pairs_file_numbers_equal_texts_alike(tmp_path: Path) -> None:
    rows = [
        {"text1": "a", "text2": "b", "label": 1.0},
        {"text1": "b", "text2": "c", "label": 2.0},
        {"text1": "d", "text2": "d", "label": 3.0},
    ]
    model = FakeEncoder()
    run(model, [make_task(tmp_path / "data", "t", rows)], settings(tmp_path))
    pairs = pd.read_parquet(pairs_path(result_path(tmp_path / "results", model.card, "t", None)))
    assert pairs["text_id1"][0] != pairs["text_id2"][0] == pairs["text_id1"][1]
    assert pairs["text_id1"][2] == pairs["text_id2"][2]
    assert len({*pairs["text_id1"], *pairs["text_id2"]}) == 4


def test_a_result_holds_the_width_of_the_vectors(task: LoadedTask, tmp_path: Path) -> None:
    (embedded,) = run(FakeEncoder(), [task], settings(tmp_path))
    (compared,) = run(Jaccard(Spec("jaccard"), LoadSettings()), [task], settings(tmp_path))
    assert embedded.model.dimension == FakeEncoder().encode(["a text"]).shape[1]
    assert compared.model.dimension is None


def test_the_pairs_file_holds_lengths_and_groups(tmp_path: Path) -> None:
    rows = [{**row, "subset": "xy"[n % 2]} for n, row in enumerate(ROWS)]
    model = FakeEncoder(max_words=3)
    run(model, [make_task(tmp_path / "data", "t", rows)], settings(tmp_path))
    pairs = pd.read_parquet(pairs_path(result_path(tmp_path / "results", model.card, "t", None)))
    assert pairs["subset"].tolist() == ["x", "y"] * 3
    assert pairs["tokens1"].tolist() == [len(row["text1"].split()) for row in ROWS]
    assert pairs["kept2"].tolist() == [min(3, len(row["text2"].split())) for row in ROWS]


def test_a_result_says_how_to_get_it_again(tmp_path: Path, task: LoadedTask) -> None:
    (result,) = run(FakeEncoder(), [task], replace(settings(tmp_path), command="gis bench --model fake"))
    assert result.run.command == "gis bench --model fake"
    assert {"gis", "python", "numpy", "torch"} <= set(result.run.versions)
    assert (result.run.precision, result.run.hardware, result.task.source) == ("fp32", ("cpu",), task.source)
    assert (result.task.splits, result.task.label, result.task.pinned) == (("test",), "graded", False)
    assert result.scores.other_similarities is not None
    assert set(result.scores.other_similarities) == {"manhattan", "euclidean"}


def test_the_cost_of_cached_texts_is_still_told(tmp_path: Path, task: LoadedTask) -> None:
    (first,) = run(FakeEncoder(), [task], settings(tmp_path))
    (again,) = run(FakeEncoder(), [task], settings(tmp_path, force=True))
    assert again.run.seconds == first.run.seconds
    assert (first.run.from_cache, again.run.from_cache) == (0, first.texts.texts)


def test_without_a_cache_every_run_embeds_all(tmp_path: Path, task: LoadedTask) -> None:
    chosen = replace(settings(tmp_path, force=True), cache=None)
    models = [FakeEncoder(), FakeEncoder()]
    for model in models:
        run(model, [task], chosen)
    assert models[0].asked == models[1].asked
    assert not (tmp_path / "cache").exists()


def test_tasks_whose_names_differ_in_odd_characters_only_are_both_kept(tmp_path: Path) -> None:
    model = Jaccard(Spec("jaccard"), LoadSettings())
    tasks = [make_task(tmp_path / "data", name) for name in ("a b", "a_b", "a?b")]
    run(model, tasks, settings(tmp_path))
    assert len(list((tmp_path / "results").rglob("*.json"))) == 3


@pytest.mark.parametrize("name", ["../outside", "..", "/etc/x", "a\\b", "con", "x" * 300, "模型", "."])
def test_a_models_name_never_leaves_the_results_folder(tmp_path: Path, name: str, task: LoadedTask) -> None:
    model = FakeEncoder(name)
    run(model, [task], settings(tmp_path))
    (path,) = tmp_path.rglob("first.json")
    assert path.resolve().is_relative_to((tmp_path / "results").resolve())
    assert len(path.relative_to(tmp_path / "results").parts) == 3


def test_warnings_are_reported_even_when_quiet_and_once_for_all_tasks(
    tmp_path: Path, task: LoadedTask, overlapping: LoadedTask, capsys: pytest.CaptureFixture[str]
) -> None:
    run_models([FakeEncoder(max_words=1)], [task, overlapping], settings(tmp_path))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("warning: ") == 1
    assert "warning: fake cut texts at 1 words and read " in err
    assert "of first, second" in err


def test_a_run_of_names_objects_and_frames_needs_no_folder(tmp_path: Path, task: LoadedTask) -> None:
    frame = pd.DataFrame(ROWS)
    path = write_jsonl(tmp_path / "third.jsonl")
    outcome = run_models(["jaccard", FakeEncoder()], [task, frame, path, str(path)])
    names = [(result.model.name, result.task.name) for result in outcome.results]
    assert names == [(model, name) for model in ("jaccard", "fake") for name in ("first", "frame", "third")]
    assert outcome.failures == ()
    (frame_scores,) = (s for s in outcome.scored if (s.result.model.name, s.result.task.name) == ("fake", "frame"))
    assert frame_scores.pairs()["id"].tolist() == [row["id"] for row in ROWS]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["data"]


def test_pairs_of_a_run_with_a_folder_are_read_from_it(tmp_path: Path, task: LoadedTask) -> None:
    first = run_models(["jaccard"], [task], settings(tmp_path))
    assert all(scored.table is None for scored in first.scored)
    again = run_models(["jaccard"], [task], settings(tmp_path))
    assert again.results == first.results
    pd.testing.assert_frame_equal(again.scored[0].pairs(), first.scored[0].pairs())
    (file,) = (tmp_path / "results").rglob("*.parquet")
    file.unlink()
    with pytest.raises(GisError, match="no per-pair scores beside it"):
        again.scored[0].pairs()


def test_a_model_that_fails_does_not_stop_the_others(task: LoadedTask) -> None:
    def fails(texts: list[str]) -> None:
        raise RuntimeError(f"no memory for {len(texts)} texts")

    outcome = run_models([fails, "jaccard"], [task])
    assert [result.model.name for result in outcome.results] == ["jaccard"]
    (failure,) = outcome.failures
    assert failure.model == "fails"
    assert str(failure.error) == "fails failed: RuntimeError: no memory for 12 texts"


class Panic(BaseException):
    """What a library in another language raises."""


@pytest.mark.parametrize(
    "error", [TypeError("half a text\nand a page more"), KeyError("x"), OSError("no weights"), Panic("panicked")]
)
def test_whatever_a_model_raises_the_others_are_scored(task: LoadedTask, error: BaseException) -> None:
    class Broken(FakeEncoder):
        def vector(self, text: str) -> NDArray[np.float32]:  # noqa: ARG002
            raise error

    outcome = run_models([Broken("broken"), "jaccard"], [task])
    (failure,) = outcome.failures
    assert [result.model.name for result in outcome.results] == ["jaccard"]
    first_line = str(error).splitlines()[0]
    assert str(failure.error) == f"broken: {type(error).__name__}: {first_line}"
    shown = "".join(traceback.format_exception(CombinedError([failure.error])))
    assert "in vector" in shown


def test_a_failed_model_leaves_memory_before_the_next_is_scored(task: LoadedTask) -> None:
    class Broken(FakeEncoder):
        def vector(self, text: str) -> NDArray[np.float32]:
            raise ValueError(text)

    class Witness(FakeEncoder):
        def vector(self, text: str) -> NDArray[np.float32]:
            assert weights() is None
            return super().vector(text)

    broken = Broken("broken")
    weights = weakref.ref(broken)
    models: list[object] = [broken, Witness("witness")]
    del broken
    outcome = run_models(iter([models.pop(0), models.pop(0)]), [task])
    assert [failure.model for failure in outcome.failures] == ["broken"]


def test_results_that_cannot_be_written_end_the_run(tmp_path: Path, task: LoadedTask) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(GisError, match="cannot be written"):
        run_models(["jaccard", "length"], [task], settings(tmp_path))


def test_half_of_a_character_is_noted_in_the_result(tmp_path: Path) -> None:
    rows = [*ROWS[1:], {**ROWS[0], "text1": "the cat \ud83d"}]
    task = make_task(tmp_path, "half", rows)
    for model in ("jaccard", FakeEncoder()):
        (result,) = run_models([model], [task], settings(tmp_path)).results
        assert result.texts.mended == 1
        assert "1 texts of the data hold half of a character, replaced by U+FFFD" in result.notes


def test_two_functions_of_one_name_are_refused(task: LoadedTask) -> None:
    with pytest.raises(UsageError, match="two models in memory are called 'function'"):
        run_models([lambda texts: np.eye(len(texts)), lambda texts: np.ones((len(texts), 2))], [task])


def test_a_function_is_scored_anew_in_every_run(tmp_path: Path, task: LoadedTask) -> None:
    calls: list[int] = []

    def lengths(texts: list[str]) -> NDArray[np.float64]:
        calls.append(len(texts))
        return np.array([[len(text), 1] for text in texts])

    for _ in range(2):
        outcome = run_models([lengths], [task], settings(tmp_path))
    assert calls == [len(texts_of(task))] * 2
    assert outcome.results[0].model.settings["identity_is"] == "declared, not verified"
    assert not (tmp_path / "cache").exists()


def test_samples_with_other_seeds_have_files_of_their_own(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "data" / "first" / "test.jsonl")
    for seed in (0, 5):
        chosen = replace(settings(tmp_path), source=SourceSettings(limit=4, seed=seed))
        (result,) = run_models(["jaccard"], [tmp_path / "data" / "first"], chosen).results
        assert result.task.sample == f"4 pairs, seed {seed}"
    names = sorted(path.name for path in (tmp_path / "results").rglob("*.json"))
    assert names == ["first.limit-4.json", "first.limit-4.seed-5.json"]


def test_every_model_ends_with_a_line_that_reports_its_speed(
    tmp_path: Path, task: LoadedTask, capsys: pytest.CaptureFixture[str]
) -> None:
    run_models([FakeEncoder(), "jaccard"], [task], settings(tmp_path), reporter=Reporter())
    lines = capsys.readouterr().err.splitlines()
    assert any(re.fullmatch(r"fake: 12 texts in 0\.\d s, [\d,]+ texts/s", line) for line in lines), lines
    assert "jaccard: 6 pairs in 0.0 s" in lines
    run_models([FakeEncoder()], [task], settings(tmp_path, force=True), reporter=Reporter())
    assert "fake: 12 texts, all from the cache" in capsys.readouterr().err
