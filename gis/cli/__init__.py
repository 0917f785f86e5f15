"""The command line: parse, call, print. Nothing heavy is imported before it is needed."""

import gis.cli.ablate
import gis.cli.annotate
import gis.cli.bench  # each adds its verbs, in the order of gis --help
import gis.cli.build
import gis.cli.catalogue
import gis.cli.collect
import gis.cli.compare
import gis.cli.errors
import gis.cli.find
import gis.cli.hydrate
import gis.cli.leaderboard
import gis.cli.objectives
import gis.cli.outcomes
import gis.cli.plot
import gis.cli.publish
import gis.cli.review
import gis.cli.train  # noqa: F401
from gis.cli.app import State, app, main

__all__ = ["State", "app", "main"]
