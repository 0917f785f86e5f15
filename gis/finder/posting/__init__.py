"""What is found, written to GitHub: one comment on each issue, and suggestions to close as a duplicate."""
