"""Long-text similarity: datasets, models, a benchmark and a leaderboard."""

from importlib.metadata import version

from gis.versions import DISTRIBUTION

__version__ = version(DISTRIBUTION)
