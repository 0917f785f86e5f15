import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gis import __version__
from gis.__main__ import main as start
from gis.benchmark.results import Result, read_results
from gis.benchmark.tasks.catalogue import Task, catalogue, suites
from gis.cli.app import what_stands_at
from gis.models.registry import ADAPTERS
from gis.replacing import new_folder
from tests.benchmark.helpers import ROWS, Row, jsonl, write_jsonl
from tests.command_line import Done, Gis

CHECKOUT = Path(__file__).resolve().parents[1]
LIGHT = ("torch", "transformers", "pandas", "datasets", "numpy", "pydantic", "scipy", "sklearn", "huggingface_hub")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are run in a folder of their own; relative paths below are in it."""
    monkeypatch.chdir(tmp_path)


def results(folder: str = "results") -> list[Result]:
    """The results written below ``folder``."""
    return list(read_results(Path(folder)))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of pairs."""
    write_jsonl(tmp_path / "mine" / "test.jsonl")
    return tmp_path / "mine"


def many_rows(count: int, *, binary: bool) -> list[Row]:
    """Rows in the number that a published task has; the texts are of no matter."""
    numbers = np.random.default_rng(0).random(count)
    labels = (numbers > 0.5).astype(float) if binary else numbers
    return [{"text1": f"a b {n}", "text2": f"a c {n % 7}", "label": float(labels[n])} for n in range(count)]


def assert_failed(done: Done, status: int, *parts: str) -> None:
    """It ended with ``status`` and a message on standard error that holds ``parts``."""
    assert done.status == status, done.err
    assert "Traceback" not in done.err
    assert all(part in done.err for part in parts), done.err


# What there is


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, contextlib; sys.argv = ['gis', '--help']\n"
        "from gis.cli import main\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    loaded = set(done.stderr.split())
    assert "gis.cli" in loaded
    assert loaded.isdisjoint(LIGHT)
    assert all(verb in done.stdout for verb in ("bench", "leaderboard", "tasks", "models"))


@pytest.mark.parametrize("verb", ["tasks", "models"])
def test_listings_import_no_model_library(verb: str) -> None:
    program = (
        f"import sys, contextlib; sys.argv = ['gis', '{verb}']\n"
        "from gis.cli import main\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert set(done.stderr.split()).isdisjoint(("torch", "transformers", "datasets", "pandas"))


@pytest.mark.parametrize("verb", [(), ("bench",), ("leaderboard",)])
def test_a_verb_without_arguments_shows_its_help(gis: Gis, verb: Sequence[str]) -> None:
    done = gis(*verb)
    assert "gis " + " ".join([*verb, "[OPTIONS]"]) in done.out + done.err
    assert done.status in (0, 2)


@pytest.mark.parametrize("verb", ["bench", "leaderboard", "tasks", "models"])
def test_every_verb_has_help(gis: Gis, verb: str) -> None:
    done = gis(verb, "--help")
    assert (done.status, done.err) == (0, "")
    assert f"gis {verb} [OPTIONS]" in done.out


def test_the_version_is_printed(gis: Gis) -> None:
    assert gis("--version") == Done(0, f"gis {__version__}\n", "")


def test_gis_tasks_lists_every_task_and_suite(gis: Gis) -> None:
    done = gis("tasks")
    assert (done.status, done.err) == (0, "")
    first_words = {line.split()[0] for line in done.out.splitlines() if line.strip()}
    assert set(catalogue()) <= first_words
    for name, members in suites().items():
        assert f"suite {name}: {', '.join(members)}" in done.out


def test_gis_tasks_says_where_each_comes_from(gis: Gis) -> None:
    lines = {line.split()[0]: line for line in gis("tasks").out.splitlines() if line.strip()}
    assert "mteb/sts12-sts" in lines["sts12"]
    assert "3,108" in lines["sts12"]
    assert "graded" in lines["sts12"]
    assert "--data" in lines["lee50"]
    assert "ships with gis" in lines["sample"]


def test_gis_models_lists_every_adapter(gis: Gis) -> None:
    done = gis("models")
    assert (done.status, done.err) == (0, "")
    first_words = {line.split()[0] for line in done.out.splitlines() if line.strip()}
    assert set(ADAPTERS) <= first_words
    assert "google-bert/bert-base-uncased,pooling=last2avg" in first_words
    assert "53.86  BERT-base, last two layers (ConSERT repository, README)" in done.out


# Running


def test_bench_prints_the_table_and_says_the_rest_on_standard_error(gis: Gis, mine: Path) -> None:
    done = gis("bench", "--model", "jaccard,length", "--task", mine)
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines() if "." in line][:2]
    assert all(name in done.out for name in ("jaccard", "length", "mine"))
    assert "results in results" in done.err
    assert "results in" not in done.out
    assert "Spearman" not in done.err


