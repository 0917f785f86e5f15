"""What comments rule, and what only looks like a ruling."""

from collections import Counter
from time import process_time

import pytest

from gis.collector.records import Reference
from gis.dataset.labels.mentions import REACH, Sentences, Surroundings, mentions
from gis.dataset.labels.replies import agrees, confirms, disagrees, is_taken_back, takes_back
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.spoken import spoken
from gis.dataset.texts.cleaning import prose
from gis.dataset.texts.redaction import redact


def said(text: str) -> list[tuple[str, int]]:
    return [(ruling.kind, ruling.target.number) for ruling in rulings(text) if ruling.target]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Duplicate of #12", [("whole_comment", 12)]),
        ("Closing as a dupe of https://github.com/octo/widgets/issues/12.", [("whole_comment", 12)]),
        ("dup #12", [("whole_comment", 12)]),
        ("Closing as a duplicate of #12, thanks for the report!", [("whole_comment", 12)]),
        ("Duplicate of github.com/octo/widgets/issues/12", [("whole_comment", 12)]),
        ("This is no doubt a dup of #12, it prints the same.", [("inside_comment", 12)]),
        ("Duplicate of notgithub.com/octo/widgets/issues/12", []),
        ("Duplicate of [#12](https://github.com/octo/widgets/issues/12)", [("whole_comment", 12)]),
        ("Duplicate of `#12`", [("whole_comment", 12)]),
        ("The cache is stale after a restart. This is a dup of #12.", [("inside_comment", 12)]),
        (
            "Dup of #12 and #13, which have more to say on how it comes about",
            [("inside_comment", 12), ("inside_comment", 13)],
        ),
        ("Status changed to **Duplicate**.\nMerged into issue #12.", [("import_status", 12)]),
        ("/duplicate of #12", [("slash_command", 12)]),
        ("/dup octo/gadgets#12", [("slash_command", 12)]),
        ("Thanks for the report.\n/duplicate #12", [("slash_command", 12)]),
        ("Superseded by #12, let us talk there", [("related", 12)]),
        ("This is covered by #12", [("related", 12)]),
        ("The work is tracked in #12", [("related", 12)]),
        ("Subsumed into issue #12", [("related", 12)]),
        ("Possibly a duplicate of #12", [("suggestion", 12)]),
        ("Is this a duplicate of #12?", [("suggestion", 12)]),
        ("Dup of #12?", [("suggestion", 12)]),
        ("Closing in favor of #12", [("related", 12)]),
        ("This has the same root cause as #12", [("related", 12)]),
        ("Closing as duplicate. See #12.", [("whole_comment", 12)]),
        ("This really is #12. The list is read twice.", [("inside_comment", 12)]),
        ("Duplicate of\n\n- #12", [("whole_comment", 12)]),
        ("It could be faster, but closing as a dup of #12", [("inside_comment", 12)]),
        ("Duplikat von #12?", [("suggestion", 12)]),
        ("Duplikat von #12 " + "wort " * 60 + "?", [("suggestion", 12)]),
        ("Das Problem: Duplikat von #12. Klar?", [("inside_comment", 12)]),
        ("これは #12 の重複です", [("inside_comment", 12)]),
        ("これは #12 の重複ですか\uff1f", [("suggestion", 12)]),
        ("这是 #12 的重复问题吗\uff1f", [("suggestion", 12)]),
    ],
)  # fmt: skip
def test_rulings(text: str, expected: list[tuple[str, int]]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "> Duplicate of #12\n\nWhy was it closed?",
        "On Mon, 3 May 2021 at 10:00, ann wrote:\n\nDuplicate of #12",
        "```\nDuplicate of #12\n```",
        "See `dup of #12` in the log",
        "<!-- Duplicate of #12 -->",
        "This is not a duplicate of #12",
        "So I'm less convinced that it's dup of #12, but there is something like it",
        "I doubt this is a dup of #12",
        "Hardly a duplicate of #12",
        "It isn't a dup of #12, that one is about Windows",
        "I don't think this is a duplicate of #12",
        "Merged into issue #-",
        "There are many duplicates of this",
        "I fixed it in #12",
        "duplicate entries in table 12",
        "I searched for duplicates and #12 is different",
        "I checked for duplicates: #12 is about Windows",
        "This was wrongly closed as a duplicate of #12, please reopen",
        "I thought this was a duplicate of #12",
        "Why did you mark this as a duplicate of #12",
        "Please stop closing things as duplicates of #12",
        "Nobody said that it is a duplicate of #12",
        "That is far from a duplicate of #12",
        "~~Duplicate of #12~~",
        'The bot said "Duplicate of #12" which is nonsense',
        "It prints\n<pre>dup of #12</pre>",
        "So it prints\n\n    dup of #12\n",
        "I implemented dup() for #12",
        "The de-dup for #12 landed",
        "Duplicate of #99999999999999999999",
    ],
)
def test_what_is_no_ruling(text: str) -> None:
    assert said(text) == []


