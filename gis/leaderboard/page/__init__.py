"""A leaderboard as one HTML file that needs neither network nor server."""