def test_bench_writes_a_result_a_model_and_task(gis: Gis, mine: Path) -> None:
    gis("bench", "--model", "jaccard,length", "--task", f"{mine},sample", "--output", "there")
    found = {(result.model.name, result.task.name) for result in results("there")}
    assert found == {(model, task) for model in ("jaccard", "length") for task in ("mine", "sample")}


def test_a_result_holds_its_command(gis: Gis) -> None:
    gis("bench", "--model", "jaccard", "--task", "sample", "--seed", "3", "--output", "a b")
    (result,) = results("a b")
    assert result.run.command == "gis bench --model jaccard --task sample --seed 3 --output 'a b'"


def test_options_may_be_given_twice(gis: Gis, mine: Path) -> None:
    gis("bench", "-m", "jaccard", "-m", "length", "-t", "sample", "-t", mine)
    assert len(results()) == 4


def test_quiet_leaves_the_table_only(gis: Gis, mine: Path) -> None:
    loud, quiet = (gis("bench", "--model", "jaccard", "--task", mine, "--force", *more) for more in ((), ("--quiet",)))
    assert loud.err != ""
    assert (quiet.status, quiet.out, quiet.err) == (0, loud.out, "")


def test_quiet_still_warns(gis: Gis, mine: Path) -> None:
    write_jsonl(mine / "test.jsonl", [{**ROWS[0], "text1": ""}, *ROWS[1:]])
    done = gis("bench", "--model", "jaccard", "--task", mine, "--quiet")
    assert "warning: some texts are empty, and kept as published, in mine" in done.err


def test_an_existing_result_is_kept_and_said_so(gis: Gis, mine: Path) -> None:
    first = gis("bench", "--model", "jaccard", "--task", mine)
    second = gis("bench", "--model", "jaccard", "--task", mine)
    assert "kept" not in first.err
    assert "mine was scored on" in second.err
    assert second.out == first.out


def test_a_limit_marks_the_result_and_the_table(gis: Gis) -> None:
    done = gis("bench", "--model", "jaccard", "--task", "sample", "--limit", "40")
    assert done.status == 0
    assert re.search(r"jaccard .*\d\d\.\d\d\*", done.out)
    assert "* a sample of the pairs" in done.out
    (result,) = results()
    assert (result.task.limit, result.task.rows, result.texts.pairs) == (40, 120, 40)


def test_the_seed_decides_the_sample_and_the_random_model(gis: Gis) -> None:
    scores: list[object] = []
    for seed in ("1", "1", "2"):
        gis("bench", "-m", "random", "-t", "sample", "--limit", "40", "--seed", seed, "--output", f"r{len(scores)}")
        scores.append(results(f"r{len(scores)}")[0].scores.main)
    assert scores[0] == scores[1] != scores[2]


def test_a_folder_below_data_is_a_task(gis: Gis, mine: Path) -> None:
    assert gis("bench", "--model", "jaccard", "--task", "mine", "--data", mine.parent).status == 0


def test_an_encoder_runs_from_its_folder(gis: Gis, mine: Path, tiny_bert: Path) -> None:
    done = gis("bench", "--model", f"{tiny_bert},pooling=cls,max_length=16", "--task", mine, "--device", "cpu")
    assert done.status == 0, done.err
    (result,) = results()
    assert (result.model.settings["pooling"], result.model.max_tokens) == ("cls", 16)


