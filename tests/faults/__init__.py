"""What strangers, kills, races and damage do to gis: each kind in a module, for the tests of every part."""

import os

THOROUGH = os.environ.get("GIS_FAULTS") == "all"  # all kills, draws and data, not a part of each
