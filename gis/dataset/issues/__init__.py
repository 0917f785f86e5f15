"""Stage 1: which issues there are, and which issue a reference means."""
