"""The finder: which issues of a store a new one may be a duplicate of, with reasons."""
