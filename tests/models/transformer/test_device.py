import pytest
import torch

from gis.models.transformer import device
from gis.models.transformer.device import choose_devices, describe_devices
from tests.errors import error_line

CPU = torch.device("cpu")


def test_all_gpus_are_chosen_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(name: str, precision: str = "fp32") -> torch.device:  # noqa: ARG001
        return torch.device("cuda" if name == "auto" else name)

    monkeypatch.setattr(device, "choose_device", choose)
    for count, expected in ((1, ["cuda"]), (3, ["cuda:0", "cuda:1", "cuda:2"])):
        monkeypatch.setattr(torch.cuda, "device_count", lambda count=count: count)
        for name in ("auto", "cuda"):
            assert [str(chosen) for chosen in choose_devices(name)] == expected
    for name in ("cuda:1", "cpu", "mps"):
        assert [str(chosen) for chosen in choose_devices(name)] == [name]


def test_int8_has_one_device() -> None:
    assert choose_devices("auto", "int8") == [CPU]


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without CUDA")
def test_a_device_that_is_not_there_is_refused() -> None:
    with error_line("no device 'cuda:7' here"):
        choose_devices("cuda:7")


def test_equal_devices_are_counted() -> None:
    assert describe_devices([CPU]).startswith("cpu: ")
    assert describe_devices([CPU, CPU]) == f"2 × {describe_devices([CPU])}"
