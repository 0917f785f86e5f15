import json

import pytest

from gis.models.base import LEARNED, LoadSettings, ModelCard
from gis.models.fusion import Fusion
from gis.models.learned import Learned, learned_by, learned_by_weights, together
from gis.models.lexical import Jaccard
from gis.spec import Spec
from tests.benchmark.helpers import FakeEncoder

JACCARD = Jaccard(Spec("jaccard"), LoadSettings())
PAST = Learned({"octo/widgets": "2020-05-01T00:00:00Z"}, ("minilm",))


def trained(learned: Learned) -> FakeEncoder:
    """An encoder whose card says what it has learned, as that of a folder of gis train does."""
    model = FakeEncoder("trained")
    model.card = ModelCard(name="trained", identity="t", settings={LEARNED: json.dumps(learned.to_json())})
    return model


def test_the_latest_of_several_times_counts() -> None:
    later = Learned({"octo/widgets": "2021-01-01T00:00:00Z", "octo/gadgets": "2019-01-01T00:00:00Z"})
    assert together([PAST, later]) == Learned(later.newest, ("minilm",))


def test_words_have_learned_nothing_and_foreign_weights_something_unknown() -> None:
    assert learned_by(JACCARD) == Learned()
    foreign = FakeEncoder("foreign")
    foreign.card = ModelCard(name="foreign", identity="f", settings={"content_sha256": "c"})
    assert learned_by(foreign) == learned_by_weights("foreign", {}) == Learned(unknown=("foreign",))


@pytest.mark.parametrize("odd", ["[]", "{", '{"newest": {"octo/widgets": "soon"}, "unknown": []}', '{"newest": {}}'])
def test_what_a_folder_says_oddly_is_unknown(odd: str) -> None:
    assert learned_by_weights("edited", {LEARNED: odd}) == Learned(unknown=("edited",))


def test_a_model_of_several_has_learned_what_each_of_them_has() -> None:
    assert learned_by(trained(PAST)) == PAST
    assert learned_by(Fusion([trained(PAST), JACCARD])) == PAST
