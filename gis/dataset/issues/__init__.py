"""Stage 1: the issues of a store, and which issue a reference means."""
