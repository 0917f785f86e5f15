import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.tasks.pairs import Columns, Pairs, pairs_from_table
from gis.benchmark.tasks.readers import read_table, split_files
from gis.errors import GisError
from tests.benchmark.helpers import ROWS, jsonl, write_jsonl

FILES = ("test.jsonl", "test.jsonl.gz", "test.csv", "test.csv.gz", "test.parquet")
every_format = pytest.mark.parametrize("name", FILES)
HARD_TEXTS = ('two\nlines, "quoted"', "ends in a newline\n", " spaces ", "naïve 東京 🦀", "a\tb;c|d", "\u2028\x85", "")


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write ``rows`` in the format that the name of ``path`` asks for."""
    if path.name.endswith(".parquet"):
        pd.DataFrame(rows).to_parquet(path, index=False)
    elif ".csv" in path.name:
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        write_jsonl(path, rows)
    return path


def read(path: Path) -> Pairs:
    return pairs_from_table(read_table(path), Columns())


def error_of(path: Path) -> str:
    with pytest.raises(GisError) as caught:
        read(path)
    return str(caught.value)


def from_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def line(text1: str = '"a"', text2: str = '"b"', label: str = "1") -> str:
    return f'{{"text1": {text1}, "text2": {text2}, "label": {label}}}\n'


@every_format
def test_every_format_gives_the_same_pairs(tmp_path: Path, name: str) -> None:
    pairs = read(write(tmp_path / name, [dict(row) for row in ROWS]))
    assert pairs.text1 == tuple(row["text1"] for row in ROWS)
    assert pairs.text2 == tuple(row["text2"] for row in ROWS)
    assert pairs.gold.tolist() == [4.5, 0.5, 5.0, 2.0, 0.0, 3.5]
    assert pairs.ids == ("a", "b", "c", "d", "e", "f")


def test_the_content_hash_is_the_same_from_every_format(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text1": text, "text2": f"{text}!", "label": n} for n, text in enumerate(HARD_TEXTS)
    ]
    hashes = {read(write(tmp_path / name, rows)).content_sha256 for name in FILES}
    assert len(hashes) == 1


@every_format
def test_hard_texts_come_back_to_the_letter(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, object]] = [{"text1": text, "text2": "x", "label": 1} for text in HARD_TEXTS]
    assert read(write(tmp_path / name, rows)).text1 == HARD_TEXTS


@every_format
def test_texts_of_more_than_128_kb_are_read(tmp_path: Path, name: str) -> None:
    long = "long text, " * 20_000
    assert read(write(tmp_path / name, [{"text1": long, "text2": "b", "label": 1}])).text1 == (long,)


def test_carriage_returns_in_csv_texts_are_kept(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_bytes(b'text1,text2,label\r\n"a\r\nb",c,1\r\n')
    assert read(tmp_path / "test.csv").text1 == ("a\r\nb",)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_bytes("\ufefftext1,text2,label\na,b,1\n".encode())
    assert read(tmp_path / "test.csv").text1 == ("a",)


def test_a_byte_order_mark_is_no_broken_json(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_bytes(("\ufeff" + line()).encode())
    assert read(tmp_path / "test.jsonl").text1 == ("a",)


@pytest.mark.parametrize("blank", ["\n", "  \n"])
def test_blank_lines_are_skipped_and_still_counted(tmp_path: Path, blank: str) -> None:
    path = from_text(tmp_path / "test.jsonl", line() + blank + line(label='"x"'))
    assert error_of(path).startswith(f"{path}:3: the label is 'x'")


def test_optional_keys_may_be_absent_in_some_rows(tmp_path: Path) -> None:
    text = '{"text1": "a", "text2": "b", "label": 1, "subset": "news"}\n' + line(label="0")
    pairs = read(from_text(tmp_path / "test.jsonl", text))
    assert pairs.groups == ("news", "")


def test_optional_keys_may_be_absent_in_the_first_row(tmp_path: Path) -> None:
    text = line(label="0") + '{"text1": "a", "text2": "b", "label": 1, "stratum": "hard"}\n'
    pairs = read(from_text(tmp_path / "test.jsonl", text))
    assert pairs.groups == ("", "hard")


def test_an_id_that_a_row_lacks_is_not_called_missing(tmp_path: Path) -> None:
    text = '{"id": "x", "text1": "a", "text2": "b", "label": 1}\n' + line() + line()
    ids = read(from_text(tmp_path / "test.jsonl", text)).ids
    assert len(set(ids)) == 3
    assert "missing" not in ids


def test_a_text_that_a_row_lacks_is_named_by_line(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.jsonl", line() + '{"text1": "a", "label": 1}\n')
    assert error_of(path) == f"{path}:2: text2 is missing, not a text"


BROKEN_LINES = {
    "broken JSON": ('{"text1": "a", \n', ":2: broken JSON ("),
    "no object": ('["a", "b", 1]\n', ":2: a line must be an object with text1, text2 and label or score"),
    "a bare number": ("7\n", ":2: a line must be an object"),
    "label no number": (line(label='"high"'), ":2: the label is 'high', not a number"),
    "label null": (line(label="null"), ":2: the label is None, not a number"),
    "label NaN": (line(label="NaN"), ":2: broken JSON (NaN is not JSON)"),
    "text a number": (line(text2="7"), ":2: text2 is 7, not a text"),
}


@pytest.mark.parametrize(("second", "message"), BROKEN_LINES.values(), ids=BROKEN_LINES)
@pytest.mark.parametrize("name", ["test.jsonl", "test.jsonl.gz"])
def test_a_bad_json_line_is_named_by_file_and_line(tmp_path: Path, name: str, second: str, message: str) -> None:
    path, text = tmp_path / name, (line() + second).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert error_of(path).startswith(f"{path}{message}")


def test_an_integer_too_large_for_a_float_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.jsonl", line() + line(label="9" * 400))
    assert error_of(path).startswith(f"{path}:2: the label is ")


def test_an_integer_too_long_for_python_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.jsonl", line() + line(label="9" * 5000))
    assert error_of(path).startswith(f"{path}:2: ")


def test_deeply_nested_json_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.jsonl", line() + "[" * 200_000 + "\n")
    assert error_of(path).startswith(f"{path}:2: ")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,b", ":4: 2 fields, the header names 3"),
        ("a,b,1,2", ":4: 4 fields, the header names 3"),
        ("a,b,high", ":4: the label is 'high', not a number"),
        ("a,b,", ":4: the label is '', not a number"),
        ("a,b,nan", ":4: the label is 'nan', not a number"),
    ],
)
def test_a_bad_csv_row_is_named_by_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    path = from_text(tmp_path / "test.csv", f'text1,text2,label\n"two\nlines",b,1\n{row}\n')
    assert error_of(path).startswith(f"{path}{message}")


def test_a_csv_quote_that_is_never_closed_is_an_error(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.csv", 'text1,text2,label\na,b,1\n"c,d,1\n')
    assert error_of(path).startswith(f"{path}:3: ")


def test_a_csv_column_that_appears_twice_is_an_error(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.csv", "text1,text2,text1,label\na,b,c,1\n")
    assert "text1" in error_of(path)


@every_format
def test_missing_columns_are_named_with_those_found(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [{"text1": "a", "body": "b", "note": "c"}])
    expected = f"{path} lacks the column text2, label (or score); columns found: text1, body, note"
    assert error_of(path) == expected


def test_a_number_as_text_is_named_by_row_in_parquet(tmp_path: Path) -> None:
    path = write(tmp_path / "test.parquet", [{"text1": 1, "text2": "b", "label": 1}])
    assert error_of(path) == f"{path}:1: text1 is 1, not a text"


@pytest.mark.parametrize("name", ["test.jsonl.gz", "test.csv.gz", "test.parquet"])
@pytest.mark.parametrize("kept", [0.3, 0.8])
def test_a_truncated_file_is_named(tmp_path: Path, name: str, kept: float) -> None:
    path = write(tmp_path / name, [{"text1": f"text {n**5}", "text2": f"b {n**7}", "label": n} for n in range(500)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert error_of(path).startswith(str(path))


def test_a_gzip_damaged_inside_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "test.jsonl.gz", [{"text1": f"{n**5}", "text2": "b", "label": n} for n in range(500)])
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    assert error_of(path).startswith(str(path))


def test_a_parquet_damaged_inside_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "test.parquet", [{"text1": f"{n**5}", "text2": "b", "label": n} for n in range(500)])
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    assert error_of(path).startswith(str(path))


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_no_bytes_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    assert error_of(path).startswith(str(path))


@pytest.mark.parametrize(("name", "text"), [("test.jsonl", "\n\n"), ("test.csv", "text1,text2,label\n")])
def test_a_file_without_pairs_says_so(tmp_path: Path, name: str, text: str) -> None:
    path = from_text(tmp_path / name, text)
    assert error_of(path) == f"{path} holds no pairs"


def test_a_parquet_without_rows_says_so(tmp_path: Path) -> None:
    pd.DataFrame({"text1": [], "text2": [], "label": []}).to_parquet(tmp_path / "test.parquet")
    assert error_of(tmp_path / "test.parquet").endswith("holds no pairs")


@pytest.mark.parametrize("name", ["test.jsonl", "test.csv"])
def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"text1,text2,label\n\xff\xfe,b,1\n")
    assert error_of(tmp_path / name).startswith(str(tmp_path / name))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00" * 20)
    assert error_of(tmp_path / name).startswith(str(tmp_path / name))


def test_splits_are_found_by_file_name(tmp_path: Path) -> None:
    for name in ("train.jsonl.gz", "test.csv", "README.md", "data/validation.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert {split: [path.name for path in paths] for split, paths in split_files(tmp_path).items()} == {
        "test": ["test.csv"],
        "train": ["train.jsonl.gz"],
        "validation": ["validation.parquet"],
    }


def test_the_shards_of_a_split_are_found_in_order(tmp_path: Path) -> None:
    shards = [f"data/test-0000{n}-of-00002.parquet" for n in (1, 0)]
    for name in (*shards, "data/train-00000-of-00001.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = split_files(tmp_path)
    assert [path.name for path in found["test"]] == ["test-00000-of-00002.parquet", "test-00001-of-00002.parquet"]
    assert list(found) == ["test", "train"]


def test_a_split_name_with_a_dash_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "test-hard.jsonl").touch()
    assert list(split_files(tmp_path)) == ["test-hard"]


def test_hidden_files_are_no_splits(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl")
    (tmp_path / ".test.jsonl").write_text("broken", encoding="utf-8")
    assert list(split_files(tmp_path)) == ["test"]


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.jsonl", jsonl(ROWS))
    reader: Callable[[], str] = lambda: read(path).content_sha256  # noqa: E731
    assert reader() == reader()


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ('{"text1": "a", "text2": "b", "label": 1, "label": 0}\n', ":2: broken JSON (the key 'label' comes twice)"),
        ('{"text1": "a", "text2": "b", "label": 1, "x": -Infinity}\n', ":2: broken JSON (-Infinity is not JSON)"),
        (line(label='"1_0"'), ":2: the label is '1_0', not a number"),
        (line(label='"\u0661"'), ":2: the label is '\u0661', not a number"),
        (line(label='"80%"'), ":2: the label is '80%', not a number"),
        (line(label='"inf"'), ":2: the label is 'inf', not a number"),
    ],
)
def test_what_would_be_taken_for_something_else_is_refused(tmp_path: Path, second: str, message: str) -> None:
    path = from_text(tmp_path / "test.jsonl", line() + second)
    assert error_of(path).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("yes", "no"), [("true", "false"), ('"Yes"', '"no"'), ('"TRUE"', '"False"'), ('" 1.0 "', '"0"')]
)
def test_yes_and_no_are_labels(tmp_path: Path, yes: str, no: str) -> None:
    path = from_text(tmp_path / "test.jsonl", line(label=yes) + line(label=no))
    assert read(path).gold.tolist() == [1, 0]


def test_yes_among_other_numbers_is_refused(tmp_path: Path) -> None:
    path = from_text(tmp_path / "test.jsonl", line(label="4.5") + line(label="true"))
    assert error_of(path).startswith(f"{path}:2: the label is True, where others are numbers")


@pytest.mark.parametrize("name", ["test.jsonl", "test.csv"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(tmp_path: Path, name: str, ending: str) -> None:
    text = line() + line(label="0") if name.endswith("jsonl") else "text1,text2,label\na,b,1\na,b,0\n"
    (tmp_path / name).write_bytes(text.replace("\n", ending).encode())
    assert read(tmp_path / name).gold.tolist() == [1, 0]


@pytest.mark.parametrize("name", ["test.jsonl", "test.csv"])
def test_another_encoding_is_an_error_with_its_line(tmp_path: Path, name: str) -> None:
    text = line() + line(text1='"für"') if name.endswith("jsonl") else "text1,text2,label\nfür,b,1\n"
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    assert error_of(tmp_path / name) == f"{tmp_path / name}:2: not UTF-8 (byte 0xfc); save it as UTF-8"
    (tmp_path / name).write_bytes(text.encode("utf-16"))
    assert error_of(tmp_path / name) == f"{tmp_path / name}:1: the text is UTF-16; save it as UTF-8"


def test_half_of_a_character_is_replaced_and_counted_wherever_it_is(tmp_path: Path) -> None:
    text = '{"id": "p\\ud83d", "text1": "a \\ud83d", "text2": "\\ude00", "label": 1, "subset": "s\\udfff"}\n' + line(
        label="0"
    )
    pairs = read(from_text(tmp_path / "test.jsonl", text))
    assert (pairs.ids[0], pairs.text1[0], pairs.text2[0], pairs.groups) == (
        "p\ufffd",
        "a \ufffd",
        "\ufffd",
        ("s\ufffd", ""),
    )
    assert pairs.mended_texts == 2


def test_a_parquet_file_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.table([["a"], ["b"], [1], [0]], names=["text1", "text2", "label", "label"]), tmp_path / "x.parquet"
    )
    assert "names a column twice" in error_of(tmp_path / "x.parquet")
