"""Settings of a build: recipes, weights of strata, and what is refused before any work."""

from pathlib import Path
from typing import Any

import pytest

from gis.dataset.settings import DEFAULT_SHARES, LANGUAGES, PAPER_RATIO, RECIPES, BuildSettings
from gis.errors import UsageError
from gis.spec import Spec


def test_a_recipe_without_changes_is_the_recipe() -> None:
    assert BuildSettings.from_recipe() == BuildSettings() == RECIPES["gis"]
    paper = BuildSettings.from_recipe("paper")
    assert paper == RECIPES["paper"]
    assert (paper.shares, paper.ratio, paper.match) == ({"random": 1.0}, PAPER_RATIO, False)
    assert (paper.text.form, paper.text.languages, paper.text.min_words) == ("html", (), 1)


def test_what_is_given_changes_the_recipe_and_nothing_else() -> None:
    settings = BuildSettings.from_recipe("paper", text="plain", languages=["en", "de"], policy="mine.toml", seed=7)
    assert (settings.text.form, settings.text.languages) == ("plain", ("en", "de"))
    assert (settings.policy, settings.seed) == (Path("mine.toml"), 7)
    assert (settings.shares, settings.ratio) == ({"random": 1.0}, PAPER_RATIO)


def test_weights_of_strata_become_shares() -> None:
    assert BuildSettings.from_recipe(negatives={"random": 1, "bm25": 3}).shares == {"random": 0.25, "bm25": 0.75}
    assert BuildSettings.from_recipe(negatives={"same_label": 5}).shares == {"same_label": 1.0}


def test_an_encoder_adds_the_stratum_dense_with_the_mean_weight_of_the_others() -> None:
    settings = BuildSettings.from_recipe(dense="minilm")
    assert settings.shares == pytest.approx(dict.fromkeys((*DEFAULT_SHARES, "dense"), 1 / 6))
    assert settings.dense == Spec("minilm")
    settings = BuildSettings.from_recipe(negatives={"random": 3, "dense": 1}, dense=Spec("minilm"))
    assert settings.shares == {"random": 0.75, "dense": 0.25}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": "papers"}, "unknown recipe 'papers'. Did you mean paper?"),
        ({"negatives": {"randm": 1}}, "unknown stratum 'randm'. Did you mean random?"),
        ({"negatives": {}}, "name at least one stratum of negatives: random, same_label"),
        ({"negatives": {"random": 0}}, "must be from 0.000001 to 1,000,000"),
        ({"negatives": {"random": float("nan")}}, "must be from 0.000001 to 1,000,000"),
        ({"negatives": {"random": 1e308, "bm25": 1e308}}, "must be from"),
        ({"negatives": {"dense": 1}}, "negatives of the stratum 'dense' need an encoder"),
        ({"ratio": float("nan")}, "the ratio of negatives to positives must be from 0 to 1000, not nan"),
        ({"closure": -1}, "closure and seed must not be negative"),
        ({"text": "latex"}, "unknown text format 'latex'"),
        ({"min_words": 0}, "the limits must be at least 1: min_words 0"),
        ({"languages": "en"}, "'e' is not an ISO 639-1 code"),
        ({"languages": ["xx"]}, "'xx' is not an ISO 639-1 code of a language that can be detected"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        BuildSettings.from_recipe(**options)


def test_the_languages_are_those_that_the_detector_knows() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detected = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).labels
    assert set(LANGUAGES) == {code for code in detected if len(code) == 2}
