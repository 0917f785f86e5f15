"""Who is a bot."""

import pytest

from gis.dataset.labels.evidence import looks_like_a_bot


@pytest.mark.parametrize("login", ["triage[bot]", "dedupe-bot", "bot-five", "issueBot", "rustbot", "octo-ci"])
def test_logins_of_bots(login: str) -> None:
    assert looks_like_a_bot(login)


@pytest.mark.parametrize("login", ["ann", "abbot", "robotnik", "cicero"])
def test_logins_of_people(login: str) -> None:
    assert not looks_like_a_bot(login)
