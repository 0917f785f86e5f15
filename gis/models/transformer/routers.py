"""Routers of sentence-transformers, formerly Asym: modules that send texts on to other modules."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gis.models.transformer.folder_files import read_json_if_there

CONFIG_FILES = ("router_config.json", "config.json")  # the second is that of older versions
# Where texts of no task go, in the library's order.
TEXT_ROUTES = ("(None, 'text')", "(None, None)")
TEXT = "text"


def is_router(reference: str) -> bool:
    """Return whether ``reference`` names the class of a router."""
    return reference.rsplit(".", 1)[-1] in ("Router", "Asym")


def router_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of the router in ``folder``."""
    return next(filter(None, (read_json_if_there(folder / name) for name in CONFIG_FILES)), {})


def inner_modules(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield folder and type of the modules inside a router."""
    types = config.get("types")
    for name, reference in types.items() if isinstance(types, dict) else ():
        yield str(name), str(reference)


def modules_inside(folder: Path, reference: str) -> Iterator[tuple[Path, str]]:
    """Yield folder and type of a module and, where it is a router, of all modules inside it."""
    yield folder, reference
    if is_router(reference):
        for name, inner in inner_modules(router_config(folder)):
            yield from modules_inside(folder / name, inner)


def reader_of_texts(folder: Path, reference: str) -> tuple[Path, str]:
    """Return folder and type of the module that reads texts: the module given, or where a router sends them first."""
    while is_router(reference):
        config = router_config(folder)
        names = _route_of_texts(config)
        name = str(names[0]) if names else ""
        types = dict(inner_modules(config))
        if name not in types:
            return folder, reference
        folder, reference = folder / name, types[name]
    return folder, reference


def _route_of_texts(config: Mapping[str, Any]) -> list[Any]:
    """Return the names of the modules that a text goes through; none where the router has no route for it."""
    routes, settings = config.get("structure"), config.get("parameters") or {}
    if not isinstance(routes, dict) or not isinstance(settings, dict):
        return []
    mapped = settings.get("route_mappings") or {}
    chosen = [mapped[key] for key in TEXT_ROUTES if key in mapped]
    chosen += [TEXT] if TEXT in routes else []
    chosen += [settings["default_route"]] if settings.get("default_route") else []
    chosen += list(routes) if settings.get("allow_empty_key", True) else []
    names = routes.get(chosen[0]) if chosen else None
    return names if isinstance(names, list) else []
