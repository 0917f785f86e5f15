import errno
from functools import cache

import datasets
import pytest

from gis import hub
from gis.errors import GisError
from gis.hub import HubError, ask_hub, quiet_datasets


def asking(error: BaseException, *, offline: bool = False) -> None:
    with ask_hub("the model org/name", None, "give a folder", offline=offline):
        raise error


@pytest.fixture(autouse=True)
def _a_hub_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_answers", cache(lambda: True))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_an_error_of_this_machine_is_not_blamed_on_the_hub(number: int) -> None:
    with pytest.raises(OSError, match="disk") as caught:
        asking(OSError(number, "the disk", "/cache/file"))
    assert not isinstance(caught.value, HubError)


def test_an_error_of_the_program_is_not_blamed_on_the_hub() -> None:
    with pytest.raises(KeyError):
        asking(KeyError("a mistake"))


@pytest.mark.parametrize(
    "error", [ConnectionResetError(104, "reset"), TimeoutError("slow"), OSError("503 Server Error")]
)
def test_a_broken_connection_is_blamed_on_the_hub(error: Exception) -> None:
    with pytest.raises(HubError, match="no model org/name: the Hub answered, but then: ") as caught:
        asking(error)
    assert caught.value.remedy == "give a folder"


def test_an_error_of_the_http_library_is_blamed_on_the_hub() -> None:
    import sys

    from huggingface_hub import get_session

    library = sys.modules[type(get_session()).__module__.split(".", 1)[0]]
    with pytest.raises(HubError, match="the Hub answered, but then: broken off"):
        asking(library.HTTPError("broken off"))


def test_offline_names_the_option_in_the_remedy_alone() -> None:
    with pytest.raises(HubError) as caught:
        asking(OSError("no such entry"), offline=True)
    assert str(caught.value) == "no model org/name: offline, and the local Hub cache does not hold it"
    assert caught.value.remedy == "run without --offline, or give a folder"


def test_the_block_learns_whether_only_the_cache_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with ask_hub("the model org/name", None, "", offline=False) as local_only:
        assert not local_only
    with ask_hub("the model org/name", None, "", offline=True) as local_only:
        assert local_only
    monkeypatch.setattr(hub, "_answers", cache(lambda: False))
    with ask_hub("the model org/name", None, "", offline=False) as local_only:
        assert local_only


def test_the_switches_of_the_clients_are_put_back() -> None:
    from huggingface_hub import constants
    from huggingface_hub.utils import logging

    def switches() -> tuple[object, ...]:
        return (
            logging.get_verbosity(),
            constants.HF_HUB_OFFLINE,
            datasets.config.HF_HUB_OFFLINE,
            datasets.are_progress_bars_disabled(),
        )

    before = switches()
    with ask_hub("the dataset org/name", None, "", offline=True) as local_only, quiet_datasets(local_only=local_only):
        assert datasets.config.HF_HUB_OFFLINE
        assert switches() != before
    assert switches() == before


def test_errors_of_one_reason_become_one() -> None:
    misses: list[GisError] = [HubError(f"dataset org/{name}", "unreachable", f"put it in {name}") for name in "ab"]
    other = GisError("another")
    first, last = HubError.combined([misses[0], other, misses[1]])
    assert first.for_command_line == "no datasets org/a, org/b: unreachable; put it in a, and so for the others"
    assert last is other
