"""A leaderboard as one HTML file that needs neither network nor server."""

from gis.leaderboard.page.page import render_page

__all__ = ["render_page"]
