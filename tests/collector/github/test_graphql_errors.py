"""What the body of a GraphQL answer says: answered, to be repeated, refused, or unknown to the server."""

from typing import Any

import pytest

from gis.collector.github.graphql_errors import Failure, check_answer, temporary_failure
from gis.collector.source import NotFoundError, UnknownFieldsError
from gis.errors import GisError


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ({"data": {"repository": {}}}, None),
        ({"data": None, "errors": [{"message": "Parse error"}]}, None),
        ({"errors": [{"type": "RESOURCE_LIMITS_EXCEEDED"}]}, Failure("GitHub ran out of time", too_large=True)),
        ({"errors": [{"message": "Something went wrong"}]}, Failure("GitHub ran out of time", too_large=True)),
        ({"data": None}, Failure("GitHub answers without data")),
        (None, Failure("GitHub answers without data")),
    ],
)
def test_a_failure_may_be_mended_by_a_repetition(body: Any, failure: Failure | None) -> None:  # noqa: ANN401
    assert temporary_failure(body) == failure


@pytest.mark.parametrize(
    ("error", "field"),
    [
        ({"message": "Field 'duplicateOf' doesn't exist on type 'Issue'"}, "Issue.duplicateOf"),
        ({"message": "Cannot query field 'duplicateOf' on type 'Issue'."}, "Issue.duplicateOf"),
        (
            {"extensions": {"code": "undefinedField", "typeName": "Issue", "fieldName": "duplicateOf"}},
            "Issue.duplicateOf",
        ),
        (
            {"message": "Field 'stateReason' doesn't accept argument 'enableDuplicate'"},
            "stateReason(enableDuplicate)",
        ),
        (
            {"message": "Unknown argument 'enableDuplicate' on field 'Issue.stateReason'."},
            "stateReason(enableDuplicate)",
        ),
    ],
)
def test_unknown_fields_are_named(error: dict[str, Any], field: str) -> None:
    with pytest.raises(UnknownFieldsError) as caught:
        check_answer({"errors": [error]})
    assert caught.value.fields == {field}


def test_an_issue_that_is_missing_leaves_the_others() -> None:
    missing = {"type": "NOT_FOUND", "message": "Could not resolve"}
    check_answer({"data": {"repository": {"issue1": None, "issue2": {}}}, "errors": [missing]})
    for data in (None, {"repository": None}):
        with pytest.raises(NotFoundError, match="Could not resolve"):
            check_answer({"data": data, "errors": [missing]})


def test_any_other_error_refuses_the_query() -> None:
    with pytest.raises(GisError, match="GitHub refuses the query: Parse error"):
        check_answer({"data": {"repository": {}}, "errors": [{"message": "Parse error"}]})
