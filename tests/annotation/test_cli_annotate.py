"""gis annotate on the command line."""

from pathlib import Path

import pytest

from gis.models import openai_server
from tests.annotation.chat_server import grading
from tests.annotation.helpers import pairs_file
from tests.command_line import Gis
from tests.faults.echoes import echoing
from tests.models.helpers import needs_openai

KEY = "planted-key-0123456789"


@needs_openai
def test_a_dry_run_prints_the_cost_and_sends_nothing(gis: Gis, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[m]\ninput = 2000\noutput = 4000\n[other]\ninput = 1\noutput = 0\n", encoding="utf-8")
    with grading() as server:
        done = gis(
            *("annotate", "--pairs", pairs_file(tmp_path), "--base-url", server.url, "--model", "m", "--dry-run"),
            *("--prices", prices, "--output", tmp_path / "out"),
        )
        assert done.status == 0, done.err
        assert server.requests == []
    name, requests, sent, received, cost = done.out.split("\n")[2].replace(",", "").split()
    assert (name, requests) == ("m", "7")
    assert float(cost) == pytest.approx((int(sent) * 2000 + int(received) * 4000) / 1e6)
    assert "Nothing was sent" in done.out
    assert not (tmp_path / "out").exists()


@needs_openai
def test_the_report_is_printed_and_written(gis: Gis, tmp_path: Path) -> None:
    with grading() as server:
        done = gis(
            *("annotate", "--pairs", pairs_file(tmp_path), "--base-url", server.url, "--model", "m1,m2"),
            *("--output", tmp_path / "out"),
        )
    assert done.status == 0, done.err
    assert "Krippendorff" in done.out
    assert done.out.strip() in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "gis review" in done.err


@needs_openai
@pytest.mark.parametrize("answer", ["403", "500", "page", "odd"])
def test_a_key_that_a_server_repeats_is_nowhere(
    gis: Gis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(openai_server, "RETRIES", 0)
    with echoing() as server:
        server.answer = answer
        done = gis(
            *("annotate", "--pairs", pairs_file(tmp_path), "--base-url", server.url, "--model", "m"),
            *("--output", tmp_path / "out"),
        )
        assert any(KEY in sent for sent in server.sent)
    assert done.status == 1
    assert done.err.startswith("error: ") or "\nerror: " in done.err
    assert "Traceback" not in done.err
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(KEY in text or KEY[:11] in text for text in [done.out, done.err, *texts])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "minilmm"), "unknown model 'minilmm'"),
        (("--model", "jaccard", "--prompt", "issue"), "unknown prompt 'issue'"),
        (("--model", "jaccard", "--gold", "nothing.jsonl"), "nothing.jsonl"),
        (("--model", "jaccard", "--count", "3"), "a number of texts is for generating"),
        (("--model", "jaccard", "--strategy", "spread"), "the strategy spread needs a model of gis; add --by MODEL"),
        (("--model", "jaccard", "--gold", "graded/review/review.jsonl"), "no reviews at"),
    ],
)
def test_a_wrong_option_is_one_line(gis: Gis, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    done = gis("annotate", "--pairs", pairs_file(tmp_path), "--output", tmp_path / "out", *options)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "out").exists()