def test_one_of_several_is_not_each_of_them() -> None:
    for text in (
        "Closing as a dupe of either #12 or #13",
        "Dup of one of #12, #13, #14.",
        "Duplicate of #12 or #13",
        "Duplikat von #12 oder #13",
    ):
        assert {kind for kind, _ in said(text)} == {"related"}
    assert said("Dup of #12/#13") == said("Dup of #12 and #13") == [("whole_comment", 12), ("whole_comment", 13)]


@pytest.mark.parametrize(
    "text",
    [
        "Partly a duplicate of #12.",
        "The last of these is a duplicate of #12, the others are expected.",
        "I guess that the blinking part is a dup of #12",
        "The missing button is a dupe of #12, so let's keep this for the menu.",
        "The problem that @ann describes is basically a dup of #12",
        "Dup of #12, the rest works as designed.",
    ],
)
def test_a_ruling_on_a_part_only_relates(text: str) -> None:
    assert said(text) == [("related", 12)]


@pytest.mark.parametrize(
    "text",
    [
        "Now that it builds, is this a dupe of https://github.com/octo/widgets/issues/12?",
        "Dup of https://github.com/octo/widgets/issues/12#issuecomment-3?",
        "Is this a duplicate of #12",
        "I'm tempted to close this as a dup of #12",
        "Does the other branch work? If it does, I'll close this as a duplicate of #12.",
        "Duplicate/related to #12",
        "This looks like #12.",
        "I think this is #12. What do you say?",
        "Probably #12 again",
        "Likely #12.",
    ],
)
def test_a_question_or_a_doubt_is_a_suggestion(text: str) -> None:
    assert said(text) == [("suggestion", 12)]


def test_a_question_about_another_issue_is_a_suggestion() -> None:
    (ruling,) = rulings("Should #7 be closed as a dupe of this?")
    assert (ruling.kind, ruling.subject, ruling.target) == ("suggestion", Reference(None, 7), None)


@pytest.mark.parametrize(
    "text",
    [
        "Duplicate of #12.\n\nWell... not quite. But the fix is the same.",
        "<s>Duplicate of <b>#12</b></s> No.",
        "~Duplicate of #12~",
        "It was a duplicate of #12 until the last release.",
        "You can write it like that already, that's #12.",
        "I'm unwilling to close it as a duplicate of #12",
        "[Semi-dupe](https://github.com/octo/widgets/issues/12)",
    ],
)
def test_what_was_taken_back_or_says_something_else(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Duplicate of \u200b#12",
        "Duplicate of \uff03\uff11\uff12",
        "[Duplicate](https://github.com/octo/widgets/issues/12)",
        "**_Closed as [duplicate](https://github.com/octo/widgets/issues/12)_**",
        "Status changed to `duplicate`: #12",
        "这个问题和#12是同一个问题",
        "跟octo/widgets#12重复",
        "Duplicate of https://github.com/octo/widgets/issues/12?a=b#issuecomment-1.",
    ],
)
def test_a_reference_is_seen_however_it_is_written(text: str) -> None:
    assert [number for _, number in said(text)] == [12]


@pytest.mark.parametrize(
    "text", ["By the way, #7 is a duplicate of #12", "See #7 (duplicate of #12), too", "#7 was a dup of #12"]
)
def test_a_ruling_may_speak_of_another_issue(text: str) -> None:
    (ruling,) = rulings(text)
    assert (ruling.subject, ruling.target) == (Reference(None, 7), Reference(None, 12))


