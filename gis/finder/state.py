"""What says whether a store has changed since an index was made of it."""

from gis.collector.store import Store
from gis.dataset.issues.table import load_names
from gis.hashes import sha256_of

REVISION = "revision"


def state_of(store: Store) -> str:
    """Return what is the same only while a store's issues stay as they are.

    It is the number of the last change; for stores that record none, a hash of when each issue was last changed.
    """
    if store.revision is not None:
        return f"{REVISION} {store.revision}"
    rows = store.rows(
        "SELECT r.name, number, updated_at FROM issues JOIN repositories AS r ON r.key = repository "
        "WHERE gone IS NULL ORDER BY r.name, number"
    )
    return sha256_of([list(row) for row in rows])


def names_of(store: Store) -> str:
    """Return a hash of the names of a store's repositories: where they change, a reference may mean another issue."""
    names, keys = load_names(store)
    return sha256_of([names.web_url, list(zip(keys, names.repositories, strict=True)), dict(names.index_by_name)])


def revision_in(state: str) -> int | None:
    """Return the number of the last change that a state names; None for that of a store that records none."""
    kind, _, number = state.partition(" ")
    return int(number) if kind == REVISION else None
