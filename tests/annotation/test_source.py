"""What is annotated: pairs of files, and candidates of a store."""

from pathlib import Path

import pytest

from gis.annotation.source import candidate_settings
from gis.errors import GisError, UsageError
from gis.spec import parse_spec
from tests.annotation.helpers import annotated
from tests.annotation.test_annotate import rows_of
from tests.dataset.stores import fill, issue

BODIES = (
    "The export of large maps crashes with an error about missing memory.",
    "Exporting large maps crashes the program, the error says memory is missing.",
    "A dark theme for the settings window would help me at night.",
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(tmp_path / "issues.db", [issue(number + 1, body=body) for number, body in enumerate(BODIES)])


def test_candidate_pairs_of_a_store_are_annotated_like_any_other(store: Path, tmp_path: Path) -> None:
    annotated(store, tmp_path / "out", "jaccard")
    rows = rows_of(tmp_path / "out")
    assert [row["id"] for row in rows] == ["octo/widgets#2~#1", "octo/widgets#3~#1", "octo/widgets#3~#2"]
    assert rows[0]["score"] > rows[1]["score"]
    assert (rows[0]["repository1"], rows[0]["number1"], rows[0]["number2"]) == ("octo/widgets", 2, 1)
    assert BODIES[1] in rows[0]["text1"]


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="there is no store at"):
        annotated(tmp_path / "nothing.db", tmp_path / "out", "jaccard")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("neighbors=3", "option of issues.db"),
        ("neighbours=many", "neighbours must be a whole number, not 'many'"),
        ("neighbours=0", "the number of neighbours"),
        ("known=true", "known must be yes or no, not 'true'"),
        ("languages=english", "'english' is not an ISO 639-1 code"),
    ],
)
def test_an_option_of_a_store_that_means_nothing_is_refused(options: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        candidate_settings(parse_spec(f"issues.db,{options}"))


def test_options_of_a_store_are_read() -> None:
    settings = candidate_settings(
        parse_spec("issues.db,neighbours=7,dense=minilm,known=yes,apart_from=rust,languages=de+fr")
    )
    assert (settings.neighbours, str(settings.dense), settings.known) == (7, "minilm", True)
    assert (settings.apart_from, settings.text.languages) == ("rust", ("de", "fr"))
    assert candidate_settings(parse_spec("issues.db,languages=any")).text.languages == ()
