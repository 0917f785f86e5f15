"""Issues that a label or their state calls duplicates, of whatever issue."""

import re

from gis.collector.store import Store
from gis.dataset.issues.table import Issues

# The words of labels that say that an issue is a duplicate: one of the first, and none but these.
DUPLICATE_IN_LABELS = frozenset(
    "dup dups dupe dupes duplicate duplicates duplicated duplicado duplicada duplicados duplicata doublon doublons"
    " duplikat duplikate doppelt duplicato doppione duplicaat dubbel mükerrer дубликат дубль 重复 重複 중복".split()
)
OTHER_WORDS_OF_LABELS = frozenset(
    "status state resolution reason type kind triage closed close closing resolved as is a an of marked this issue"
    " issues bug report ticket question invalid r s t x statut estado stato статус 状态 狀態 状態 상태".split()
)


def called_duplicates(store: Store, issues: Issues) -> set[int]:
    """Return the positions of issues whose label or state calls them duplicates, of whatever issue."""
    return {
        position
        for repository, key in enumerate(issues.keys)
        for position in called_duplicates_of(store, issues, repository, key)
    }


def called_duplicates_of(store: Store, issues: Issues, repository: int, key: int) -> dict[int, str]:
    """Return positions of a repository's issues that are called duplicates, and whether by "label" or "state"."""
    codes = [code for code, name in enumerate(issues.label_names) if is_duplicate_label(name)]
    called: dict[int, str] = {}
    if codes:
        for position in issues.of_repository(repository):
            if issues.label_codes(position).intersection(codes):
                called[position] = "label"
    query = "SELECT number FROM issues WHERE repository = ? AND state_reason = 'duplicate' AND gone IS NULL"
    for (number,) in store.rows(query, (key,)):
        closed_as_duplicate = issues.position(repository, number)
        if closed_as_duplicate is not None:
            called[closed_as_duplicate] = "state"
    return called


def is_duplicate_label(name: str) -> bool:
    """Return whether a label says that an issue is a duplicate, and not that it may be one or is about duplicates."""
    label_words = set(re.findall(r"[^\W_]+", name.lower()))
    says_so = not DUPLICATE_IN_LABELS.isdisjoint(label_words) and "?" not in name
    return says_so and label_words <= DUPLICATE_IN_LABELS | OTHER_WORDS_OF_LABELS
