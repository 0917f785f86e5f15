import pytest

from gis.finder.gate import gate


@pytest.mark.parametrize(
    "title",
    [
        "Tracking issue for foo",
        "[Meta] colours",
        "Epic: a new window",
        "Colours (tracking issue)",
        "Umbrella issue for x",
    ],
)
def test_titles_of_epics_are_known(title: str) -> None:
    assert gate(title, f"{title}\n\nsome text here")


@pytest.mark.parametrize("title", ["Metadata is lost", "Mouse tracking is slow", "Epicurean fonts", "Issue tracking"])
def test_other_titles_are_searched(title: str) -> None:
    assert gate(title, f"{title}\n\nsome text here") == ""


def test_a_list_of_tasks_is_an_epic() -> None:
    tasks = "\n".join(f"- [{'x' if n % 2 else ' '}] part {n}" for n in range(5))
    assert gate("Colours", f"Colours\n\n{tasks}") == "it is a list of tasks"
    assert gate("Colours", "Colours\n\n- [x] I searched for duplicates\n- [ ] I read this") == ""


def test_a_text_without_words_says_nothing() -> None:
    assert gate("", "") == gate("Help", "Help!") == "it has fewer than 3 words"