def test_a_ruling_may_speak_of_the_target_of_another() -> None:
    (_, ruling) = rulings("Dupe of #3, which is itself claimed to be a dupe of #12.")
    assert (ruling.subject, ruling.target) == (Reference(None, 3), Reference(None, 12))


@pytest.mark.parametrize(
    "text",
    [
        "Like #7, this is a duplicate of #12",
        "Unrelated to #7; this is a duplicate of #12",
        "Confirmed as unrelated to #7, dupe of #12",
        "Fixed by #7, dup of #12",
        "As in #7, duplicate of #12",
        "cc #7 dup of #12",
        "Blocked by #7 and dup of #12",
        "Related to #7 and is a dup of #12",
        "See https://github.com/octo/widgets/issues/7, so closing as a dupe of #12",
    ],
)
def test_an_issue_that_is_only_named_before_is_not_the_subject(text: str) -> None:
    (ruling,) = rulings(text)
    assert (ruling.subject, ruling.target) == (None, Reference(None, 12))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I think that this is a dup of either #12 or #13.", [("related", 12), ("related", 13)]),
        ("I think that this is a dup of either #12.", [("inside_comment", 12)]),
        ("I think that this is a dup of #12 or #12.", [("inside_comment", 12)]),
    ],
)
def test_of_several_alternatives_none_is_ruled(text: str, expected: list[tuple[str, int]]) -> None:
    assert said(text) == expected


def test_a_comment_that_closes_its_issue_as_a_duplicate_names_the_other_nearby() -> None:
    filler, closing = "The cache is stale after a restart. " * 10, "Closing as a duplicate."
    assert said(f"{filler}The details are at #12, I find. {closing}") == [("inside_comment", 12)]
    assert said(f"The details are at #12, I find. {filler}{closing}") == []
    start = "#12 has the details. "
    for chars, expected in ((2 * REACH, [("inside_comment", 12)]), (2 * REACH + 1, [])):
        assert said(f"{start}{filler[: chars - len(start) - 2]}. {closing}") == expected


def test_a_list_of_more_than_two_hundred_references_rules_nothing() -> None:
    listed = " ".join(f"#{n}" for n in range(1, 200))
    assert ("inside_comment", 500) in said(f"{listed}\nThis is a duplicate of #500, as I said.")
    assert said(f"{listed} #200\nThis is a duplicate of #500, as I said.") == []


@pytest.mark.parametrize(
    "text",
    [
        "the report " * 40 + "x dup",
        "see #" + "9" * 50_000 + " dup",
        "[" * 20_000 + " dup",
        "[x](" * 20_000 + " dup",
        "a" * 60_000 + " dup",
    ],
    ids=["openings", "digits", "brackets", "links", "letters"],
)
def test_no_text_takes_long(text: str) -> None:
    """Each of these took minutes, or for ever, when a pattern could read it in many ways."""
    assert list(rulings(text)) == []
    assert prose(text)
    assert not redact(text, Counter()).endswith("@")


