"""Long-text similarity: datasets, models, a benchmark and a leaderboard."""

from importlib.metadata import version

__version__ = version("gis")
