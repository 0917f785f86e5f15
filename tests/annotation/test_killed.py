"""gis annotate and gis review, killed with SIGKILL at random moments and called again until they finish."""

import io
import json
import random
from pathlib import Path

import pytest

from gis.annotation.answers import AnswerFile
from gis.annotation.output import ANSWERS
from gis.annotation.review import REVIEW
from gis.hashes import sha256_of
from tests.annotation.chat_server import grading, texts_of
from tests.annotation.helpers import annotated, pairs_file
from tests.command_line import run_gis
from tests.faults import THOROUGH
from tests.faults.kills import can_fork, duration, killed_after
from tests.models.helpers import needs_openai

pytestmark = [pytest.mark.slow, can_fork]

KILLS = 50 if THOROUGH else 3
ROWS = [{"id": f"p{n}", "text1": f"the cat number {n}", "text2": f"a dog number {n % 7}"} for n in range(20)]


@needs_openai
def test_no_pair_whose_answer_was_kept_is_asked_about_again(tmp_path: Path) -> None:
    pairs, rng = pairs_file(tmp_path, ROWS), random.Random(14)
    with grading(knows=("chat",)) as server:

        def work(output: Path) -> None:
            done = run_gis(
                *("annotate", "--pairs", pairs, "--base-url", server.url, "--model", "m", "--output", output, "-q")
            )
            assert done.status == 0, done.err

        outputs = iter((tmp_path / "first", tmp_path / "whole"))
        seconds = duration(lambda: work(next(outputs)))
        expected = (tmp_path / "whole" / "train.jsonl").read_bytes()
        kills = rounds = 0
        while kills < KILLS:
            output, rounds = tmp_path / f"out-{rounds}", rounds + 1
            while True:
                answered = {answer.pair for answer in AnswerFile(output / ANSWERS).by_key.values()}
                server.requests.clear()
                alive = killed_after(lambda output=output: work(output), rng.uniform(0.01, seconds))  # type: ignore[misc]
                chats = (body["messages"][1]["content"] for _, body in server.requests if "messages" in body)
                assert not answered & {sha256_of(texts_of(content)) for content in chats}
                kills += alive
                if not alive:
                    break
            assert (output / "train.jsonl").read_bytes() == expected
            assert len(AnswerFile(output / ANSWERS).by_key) == 2 * len(ROWS)
    assert kills >= KILLS


def test_no_pair_whose_answer_was_kept_is_shown_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rng = tmp_path / "out", random.Random(15)
    annotated(pairs_file(tmp_path, ROWS), folder, "jaccard")

    def work() -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("y" * len(ROWS)))
        done = run_gis("review", folder)
        assert done.status == 0, done.err

    def lines() -> list[str]:
        if not (folder / REVIEW).exists():
            return []
        whole, _, _ = (folder / REVIEW).read_text(encoding="utf-8").rpartition("\n")
        return whole.splitlines()

    def anew() -> None:
        (folder / REVIEW).unlink(missing_ok=True)
        work()

    seconds = duration(anew)
    kills = 0
    while kills < KILLS:
        (folder / REVIEW).unlink()
        alive = True
        while alive:
            before = lines()
            alive = killed_after(work, rng.uniform(0.002, seconds))
            kills += alive
            assert lines()[: len(before)] == before
        answers = [json.loads(line) for line in lines() if line.endswith("}")]
        assert sorted(answer["id"] for answer in answers) == sorted(str(row["id"]) for row in ROWS)