UNITS = [
    "https://github.com/a/b/issues/1?&", "dup #1 ", "bearer      ", "eyJ-", "[](a",
    "[dup ", "<!--", "<div>", "<a href=", "#1 is a ",
    "merged into ", "same as ", "already reported in ", "closing as dup. ", "#1 as a duplicate of this ",
    "_", "*", "&#39;", "1.2.3.4 ", "On aaaaaa wrote:\n",
    "- [ ] ", "<pre>", "重复 #1 ", "#1 의 중복 ", "a/b",
    "' ", "not ",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length_of_a_comment(unit: str) -> None:
    def seconds(size: int) -> float:
        text = f"Duplicate of {(unit * size)[:size]}`x dup #1 q"
        began = process_time()
        list(rulings(text))
        takes_back(text)
        confirms(text)
        agrees(text)
        redact(text, Counter())
        return process_time() - began

    short, long = min(seconds(16_384) for _ in range(2)), seconds(65_536)
    assert long < 10 * max(short, 0.1)  # four times the text; a square would take 16 times as long


@pytest.mark.parametrize(
    "text", ["Marking #7 as a duplicate of this one", "#7 has been marked as a duplicate of this bug"]
)
def test_a_ruling_may_speak_of_the_issue_that_it_is_on_as_the_target(text: str) -> None:
    (ruling,) = rulings(text)
    assert (ruling.subject, ruling.target) == (Reference(None, 7), None)


@pytest.mark.parametrize(
    ("text", "expected"), [("Yes, it is. Closing.", True), ("Yep.", True), ("Right, closing.", True)]
)
def test_an_answer_agrees(text: str, expected: bool) -> None:
    assert agrees(text) == expected
    assert not agrees(f"Hm. {text}")
    assert not agrees("Yes, but it is not the same")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No.", True),
        ("Hm, not quite the same", True),
        ("Oh, well, not precisely, but close", True),
        ("or maybe not", True),
        ("Actually, this is a bug of the printer", True),
        ("Actually, this is a duplicate", False),
        ("No problem!", False),
        ("No doubt", False),
        ("Yes", False),
    ],
)
def test_an_answer_disagrees(text: str, expected: bool) -> None:
    assert disagrees(text) == expected


def test_machines_put_guesses() -> None:
    (ruling,) = rulings("Possible duplicates: #12")
    assert ruling.guess
    (ruling,) = rulings("Duplicate of #12")
    assert not ruling.guess


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, this is not a duplicate after all",
        "It isn't a duplicate",
        "Not quite a dup, but nearly",
        "I don't think it's a duplicate of that one",
        "These aren't duplicates",
        "Duplicate? No: this is not a duplicate of that",
    ],
)
def test_what_takes_a_ruling_back(text: str) -> None:
    assert takes_back(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please do not open duplicates.",
        "Isn't this a duplicate of #5?",
        "Please don't open duplicates; #5 is about this",
        "Sorry, we don't need duplicates, closing",
        "There is not a single duplicate",
        "It is not OK to open duplicates",
        "This is a duplicate",
        "> This is not a duplicate",
    ],
)
def test_what_takes_nothing_back(text: str) -> None:
    assert not takes_back(text)


def test_what_confirms_a_suggestion() -> None:
    assert confirms("Looks like it! Closing as a dupe.")
    assert not confirms("Is it a dupe?")
    assert not confirms("I do not think it is a dup")
    assert not confirms("Yes, perhaps it is a dup")
    assert not confirms("Thanks!")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `#5` b `code` c", "a #5 b   c"),
        ("see [this one](https://github.com/octo/widgets/issues/5)", "see https://github.com/octo/widgets/issues/5"),
        ("see [the guide](https://example.org/guide)", "see the guide"),
        ("one\r\n> two\r\nthree", "one\n\nthree"),
        ('he said "dup of #5" to me', "he said \n to me"),
        ("yes\nOn Mon, 3 May 2021, ann wrote:\nno", "yes\n\n"),
    ],
)
def test_what_is_spoken(text: str, expected: str) -> None:
    assert spoken(text) == expected


def test_links_of_another_server_are_read_where_they_are_its_own() -> None:
    text = "Duplicate of [this](https://github.example.com/octo/widgets/issues/12)"
    assert said(text) == []
    assert [ruling.target for ruling in rulings(text, "github.example.com")] == [Reference("octo/widgets", 12)]


def test_what_looks_like_a_tag_is_said_as_it_is_written() -> None:
    assert spoken("Vec<T> is <b>not</b> a dup of <foo>") == "Vec<T> is not a dup of <foo>"


HOST = "github.com"


def named_in(text: str) -> list[tuple[list[int], bool]]:
    return [([each.number for each in mention.references], mention.alternatives) for mention in mentions(text, HOST)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#1, #2 and #3", [([1, 2, 3], False)]),
        ("#1 or #2, and #3", [([1, 2, 3], True)]),
        ("#1/#2", [([1, 2], False)]),
        ("#1 (#1)", [([1], False)]),
        ("#1 is like #2", [([1], False), ([2], False)]),
        ("either #1 or #1", [([1], False)]),
        ("one of #1, #2", [([1, 2], True)]),
        ("issue 7", [([7], False)]),
        ("issue 7.1 and issue 7x", []),
        ("#1" + " " * 12 + "#2", [([1, 2], False)]),  # twelve signs lie between
        ("#1" + " " * 13 + "#2", [([1], False), ([2], False)]),
        ("#1" + " " * 40 + "#1", [([1], False)]),  # once more, within forty
        ("#1" + " " * 41 + "#1", [([1], False), ([1], False)]),
    ],
)
def test_references_that_are_listed_together_are_one_mention(text: str, expected: list[tuple[list[int], bool]]) -> None:
    assert named_in(text) == expected


