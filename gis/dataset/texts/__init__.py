"""Stage 3: the text of each issue: cleaned, redacted and filtered."""