def test_max_length_cuts_every_model(gis: Gis, mine: Path, tiny_bert: Path) -> None:
    done = gis("bench", "--model", tiny_bert, "--task", mine, "--max-length", "5", "--device", "cpu")
    assert done.status == 0, done.err
    (result,) = results()
    assert result.model.max_tokens == 5
    assert result.texts.truncated
    assert "cut texts at 5 tokens and read " in done.err


def test_no_cache_keeps_no_vectors(gis: Gis, mine: Path, tiny_bert: Path) -> None:
    gis("bench", "--model", tiny_bert, "--task", mine, "--no-cache", "--device", "cpu")
    assert not list(Path(os.environ["GIS_CACHE"]).rglob("*.sqlite"))
    gis("bench", "--model", tiny_bert, "--task", mine, "--force", "--cache", "elsewhere", "--device", "cpu")
    assert len(list(Path("elsewhere").rglob("*.sqlite"))) == 1


def test_a_model_that_fails_leaves_the_others_results(gis: Gis, mine: Path) -> None:
    (Path("hollow")).mkdir()
    done = gis("bench", "--model", "jaccard,./hollow,length", "--task", mine)
    assert_failed(done, 1, "hollow holds no model")
    assert {result.model.name for result in results()} == {"jaccard", "length"}
    assert "jaccard" in done.out


# Wrong requests


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("tfdif", ("unknown model 'tfdif'", "tfidf")),
        ("miniml", ("unknown model 'miniml'", "minilm")),
        ("zzzzzzzzz", ("unknown model", "bm25", "jaccard", "ORG/NAME")),
        ("jaccard,n=2", ("jaccard", "takes no options", "'n'")),
        ("minilm,poling=cls", ("poling", "pooling")),
        ("minilm,pooling=clss", ("clss", "cls", "mean")),
        (",jaccard", ("an empty name",)),
        ("pooling=cls", ("comes before any name",)),
        ('jaccard,"x', ("not closed",)),
    ],
)
def test_a_wrong_model_is_a_wrong_request(gis: Gis, mine: Path, model: str, parts: tuple[str, ...]) -> None:
    assert_failed(gis("bench", "--model", model, "--task", mine), 2, *parts)
    assert not Path("results").exists()


def test_a_wrong_model_shows_before_an_earlier_one_runs(gis: Gis, mine: Path) -> None:
    assert_failed(gis("bench", "--model", "jaccard,tfdif", "--task", mine), 2, "tfdif")
    assert not Path("results").exists()


def test_a_wrong_task_is_a_wrong_request(gis: Gis) -> None:
    assert_failed(gis("bench", "--model", "jaccard", "--task", "stbs"), 2, "unknown task 'stbs'", "stsb")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--limt", "5"),
        ("--limit", "1"),
        ("--limit", "many"),
        ("--precision", "fp8"),
        ("--batch-tokens", "0"),
        ("--max-length", "-1"),
        ("--export", "mteb"),
    ],
)
def test_a_wrong_option_is_a_wrong_request(gis: Gis, mine: Path, arguments: tuple[str, ...]) -> None:
    assert_failed(gis("bench", "--model", "jaccard", "--task", mine, *arguments), 2, arguments[0])


def test_a_misspelt_option_names_the_close_one(gis: Gis, mine: Path) -> None:
    assert_failed(gis("bench", "--modl", "jaccard", "--task", mine), 2, "--modl", "--model")


def test_a_misspelt_verb_is_a_wrong_request(gis: Gis) -> None:
    assert_failed(gis("bnech"), 2, "bnech")


def test_an_unknown_export_names_the_known_one(gis: Gis, mine: Path) -> None:
    done = gis("bench", "--model", "jaccard", "--task", mine, "--export", "csv", "there")
    assert_failed(done, 2, "csv", "mteb")


def test_data_that_is_no_folder_is_named(gis: Gis) -> None:
    done = gis("bench", "--model", "jaccard", "--task", "stsb", "--data", "nowhere")
    assert_failed(done, 2, "the data folder nowhere: no such folder; choose another --data")


@pytest.mark.parametrize("device", ["cuda:99", "tpu-or-so", "meta"])
def test_an_unknown_device_is_a_wrong_request(gis: Gis, mine: Path, tiny_bert: Path, device: str) -> None:
    assert_failed(gis("bench", "--model", tiny_bert, "--task", mine, "--device", device), 2, device)


