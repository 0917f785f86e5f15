"""What several trainings share is said once."""

import pytest

from gis.console import Reporter
from gis.training.messages import OnceReporter


def test_a_message_is_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    once = OnceReporter(Reporter(), skipped=["unwanted"])
    for _ in range(2):
        once.say("data")
        once.warn("cut")
        once.warn("unwanted")
    assert capsys.readouterr().err == "data\nwarning: cut\n"


def test_it_is_as_quiet_as_its_reporter(capsys: pytest.CaptureFixture[str]) -> None:
    once = OnceReporter(Reporter(quiet=True))
    once.say("data")
    once.warn("cut")
    assert capsys.readouterr().err == "warning: cut\n"
