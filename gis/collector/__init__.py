"""GitHub, or a dump of it, to a local store of issues, comments and every trace of a duplicate."""
