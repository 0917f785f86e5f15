"""Collect GitHub issues into a local store: ``collect`` reads a ``Source`` (GitHub or a dump) into a ``Store``."""
