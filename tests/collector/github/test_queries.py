"""Every query is valid against GitHub's public schema, with and without what older servers lack."""

from itertools import combinations

import graphql
import pytest

from gis.collector.github.queries import (
    OPTIONAL_FIELDS,
    more_comments_query,
    more_events_query,
    numbers_query,
    page_query,
    size_query,
    texts_query,
)
from tests.collector.server import schema

# Servers that lack nothing, any one or two of the optional fields, or all of them.
LACKING = [
    *(frozenset(fields) for count in range(3) for fields in combinations(sorted(OPTIONAL_FIELDS), count)),
    OPTIONAL_FIELDS,
]


@pytest.mark.slow
def test_all_queries_are_valid() -> None:
    github_schema = schema()
    queries = [more_comments_query(()), numbers_query(), size_query()]
    for lacking in LACKING:
        queries += [more_events_query(lacking), page_query(lacking, edits=True), page_query(lacking, edits=False)]
        queries.append(texts_query([1, 20], lacking))
    for query in queries:
        assert graphql.validate(github_schema, graphql.parse(query)) == []
    assert "duplicateOf" not in page_query(OPTIONAL_FIELDS, edits=False)
    assert "enableDuplicate: true" in page_query(frozenset(), edits=False)