def test_a_mention_covers_its_whole_list() -> None:
    (mention,) = mentions("see #1 and #22.", HOST)
    assert (mention.start, mention.end) == (4, 14)


@pytest.mark.parametrize(("number", "found"), [(199, True), (200, True), (201, False)])
def test_two_hundred_references_are_read_and_no_more(number: int, found: bool) -> None:
    assert bool(mentions("#1 x " * number, HOST)) is found


@pytest.mark.parametrize(
    ("said", "before", "after", "asked"),
    [
        ("One. Two #1 three? Four.", " Two ", " three? Four.", True),
        ("One. Two #1 three. Four?", " Two ", " three. Four?", False),
        ("Dup? #1", "Dup? ", "", False),
        ("#1?", "", "?", True),
        ("#1\uff1f", "", "\uff1f", True),
        ("One\n#1 two", "One\n", " two", False),
        ("x" * 170 + " #1 " + "y" * 170, "x" * 159 + " ", " " + "y" * 159, False),
    ],
)
def test_what_stands_around_a_mention(said: str, before: str, after: str, asked: bool) -> None:
    (mention,) = mentions(said, HOST)
    assert Sentences(said).around(mention) == Surroundings(before, after, asked)


@pytest.mark.parametrize(
    ("text", "taken_back"),
    [
        ("If this is not a duplicate, tell me", False),
        ("Even if you think so, this is not a duplicate", True),
        ("Is this not a duplicate?", False),
        ("This is not a duplicate. Or is it?", True),
        ("This is NOT a duplicate", True),
        ("dup", False),
        ("not", False),
    ],
)
def test_who_asks_or_sets_a_condition_takes_nothing_back(text: str, taken_back: bool) -> None:
    assert is_taken_back(text) is taken_back
    assert takes_back(text) is taken_back


def test_confirmations_are_read_clause_by_clause() -> None:
    assert confirms("Not sure about the rest, but yes it is a duplicate. What now?")
    assert not confirms("Yes, it is the same")
    assert not confirms("It is a duplicate?")


ISSUE = "https://github.com/octo/widgets/issues/5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'see <a href="{ISSUE}">this one</a>', f"see {ISSUE}"),
        (f'see <a class="x" href={ISSUE}>a dup</a>', f"see a dup {ISSUE}"),
        ('see <a href="https://example.org">the guide</a>', "see the guide"),
        (f"see <{ISSUE}> and <#7>, <octo/gadgets#8>", f"see {ISSUE} and #7, octo/gadgets#8"),
        ("a<br>b<p>c</p>d", "a\nb\nc\nd"),
        ("one <del>two</del> ~three~ four", "one     four"),
        ("Tom &amp; #5&nbsp;too", "Tom & #5 too"),
        ("- [x] I searched\n* [ ] and read\nwell", "\n\nwell"),
        ("<pre>Duplicate of #5</pre>", "Duplicate of #5"),
        ("see <pre>Duplicate of #5</pre>", "see \n"),
        ("**Duplicate** of _#5_ and snake_case", "Duplicate of #5 and snake_case"),
        ("a & b < c", "a & b < c"),
    ],
)
def test_markup_is_seen_through(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The report in #12 is exactly this.", "inside_comment"),
        ("Possibly the report in #12 is exactly this.", "suggestion"),
        ("The report in #12 is exactly this?", "suggestion"),
        ("The report in #12 is exactly this. Well, not quite a dup.", "suggestion"),
    ],
)
def test_a_doubt_of_any_kind_makes_a_ruling_a_suggestion(text: str, kind: str) -> None:
    assert said(text) == [(kind, 12)]