# Bad input


def test_all_tasks_that_cannot_be_loaded_are_named_at_once(gis: Gis, mine: Path) -> None:
    (Path("empty")).mkdir()
    write_jsonl(Path("one") / "test.jsonl", ROWS[:1])
    done = gis("bench", "--model", "jaccard", "--task", f"./empty,{mine},./one,lee50", "--offline")
    assert_failed(done, 1, "empty has no split test", "one has one pair", "lee50", "--data DIR")
    assert not Path("results").exists()


def test_the_tasks_that_can_be_scored_are_named_as_they_can_be_typed(gis: Gis, mine: Path) -> None:
    done = gis("bench", "--model", "jaccard", "--task", f"{mine},lee50", "--offline")
    assert_failed(done, 1, "the others can be scored")
    (typed,) = re.findall(r"--task (\S+)$", done.err.strip())
    assert gis("bench", "--model", "jaccard", "--task", typed).status == 0


BAD_FILES = {
    "broken JSON": (jsonl(ROWS) + "{broken\n", ":7: broken JSON"),
    "label": (jsonl([*ROWS, {**ROWS[0], "score": "high"}]), ":7: the label is 'high', not a number"),
    "columns": (jsonl([{"a": 1, "b": 2}]), "columns found: a, b"),
    "labels equal": (jsonl([{**row, "score": 1} for row in ROWS]), "all labels are 1"),
    "one pair": (jsonl(ROWS[:1]), "one pair"),
    "empty": ("", "holds no pairs"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_input_is_a_message_and_status_1(gis: Gis, content: str, message: str) -> None:
    path = Path("bad.jsonl")
    path.write_text(content, encoding="utf-8")
    done = gis("bench", "--model", "jaccard", "--task", path)
    assert_failed(done, 1, str(path), message)
    assert done.out == ""


def test_a_truncated_parquet_is_a_message_and_status_1(gis: Gis) -> None:
    (Path("bad.parquet")).write_bytes(b"PAR1" + bytes(100))
    assert_failed(gis("bench", "--model", "jaccard", "--task", "bad.parquet"), 1, "bad.parquet", "Parquet")


def test_an_output_that_cannot_be_written_is_a_message(gis: Gis, mine: Path) -> None:
    (Path("results")).touch()
    assert_failed(gis("bench", "--model", "jaccard", "--task", mine), 1, "results")


@pytest.mark.slow
def test_only_debug_shows_the_traceback() -> None:
    arguments = ["bench", "--model", "jaccard", "--task", "nowhere"]
    program = [sys.executable, "-m", "gis"]
    plain, debug = (
        subprocess.run([*program, *more, *arguments], capture_output=True, text=True, check=False, cwd=CHECKOUT)
        for more in ((), ("--debug",))
    )
    assert plain.returncode == 2
    assert plain.stderr.startswith("error: unknown task 'nowhere'")
    assert "Traceback" not in plain.stderr
    assert debug.returncode != 0
    assert "Traceback" in debug.stderr
    assert "unknown task 'nowhere'" in debug.stderr


# Interrupted

SLOW_MODEL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have put it off
import sys, time
from gis.cli import main
from gis.models.registry import ADAPTERS, Adapter
from tests.benchmark.helpers import FakeEncoder

class Slow(FakeEncoder):
    def __init__(self, spec, settings):
        super().__init__("slow")

    def batches(self, texts):
        print("texts to embed:", len(texts), file=sys.stderr, flush=True)
        for number, batch in enumerate(super().batches(texts)):
            if number == 2 and "wait" in sys.argv[0]:
                print("waiting", file=sys.stderr, flush=True)
                time.sleep(60)
            yield batch

ADAPTERS["slow"] = Adapter("__main__:Slow", "for this test")
sys.argv[0] = sys.argv.pop(1)
main()
"""


def slow(mode: str, mine: Path) -> subprocess.Popen[str]:
    arguments = ["bench", "--model", "slow", "--task", str(mine), "--output", str(mine.parent / "results")]
    return subprocess.Popen(
        [sys.executable, "-c", SLOW_MODEL, mode, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_the_next_run_continues(mine: Path) -> None:
    process = slow("wait", mine)
    assert process.stderr is not None
    for line in process.stderr:
        if line == "waiting\n":
            process.send_signal(signal.SIGINT)
            break
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err
    again = slow("go", mine)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    total = len({text for row in ROWS for text in (row["text1"], row["text2"])})
    assert f"texts to embed: {total - 4}\n" in err
    assert "slow" in out


# Export


@pytest.fixture
def known_to_mteb(monkeypatch: pytest.MonkeyPatch, mine: Path) -> None:
    """A task of six pairs takes the place of STSBenchmark."""
    task = Task(name="stsb", label="graded", folder=str(mine), rows=6, mteb="STSBenchmark")
    tasks = {**catalogue(), "stsb": task}
    monkeypatch.setattr("gis.benchmark.tasks.catalogue.catalogue", lambda: tasks)


@pytest.mark.usefixtures("known_to_mteb")
def test_export_writes_what_mteb_requires(gis: Gis) -> None:
    done = gis("bench", "--model", "jaccard", "--task", "stsb", "--export", "mteb", "there")
    assert done.status == 0, done.err
    assert "1 files for mteb in there" in done.err
    (path,) = Path("there/results/gis__jaccard").rglob("STSBenchmark.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert {"dataset_revision", "task_name", "mteb_version", "scores"} <= set(found)
    (entry,) = found["scores"]["test"]
    assert {"main_score", "hf_subset", "languages"} <= set(entry)
    (result,) = results()
    assert entry["main_score"] == pytest.approx(result.scores.main, abs=1e-6)


def test_export_leaves_out_what_mteb_scores_otherwise(gis: Gis) -> None:
    write_jsonl(Path("data") / "sickr" / "test.jsonl.gz", many_rows(4927, binary=False))
    write_jsonl(Path("data") / "gis" / "test.jsonl.gz", many_rows(1548, binary=True))
    done = gis("bench", "-m", "length", "-t", "sickr,gis,gis-plain", "--data", "data", "--export", "mteb", "there")
    assert done.status == 0, done.err
    assert "0 files for mteb" in done.err
    assert "not exported: gis, gis-plain, sickr: mteb has no such task" in done.err
    assert not list(Path().rglob("there/**/*.json"))


# The leaderboard


@pytest.fixture
def scored(gis: Gis, mine: Path) -> Gis:
    gis("bench", "--model", "jaccard,length", "--task", f"{mine},sample")
    return gis


def test_the_leaderboard_shows_all_results(scored: Gis) -> None:
    done = scored("leaderboard", "results")
    assert (done.status, done.err) == (0, "")
    assert all(name in done.out for name in ("jaccard", "length", "mine", "sample"))


def test_the_leaderboard_shows_chosen_tasks(scored: Gis) -> None:
    done = scored("leaderboard", "results", "--task", "sample")
    assert "sample" in done.out
    assert "mine" not in done.out


def test_the_leaderboard_is_written_and_checked(scored: Gis) -> None:
    write = ("leaderboard", "results", "--markdown", "board.md", "--latex", "board.tex", "--csv", "board.csv")
    assert_failed(scored(*write, "--check"), 1, "stale: board.md, board.tex, board.csv", "without --check")
    assert not Path("board.md").exists()
    assert scored(*write).status == 0
    assert scored(*write, "--check").status == 0
    before = Path("board.md").read_bytes()
    scored("bench", "--model", "random", "--task", "sample")
    assert_failed(scored(*write, "--check"), 1, "stale")
    assert Path("board.md").read_bytes() == before
    assert scored(*write).status == 0
    assert scored(*write, "--check").status == 0
    with Path("board.csv").open(encoding="utf-8", newline="") as file:
        assert {row["model"] for row in csv.DictReader(file)} == {"jaccard", "length", "random"}


def test_the_leaderboard_is_written_as_a_page_and_checked(scored: Gis) -> None:
    assert scored("leaderboard", "results", "--html", "board.html").status == 0
    assert scored("leaderboard", "results", "--html", "board.html", "--check").status == 0
    page = Path("board.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert ">jaccard</a>" in page


def test_the_leaderboard_goes_between_markers(scored: Gis) -> None:
    text = "# Mine\n<!-- gis leaderboard: begin -->\n<!-- gis leaderboard: end -->\nrest\n"
    Path("README.md").write_text(text, encoding="utf-8")
    assert scored("leaderboard", "results", "--into", "README.md").status == 0
    assert scored("leaderboard", "results", "--into", "README.md", "--check").status == 0
    after = Path("README.md").read_text(encoding="utf-8")
    assert after.startswith("# Mine\n<!-- gis leaderboard: begin -->\n| model |")
    assert after.endswith("<!-- gis leaderboard: end -->\nrest\n")


def test_a_foreign_file_is_not_overwritten(scored: Gis) -> None:
    Path("notes.md").write_text("my notes\n", encoding="utf-8")
    assert_failed(scored("leaderboard", "results", "--markdown", "notes.md"), 1, "notes.md", "is not a leaderboard")
    assert_failed(scored("leaderboard", "results", "--into", "notes.md"), 1, "notes.md", "no place", "begin -->")
    assert Path("notes.md").read_text(encoding="utf-8") == "my notes\n"


def test_published_scores_are_shown_beside_results_and_named_where_they_cannot_be(scored: Gis) -> None:
    published = '[sources.a]\ntitle = "A"\nkind = "card"\n[[models]]\nname = "theirs"\nsource = "a"\nscores = '
    Path("mine.toml").write_text(published + "{ sample = 12.3 }\n", encoding="utf-8")
    assert "theirs (reported: A)" in scored("leaderboard", "results", "--reported", "mine.toml").out
    assert "Left out: 33 reported models" in scored("leaderboard", "results", "--reported", "published").out
    assert_failed(scored("leaderboard", "results", "--reported", "publishd"), 1, "publishd")


def test_results_are_exported_to_mteb_and_read_back(scored: Gis) -> None:
    (path,) = Path("results/jaccard").rglob("mine.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["task"] |= {"name": "stsb", "mteb": "STSBenchmark", "revision": catalogue()["stsb"].revision}
    content["schema_version"] = 1
    del content["sha256"], content["pairs_sha256"]
    path.with_name("stsb.json").write_text(json.dumps(content), encoding="utf-8")
    export = ("leaderboard", "results", "--mteb", "out")
    assert_failed(scored(*export, "--check"), 1, "stale: out/")
    done = scored(*export)
    assert (done.status, "not exported: mine, sample: mteb has no such task" in done.err) == (0, True)
    assert scored(*export, "--check").status == 0
    (Path("out") / "other.json").write_text("{}", encoding="utf-8")
    done = scored("leaderboard", "results", "--reported", "out")
    assert "left out of out: 1 file without a score in the form of mteb 2" in done.err
    assert "jaccard (reported: mteb results)" in done.out
    assert "1 score of jaccard, with differences of at most 0.00 from mteb results" in done.out


def test_check_without_a_file_is_a_wrong_request(scored: Gis) -> None:
    assert_failed(scored("leaderboard", "results", "--check"), 2, "--check")


def test_a_folder_without_results_says_how_to_make_some(gis: Gis) -> None:
    assert_failed(gis("leaderboard", "nowhere"), 1, "no results in nowhere", "gis bench")


def test_a_damaged_result_is_named(scored: Gis) -> None:
    (path, *_) = Path("results").rglob("*.json")
    path.write_text("{", encoding="utf-8")
    assert_failed(scored("leaderboard", "results"), 1, path.name, "delete it")


# Interrupts


def test_an_interrupted_verb_says_what_stands_at_its_output(tmp_path: Path) -> None:
    def replace_it(path: Path) -> None:
        with new_folder(path):
            pass

    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    of_old, of_new = what_stands_at(old), what_stands_at(new)
    assert (of_old(), of_new()) == (f"{old} is as it was", "nothing was written")
    replace_it(old)
    replace_it(new)
    assert (of_old(), of_new()) == (f"{old} is complete", f"{new} is complete")


def test_ctrl_c_while_modules_are_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "gis.cli", SimpleNamespace(main=interrupted))
    with pytest.raises(SystemExit) as caught:
        start()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "interrupted; nothing was begun\n"
