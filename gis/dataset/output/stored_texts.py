"""Read the titles and bodies of issues that are known by number from a store."""

from collections.abc import Iterable, Iterator

from gis.collector.records import IssueText
from gis.collector.store import Store


def stored_texts(store: Store, issues: Iterable[tuple[str, int]]) -> Iterator[IssueText]:
    """Yield the text of every issue that the store holds.

    Args:
        store: What ``gis collect`` filled.
        issues: OWNER/NAME and number of each issue; issues that are not in the store, or vanished, yield nothing.
    """
    keys = {name.lower(): key for name, key in store.rows("SELECT name, repository FROM names")}
    for repository, number in issues:
        rows = store.rows(
            "SELECT title, coalesce(body, ''), original_body, (SELECT detail FROM events AS e "
            "WHERE e.repository = i.repository AND e.number = i.number AND kind = 'renamed' AND detail IS NOT NULL "
            "ORDER BY created_at LIMIT 1) FROM issues AS i WHERE repository = ? AND number = ? AND gone IS NULL",
            (keys.get(repository.lower()), number),
        )
        for title, body, first_body, first_title in rows:
            yield IssueText(repository, number, title, body, first_title=first_title, first_body=first_body)
