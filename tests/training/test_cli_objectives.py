"""gis objectives as it is typed."""

import subprocess
import sys

from gis.models.losses import PRESETS
from tests.command_line import Gis

WITHOUT_TORCH = """
import sys
from gis.cli import app
app(["objectives"], standalone_mode=False)
assert "torch" not in sys.modules
"""


def test_every_objective_is_listed(gis: Gis) -> None:
    done = gis("objectives")
    assert done.status == 0
    assert all(name in done.out for name in PRESETS)


def test_listing_loads_no_torch() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH], check=True, capture_output=True)
