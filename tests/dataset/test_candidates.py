"""Pairs of a store that are worth asking about."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gis.dataset.candidates import Candidate, CandidateSettings, find_candidates, find_unread_comments
from gis.dataset.settings import TextSettings
from gis.errors import GisError, UsageError
from tests.dataset.stores import comment, fill, issue

BODIES = {
    1: "The export of large maps crashes with an error about missing memory.",
    2: "Please add a dark theme to the settings window for night owls.",
    3: "Exporting large maps crashes the program, the error says memory is missing.",
    4: "A dark theme for the settings window would help me at night.",
    5: "Large maps: the export crashes and complains about memory that is missing.",
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    issues = [
        issue(
            number,
            title=body[:20],
            body=f"{body} See #1." if number == 5 else body,
            opened=9000 if number == 1 else None,  # the lowest number was opened last, as in an import
            comments=[comment(4, "keeper", "Duplicate of #2", 9999)] if number == 4 else [],
            closed=9999 if number == 4 else None,
        )
        for number, body in BODIES.items()
    ]
    return fill(tmp_path / "issues.db", issues)


def pairs(store: Path, **settings: object) -> list[tuple[int, int]]:
    return [(pair.number1, pair.number2) for pair in candidates(store, **settings)]


def candidates(store: Path, **settings: object) -> list[Candidate]:
    return find_candidates(store, CandidateSettings(**{"neighbours": 1, **settings}))  # type: ignore[arg-type]


def test_each_issue_is_paired_with_its_nearest_the_later_one_first(store: Path) -> None:
    assert sorted(pairs(store)) == [(1, 5), (5, 3)]


def test_known_duplicates_are_taken_only_on_request(store: Path) -> None:
    assert (4, 2) not in pairs(store, neighbours=4)
    assert (4, 2) in pairs(store, known=True)


def test_texts_are_cleaned_as_in_a_dataset(store: Path) -> None:
    (text,) = {pair.text1 for pair in candidates(store) if pair.number1 == 5}
    assert text.endswith(BODIES[5])  # without the sentence that cites the other issue
    with pytest.raises(GisError, match="has no pair of issues to annotate"):
        candidates(store, text=TextSettings(min_words=100))


def test_issues_of_test_splits_and_their_duplicates_can_be_kept_apart(store: Path, tmp_path: Path) -> None:
    columns = {"repository1": ["octo/widgets"], "number1": [3], "repository2": ["octo/widgets"], "number2": [2]}
    ids = tmp_path / "built" / "ids" / "test-00000-of-00001.parquet"
    ids.parent.mkdir(parents=True)
    pq.write_table(pa.table(columns), ids)
    assert pairs(store, neighbours=4, known=True, apart_from=str(tmp_path / "built")) == [(1, 5)]
    assert len(pairs(store, apart_from="rust_issues")) == 2  # which ships with gis
    with pytest.raises(UsageError, match="no validation or test split that gis build made"):
        candidates(store, apart_from=str(tmp_path))
    ids.write_bytes(b"PAR1")
    with pytest.raises(GisError, match="cannot be read"):
        candidates(store, apart_from=str(tmp_path / "built"))


@pytest.mark.parametrize("neighbours", [0, 101])
def test_a_number_of_neighbours_out_of_range_is_refused(neighbours: int) -> None:
    with pytest.raises(UsageError, match="the number of neighbours"):
        CandidateSettings(neighbours=neighbours)


COMMENTS = {
    1: "Kiwis of the same tree as in #2 fell here, closing.",  # odd words that no pattern reads
    2: "Duplicate of #2",  # a pattern reads it
    3: "#1 #2 #3 #4 all close together",  # a list
    4: "See #2 for the theme.",  # no word of sameness
    5: "> the same as #2\n\nNo idea.",  # a quotation
    6: "El problema es el mismo que vimos en la ventana, véase #2 cuando puedas.",
}


@pytest.fixture
def commented(tmp_path: Path) -> Path:
    issues = [
        issue(
            number,
            title=f"Title {number}",
            closed=99_999,
            comments=[comment(10 * number, "keeper", COMMENTS[number - 2], 9000)] if number > 2 else [],
        )
        for number in range(1, 9)
    ]
    return fill(tmp_path / "issues.db", issues)


def test_comments_that_may_rule_and_that_no_pattern_reads(commented: Path) -> None:
    unread = find_unread_comments(commented)
    assert [(each.number1, each.number2, each.comment) for each in unread] == [(3, 2, "C30"), (8, 2, "C80")]
    assert unread[0].text1 == f"A comment on issue octo/widgets#3, Title 3\n\n{COMMENTS[1]}"
    assert unread[0].text2 == "Issue octo/widgets#2, Title 2"
    other = issue(1, closed=99_999, comments=[comment(1, "x", "The kiwis of octo/widgets#2 fell here already", 9)])
    fill(commented, [other], name="aaa/first", key=2)
    assert [each.text2 for each in find_unread_comments(commented) if each.repository1 == "aaa/first"] == [
        "Issue octo/widgets#2, Title 2"
    ]
    with pytest.raises(GisError, match="no comment that may be a ruling"):
        find_unread_comments(fill(commented.with_name("other.db"), [issue(1)]))
