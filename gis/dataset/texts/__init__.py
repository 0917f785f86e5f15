"""Stage 3: what each issue says, cleaned, redacted, compared."""
