"""A causal language model in this process grades pairs; what it answered is not computed twice."""

from pathlib import Path

import pytest

from gis.annotation.answers import AnswerFile
from gis.annotation.local import LocalAnnotator
from gis.annotation.output import ANSWERS
from gis.annotation.prompt import read_prompt
from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import LoadSettings
from tests.annotation.helpers import PAIRS, annotated, pairs_file
from tests.annotation.test_annotate import rows_of
from tests.tiny_models import save_causal

LOAD = LoadSettings(device="cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("local") / "model", positions=4096)


def test_each_pair_has_the_expected_level_in_both_orders(model: Path, tmp_path: Path) -> None:
    report = annotated(pairs_file(tmp_path), tmp_path / "out", f"transformers,model={model}", load=LOAD)
    assert (report.pairs, report.spent) == (len(PAIRS), {})
    for row in rows_of(tmp_path / "out"):
        assert sum(row["levels"]) == pytest.approx(1, abs=1e-5)
        assert row["score"] == pytest.approx(sum(n * part for n, part in enumerate(row["levels"])), abs=1e-5)
    answers = AnswerFile(tmp_path / "out" / ANSWERS)
    assert len(answers.by_key) == 7  # one pair has equal texts
    assert {answer.protocol for answer in answers} == {"next-token"}


def test_a_run_that_was_stopped_computes_only_the_rest(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"transformers,model={model},name=local"
    annotated(pairs_file(tmp_path), tmp_path / "whole", name, load=LOAD)
    ask, asked = LocalAnnotator.ask, []

    def stopped(self: LocalAnnotator, texts: tuple[str, ...]) -> object:
        asked.append(texts)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return ask(self, texts)

    monkeypatch.setattr(LocalAnnotator, "ask", stopped)
    with pytest.raises(KeyboardInterrupt):
        annotated(pairs_file(tmp_path), tmp_path / "out", name, load=LOAD)
    annotated(pairs_file(tmp_path), tmp_path / "out", name, load=LOAD)
    assert len(asked) == 3 + 1 + 4  # the fourth is asked again
    assert rows_of(tmp_path / "out") == rows_of(tmp_path / "whole")


def test_a_pair_that_is_too_long_is_left_out_with_the_reason(model: Path, tmp_path: Path) -> None:
    long = [*PAIRS, {"id": "long", "text1": "x" * 5000, "text2": "y"}]
    report = annotated(
        pairs_file(tmp_path, long), tmp_path / "out", f"transformers,model={model},name=local", load=LOAD
    )
    ((reason, count),) = report.left_out.items()
    assert count == 1
    assert "reads 4,096" in reason


def test_a_model_that_would_rather_say_something_else_is_named(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gis.annotation.annotate import annotate
    from gis.annotation.session import AnnotationSettings
    from gis.spec import Spec, parse_specs

    settings = AnnotationSettings(models=parse_specs([f"transformers,model={model},name=local"]), load=LOAD)
    annotate(Spec(str(pairs_file(tmp_path))), tmp_path / "out", settings, reporter=Reporter(quiet=True))
    assert "7 of 7 questions, local would rather have answered with something else" in capsys.readouterr().err


def test_another_model_under_the_same_path_is_another_annotator(tmp_path: Path) -> None:
    prompt = read_prompt("sts")
    first = LocalAnnotator(str(save_causal(tmp_path / "m")), prompt, LOAD, name="local")
    second = LocalAnnotator(str(save_causal(tmp_path / "m", seed=1)), prompt, LOAD, name="local")
    assert first.identity != second.identity


def test_a_model_that_is_not_there_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="no model folder"):
        annotated(pairs_file(tmp_path), tmp_path / "out", f"transformers,model={tmp_path / 'm'}", load=LOAD)
    assert not (tmp_path / "out").exists()
