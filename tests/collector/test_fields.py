"""The one reader: what passes it, what it makes of it, and how it names what does not pass."""

from collections.abc import Callable
from typing import Any

import pytest

from gis.collector.fields import FieldError, Fields, objects


def of(value: object) -> Fields:
    return Fields({"x": value}, "issue.")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("2024-02-29T12:00:00.750Z", "2024-02-29T12:00:00Z"),
        ("2024-02-29T12:00:00+05:30", "2024-02-29T06:30:00Z"),
        ("2024-02-29 12:00:00", "2024-02-29T12:00:00Z"),
        ("20240229T120000Z", "2024-02-29T12:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0999-12-31T23:59:59-00:01", "1000-01-01T00:00:59Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_is_read_as_github_writes_it(written: str, read: str) -> None:
    assert of(written).time("x") == read


READERS: dict[str, tuple[Callable[[Fields], object], list[Any]]] = {
    "time": (
        lambda fields: fields.time("x"),
        [
            "yesterday",
            "",
            5,
            None,
            "99999-01-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "0001-01-01T00:00:00+05:00",
            "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00Z",
            "٢٠٢٤-01-01T00:00:00Z",
            "2024-01-01T00:00:00Zx",
        ],
    ),
    "text": (lambda fields: fields.text("x"), [None, 1, True, ["a"], {}]),
    "state": (lambda fields: fields.state("x"), ["none", "", None, 1]),
    "word": (lambda fields: fields.word("x"), ["", "two words", "\x1b[31m", None, "x" * 41, 3]),
    "login": (lambda fields: fields.login("x"), ["", "a b", "a/b", "x" * 101, "\u202eann", "ann\n", 7]),
    "repository": (
        lambda fields: fields.repository("x"),
        ["../../etc", "a/..", "a/.", "a/b/c", "a", "a/b\n", "a/b\0", "a/" + "b" * 101, "a" * 40 + "/b", "ä/b", ""],
    ),
    "number": (lambda fields: fields.number("x"), ["1", 1.0, True, -1, 2**53 + 1, 2**70, None, float("nan"), "1_0"]),
    "large number": (lambda fields: fields.large_number("x"), ["1_0", "-1", "٣", "9" * 20, "9" * 5000, "", 1.5]),
    "issue number": (lambda fields: fields.issue_number("x"), [0, -1, 2**31, 2**40, "5", 1.5, False]),
    "flag": (lambda fields: fields.flag("x"), [0, 1, "true", None]),
    "object": (lambda fields: fields.object("x"), [None, [], "a", 1]),
    "list": (lambda fields: fields.items("x"), ["bug", {}, 1, True]),
    "labels": (lambda fields: fields.labels("x"), ["bug", {"name": "bug"}, [1], [{"name": None}], [[]]]),
}


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        pytest.param(reader, value, id=f"{kind}-{n}")
        for kind, (reader, values) in READERS.items()
        for n, value in enumerate(values)
    ],
)
def test_what_cannot_be_is_refused_by_name(reader: Callable[[Fields], object], value: object) -> None:
    with pytest.raises(FieldError, match=r"issue\.x") as caught:
        reader(of(value))
    assert caught.value.field.startswith("issue.x")
    assert len(str(caught.value)) < 150


def test_what_may_be_is_read() -> None:
    assert of("good half \ud83d").text("x") == "good half \ufffd"
    assert of("Octo-Org_x/.github").repository("x") == "Octo-Org_x/.github"
    assert [of(login).login("x") for login in ("ann", "dependabot[bot]", "j.doe_corp")] == [
        "ann", "dependabot[bot]", "j.doe_corp"
    ]  # fmt: skip
    assert of("12345678901").large_number("x") == 12_345_678_901
    assert of([{"name": "bug"}, "ui", None]).labels("x") == ("bug", "ui")
    assert of("NOT_PLANNED").word_or_none("x") == "not_planned"
    assert of("").word_or_none("x") is None
    assert (of(None).flag("x", default=False), of(None).number("x", default=0), of(None).items("x")) == (False, 0, ())


def test_a_missing_field_is_not_a_null_one() -> None:
    with pytest.raises(FieldError, match="the field title is missing, expected text"):
        Fields({}).text("title")
    with pytest.raises(FieldError, match=r"the field author\.login is null, expected text"):
        Fields({"author": {"login": None}}).object("author").login("login")


def test_a_value_that_is_not_an_object_is_named() -> None:
    with pytest.raises(FieldError, match="the line is list, expected an object"):
        Fields.of([], "the line")
    with pytest.raises(FieldError, match="an edit is str"):
        list(objects(["x"], "an edit"))


def test_what_is_nested_too_deeply_has_no_json() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(FieldError, match="nested too deeply"):
        of(deep).as_json()
