"""CSV is read strictly; Python's own reader is the reference for what is sound."""

import csv
import io
import random

import pytest

from gis.benchmark.tasks.strict_csv import records, swallowed_rows
from gis.errors import GisError

PIECES = ("a", '"', ",", "\n", "\r\n", "x y", "", "é", "''", ";")


def parsed(text: str) -> list[list[str]]:
    return [record.fields for record in records(text, "f.csv")]


@pytest.mark.parametrize("seed", range(30))
def test_what_a_writer_made_is_read_as_pythons_reader_reads_it(seed: int) -> None:
    draw = random.Random(seed)
    rows = [["".join(draw.choices(PIECES, k=draw.randrange(5))) for _ in range(3)] for _ in range(8)]
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=draw.choice(["\n", "\r\n"])).writerows(rows)
    assert parsed(file.getvalue()) == rows


def test_lines_are_counted_through_quoted_line_ends() -> None:
    text = 'a,b\n"1\n2\r\n3",x\n\ny,"z""z"'
    assert [(record.line, record.fields) for record in records(text, "f.csv")] == [
        (1, ["a", "b"]),
        (2, ["1\n2\r\n3", "x"]),
        (6, ["y", 'z"z']),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a,b\n1,"open\n2,c\n', "f.csv:2: a double quote opens a field and is never closed"),
        ('a,b\n1,the 5" screen\n', "f.csv:2: a double quote inside a field that is not quoted"),
        ('a,b\n1,screen"\n', "f.csv:2: a double quote inside a field that is not quoted"),
        ('a,b\n1, "x"\n', "f.csv:2: a double quote inside a field that is not quoted"),
        ('a,b\n1,"x" y\n', "f.csv:2: a quoted field ends, but text follows its closing quote"),
        ('a,b\n1,"x\n2,"quoted"\n', "f.csv:2: a quoted field ends on line 3, but text follows its closing quote"),
        ("a,b\n1,x\0y\n", "f.csv:2: a NUL character"),
    ],
)
def test_a_stray_quote_or_a_nul_is_an_error_with_its_line(text: str, message: str) -> None:
    with pytest.raises(GisError) as caught:
        parsed(text)
    assert str(caught.value).startswith(message)


def test_rows_between_two_stray_quotes_are_noticed() -> None:
    _, *rows = records('label,text1,text2\n1,a,b\n0,c,"d\n1,e,f\n0.5,g,h\n1,i,j"\n0,k,l\n', "f.csv")
    found = swallowed_rows(rows, 3)
    assert found is not None
    assert found.line == 3


@pytest.mark.parametrize(
    "text",
    ["Hello,\nthis, that, other\nbye", "one\ntwo\nthree", "a\n1,b\nc", "steps:\n1,x,y\nthen, this\nand so on"],
)
def test_texts_of_several_lines_are_no_rows(text: str) -> None:
    _, *rows = records(f'label,text1,text2\n1,"{text}",b\n0,c,d\n', "f.csv")
    assert swallowed_rows(rows, 3) is None
