from pathlib import Path

import pytest

from gis.benchmark.tasks.catalogue import suites
from gis.errors import GisError
from gis.leaderboard.published import PUBLISHED, load_reported, read_reported

SOURCE = '[sources.a]\ntitle = "A"\nkind = "paper"\n'
MODEL = '[[models]]\nname = "m"\nsource = "a"\nscores = { stsb = 80.1 }\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_published_score_has_a_source_with_an_address() -> None:
    models = load_reported("published").models
    assert len(models) > 25
    assert all(model.source.address.startswith("https://") and model.place for model in models)
    assert len({(model.name, model.reported_in) for model in models}) == len(models)


def test_models_have_all_seven_sts_tasks_but_for_those_of_one_task() -> None:
    for model in read_reported(PUBLISHED):
        assert set(model.scores) == set(suites()["sts"]) or "domain" in model.name or model.same_as is not None


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    (model,) = load_reported(str(written(tmp_path, SOURCE + MODEL))).models
    assert (model.name, model.reported_in, model.scores) == ("m", "A", {"stsb": 80.1})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "sources"),
        ("not toml", "mine.toml is not a file of published scores"),
        (SOURCE + MODEL.replace("80.1", '"80"'), "number"),
        (SOURCE + MODEL.replace("80.1", "101"), "less than or equal to 100"),
        (SOURCE + MODEL.replace("80.1", "nan"), "finite"),
        (SOURCE + MODEL.replace("80.1", "true"), "number"),
        (SOURCE + MODEL + "colour = 1\n", "colour"),
        (SOURCE.replace("paper", "rumour") + MODEL, "kind"),
        (SOURCE + MODEL.replace('"a"', '"aa"'), "unknown source 'aa'"),
        (SOURCE + MODEL.replace("stsb", "stsbb"), "unknown task 'stsbb'"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(GisError, match=r"mine\.toml") as error:
        read_reported(written(tmp_path, text))
    assert reason in str(error.value)


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="publishd is not a file of published scores"):
        load_reported(str(tmp_path / "publishd"))
