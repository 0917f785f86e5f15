import pytest

from gis.errors import UsageError
from gis.spec import Spec, parse_joined, parse_spec, parse_specs


def test_a_part_with_an_equals_sign_belongs_to_the_name_before_it() -> None:
    assert parse_specs(["sts12,gis,text=plain,limit=5,lee50"]) == [
        Spec("sts12"),
        Spec("gis", {"text": "plain", "limit": "5"}),
        Spec("lee50"),
    ]


def test_several_arguments_are_read_in_order() -> None:
    assert parse_specs(["a,b", "c,x=1"]) == [Spec("a"), Spec("b"), Spec("c", {"x": "1"})]


def test_only_the_first_equals_sign_divides() -> None:
    assert parse_specs(["m,prompt=a=b"]) == [Spec("m", {"prompt": "a=b"})]


def test_a_value_may_be_empty() -> None:
    assert parse_specs(["m,prompt="]) == [Spec("m", {"prompt": ""})]


@pytest.mark.parametrize("typed", ['m,prompt="In a word, say: {text}"', 'm,"prompt=In a word, say: {text}"'])
def test_quotes_protect_a_comma(typed: str) -> None:
    assert parse_specs([typed]) == [Spec("m", {"prompt": "In a word, say: {text}"})]


def test_spaces_around_parts_are_dropped() -> None:
    assert parse_specs([" a , b , x=1 "]) == [Spec("a"), Spec("b", {"x": "1"})]


def test_spaces_inside_quotes_are_kept() -> None:
    assert parse_specs(['m,prompt="query: "']) == [Spec("m", {"prompt": "query: "})]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "an empty name"),
        ("a,,b", "an empty name in 'a,,b'"),
        ("a,", "an empty name"),
        ("x=1,a", r"'x=1' comes before any name in 'x=1,a'; write NAME,x=1, or for a path ./x=1"),
        ('a,prompt="open', "a double quote is not closed"),
        ("a,x=1, x =2,b", "'a' was given the option 'x' twice"),
    ],
)
def test_what_cannot_be_read_is_named(typed: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_specs([typed])


@pytest.mark.parametrize(
    "spec",
    [
        Spec("a"),
        Spec("org/name", {"pooling": "cls", "max_length": "12"}),
        Spec("m", {"prompt": "one, two: {text}"}),
        Spec("m", {"prompt": "query: "}),
        Spec("m", {"prompt": " {text}"}),
        Spec("a folder, with a comma"),
        Spec("m", {"prompt": ""}),
        Spec("runs/lr=2e-5/final"),
        Spec("lr=2e-5"),
        Spec("lr=2e-5", {"pooling": "cls"}),
        Spec("a=b, c.jsonl"),
        Spec('the "best" one', {"prompt": 'say "{text}", please'}),
        Spec('"'),
        Spec('""', {"prompt": '"'}),
        Spec("./x", {"prompt": '""'}),
        Spec(" a "),
        Spec("C:\\runs\\a=1"),
        Spec("größe=1"),
    ],
    ids=str,
)
def test_a_spec_is_written_in_the_grammar_it_is_read_in(spec: Spec) -> None:
    assert parse_specs([str(spec)]) == [spec]


def test_quotes_are_written_around_the_value() -> None:
    assert str(Spec("m", {"prompt": "one, two: {text}"})) == 'm,prompt="one, two: {text}"'


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("./runs/lr=2e-5/final,tfidf", ["./runs/lr=2e-5/final", "tfidf"]),
        ("tfidf,./a=b.jsonl", ["tfidf", "./a=b.jsonl"]),
        ('"lr=2e-5"', ["lr=2e-5"]),
        ("~/my models/a.b=c", ["~/my models/a.b=c"]),
    ],
)
def test_a_path_with_an_equals_sign_is_a_name(typed: str, names: list[str]) -> None:
    assert [spec.name for spec in parse_specs([typed])] == names


def test_blanks_around_the_equals_sign_of_an_option_change_nothing() -> None:
    assert parse_specs(["m, pooling =cls"]) == [Spec("m", {"pooling": "cls"})]


def test_options_are_written_in_one_order() -> None:
    assert str(Spec("m", {"b": "2", "a": "1"})) == str(Spec("m", {"a": "1", "b": "2"})) == "m,a=1,b=2"


def test_known_options_pass() -> None:
    Spec("m", {"pooling": "cls"}).check_options(("pooling", "prompt"))


def test_an_unknown_option_gets_its_close_match() -> None:
    with pytest.raises(UsageError, match=r"unknown option of m 'poling'. Did you mean pooling\?"):
        Spec("m", {"poling": "cls"}).check_options(("pooling", "prompt"))


def test_an_option_far_from_all_gets_the_list() -> None:
    with pytest.raises(UsageError, match="Known: pooling, prompt"):
        Spec("m", {"xyz": "1"}).check_options(("prompt", "pooling"))


def test_an_option_where_there_are_none_is_refused() -> None:
    with pytest.raises(UsageError, match="'bm25' takes no options, but was given 'k1'"):
        Spec("bm25", {"k1": "2"}).check_options(())


@pytest.mark.parametrize(
    ("typed", "specs"),
    [
        ("minilm+tfidf", [Spec("minilm"), Spec("tfidf")]),
        ("minilm,max_length=128+ tfidf", [Spec("minilm", {"max_length": "128"}), Spec("tfidf")]),
        ('"c++/model",pooling=cls+tfidf', [Spec("c++/model", {"pooling": "cls"}), Spec("tfidf")]),
        ('m,prompt="say ""a+b"", {text}"+tfidf', [Spec("m", {"prompt": 'say "a+b", {text}'}), Spec("tfidf")]),
    ],
)
def test_specs_are_joined_by_a_plus_outside_of_quotes(typed: str, specs: list[Spec]) -> None:
    assert parse_joined(typed) == specs
    assert parse_joined(parse_spec(str(Spec("fusion", {"models": typed}))).options["models"]) == specs


@pytest.mark.parametrize("typed", ["", "minilm+", "+tfidf", "a,b+c"])
def test_each_joined_spec_must_be_one(typed: str) -> None:
    with pytest.raises(UsageError, match=r"an empty name|one name is wanted here, not 2"):
        parse_joined(typed)


def test_only_the_part_with_a_comma_needs_quotes() -> None:
    spec = parse_spec('fusion,models="minilm,max_length=128"+tfidf,weights=2+1')
    assert spec.options["weights"] == "2+1"
    assert parse_joined(spec.options["models"]) == [Spec("minilm", {"max_length": "128"}), Spec("tfidf")]
