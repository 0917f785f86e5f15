"""gis publish against a Hub on this machine, through the real client: checks, one commit, breaks, rights."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from huggingface_hub import DatasetCard

from gis.benchmark.results import result_path, write_result
from gis.errors import GisError
from gis.hashes import sha256_of, sha256_of_file
from gis.models.base import LoadSettings
from gis.models.transformer.model_folder import read_model_folder
from gis.publishing.prepare import prepare
from gis.publishing.publication import read_card
from gis.publishing.push import push
from gis.replacing import new_folder
from gis.spec import Spec
from tests.benchmark.worker import worker
from tests.command_line import Done, run_gis
from tests.dataset.stores import by_chance, fill
from tests.hub_server import Hub, serve, use_hub
from tests.leaderboard.helpers import result

pytestmark = pytest.mark.slow

TO = "octo/issues"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    for n in range(4):
        fill(folder / "issues.db", by_chance(80, n), name=f"octo/widgets-{n}", key=n + 1)
    arguments = [
        "build",
        "--store",
        str(folder / "issues.db"),
        "--output",
        str(folder / "set"),
        "--languages",
        "any",
        "-q",
    ]
    assert run_gis(*arguments).status == 0
    return folder / "set"


@pytest.fixture
def dataset(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "set"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve(Hub()) as served:
        use_hub(served, monkeypatch)
        yield served


def gis(*arguments: str | Path) -> Done:
    done = run_gis("publish", *arguments)
    assert Hub().writer not in done.out + done.err
    return done


def sign(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest as a build would, so that what it tells of is looked at."""
    manifest.pop("identity")
    text = json.dumps({**manifest, "identity": sha256_of(manifest)})
    (folder / "gis_manifest.json").write_text(text, encoding="utf-8")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_lists_and_sends_nothing(hub: Hub, dataset: Path) -> None:
    found = gis(str(dataset), "--to", TO, "--dry-run")
    assert found.status == 0, found.err
    assert "data/train-00000-of-00001.parquet" in found.out
    assert "# GitHub issue similarity" in found.out
    assert "nothing was sent; without --dry-run it goes to octo/issues, private" in found.err
    assert hub.requests == []


def test_one_private_commit_with_every_file(hub: Hub, dataset: Path) -> None:
    found = gis(str(dataset), "--to", TO)
    assert found.status == 0, found.err
    assert len(hub.commits) == 1
    assert hub.private[TO]
    sent = hub.repositories["datasets", TO].files
    made = {".gitattributes", "README.md", "eval.yaml"}
    assert set(sent) == {*files_of(dataset), *made} - {"ids/README.md"}  # of a copy without texts
    for name in sent.keys() - made:
        assert sent[name] == (dataset / name).read_bytes()


def test_the_examples_of_a_published_card_open_the_published_dataset(hub: Hub, dataset: Path) -> None:
    assert 'load_dataset("set")' in (dataset / "README.md").read_text(encoding="utf-8")
    gis(dataset, "--to", TO)
    card = hub.repositories["datasets", TO].files["README.md"].decode()
    assert f'load_dataset("{TO}")' in card
    assert f'load_dataset("{TO}", "positive")' in card
    assert 'load_dataset("set' not in card


def test_the_card_of_the_ids_lists_them_alone(hub: Hub, dataset: Path) -> None:
    gis(dataset, "--to", TO, "--ids-only")
    card = DatasetCard(hub.repositories["datasets", TO].files["README.md"].decode())
    assert [config["config_name"] for config in card.data["configs"]] == ["ids", "evidence"]
    assert f'load_dataset("{TO}")  # the issues of each pair' in card.text
    assert "`positive` | the duplicate" not in card.text
    assert f"gis hydrate {TO} --output DIR" in card.text


def test_a_folder_of_an_older_gis_has_a_card_for_its_ids(hub: Hub, dataset: Path) -> None:
    (dataset / "ids" / "README.md").unlink()
    assert gis(dataset, "--to", TO, "--ids-only").status == 0
    card = DatasetCard(hub.repositories["datasets", TO].files["README.md"].decode())
    assert [config["config_name"] for config in card.data["configs"]] == ["ids", "evidence"]
    assert "This copy holds no texts" in card.text


def test_without_a_token_one_line_says_what_to_set(hub: Hub, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    done = gis(dataset, "--to", TO)
    assert done.status == 1
    assert done.err == (
        f"error: publishing to {TO} needs a token of {hub.url}; "
        "set HF_TOKEN to a token with the right to write, or run hf auth login\n"
    )


@pytest.mark.usefixtures("hub")
def test_without_network_one_line_names_the_host(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    done = gis(dataset, "--to", TO)
    assert done.status == 1
    (line,) = done.err.splitlines()
    assert line.startswith("error: http://127.0.0.1:9 cannot be reached: ")


@pytest.mark.usefixtures("hub")
def test_a_refused_dry_run_shows_the_problems_alone(dataset: Path) -> None:
    (dataset / "data" / "train-00000-of-00001.parquet").unlink()
    done = gis(dataset, "--to", TO, "--dry-run")
    assert (done.status, done.out) == (1, "")
    heading, *problems = done.err.splitlines()
    assert heading.startswith("error: not published: 2 problems in ")
    assert all(problem.startswith("  ") for problem in problems)


def test_what_was_sent_can_be_scored(hub: Hub, dataset: Path, tmp_path: Path) -> None:
    gis(str(dataset), "--to", TO, "--public")
    assert not hub.private[TO]
    with worker(hub.url, tmp_path / "hub") as process:
        done = process.run("bench", "--model", "length", "--task", TO, "--output", tmp_path / "results", "--quiet")
    assert done.status == 0, done
    (path,) = (tmp_path / "results").rglob("octo__issues.json")
    views = {view["view"] for view in json.loads(path.read_text(encoding="utf-8"))["scores"]["views"]}
    assert {"random", "bm25"} <= views


def test_after_a_break_what_was_sent_is_not_sent_again(hub: Hub, dataset: Path) -> None:
    hub.breaks = 3
    found = gis(str(dataset), "--to", TO)
    assert "broke off" in found.err
    assert "the same command continues where it stopped" in found.err
    assert hub.commits == []
    before = len(hub.large)
    hub.requests.clear()
    assert gis(str(dataset), "--to", TO).status == 0
    assert hub.uploads == len({path.read_bytes() for path in dataset.rglob("*.parquet")}) - before
    assert len(hub.commits) == 1


def test_a_second_publication_replaces_the_first(hub: Hub, dataset: Path) -> None:
    gis(str(dataset), "--to", TO)
    shutil.rmtree(dataset / "retrieval")
    manifest = json.loads((dataset / "gis_manifest.json").read_text(encoding="utf-8"))
    manifest["files"] = {name: each for name, each in manifest["files"].items() if not name.startswith("retrieval")}
    sign(dataset, manifest)
    card = (dataset / "README.md").read_text(encoding="utf-8")
    start, end = card.index("- config_name: retrieval-corpus"), card.index("---\n\n#")
    (dataset / "README.md").write_text(card[:start] + card[end:], encoding="utf-8")
    found = gis(str(dataset), "--to", TO, "--revision", "next")
    assert found.status == 0, found.err
    assert "7 of an earlier publication removed" in found.out
    assert hub.commits[-1].startswith("next: dataset published with gis")


def test_what_gis_did_not_make_is_kept_unless_asked(hub: Hub, dataset: Path) -> None:
    hub.add("datasets", TO, {"thesis.csv": b"years,of,work\n"})
    hub.private[TO] = True
    found = gis(str(dataset), "--to", TO)
    assert "octo/issues holds 1 files that gis did not publish (for example thesis.csv)" in found.err
    assert hub.commits == []
    assert gis(str(dataset), "--to", TO, "--force").status == 0
    assert gis(str(dataset), "--to", TO).status == 0  # nor is it taken away by the next publication
    assert "thesis.csv" in hub.repositories["datasets", TO].files


def test_a_public_repository_is_not_written_to_unasked(hub: Hub, dataset: Path) -> None:
    hub.add("datasets", TO, {".gitattributes": b""})
    assert "octo/issues is public; add --public" in gis(str(dataset), "--to", TO).err
    assert gis(str(dataset), "--to", TO, "--public").status == 0


def test_files_of_others_and_broken_manifests_are_not_sent(hub: Hub, dataset: Path) -> None:
    (dataset / "issues.db").write_bytes(b"with all logins")
    assert "issues.db was not made by the build; remove it" in gis(str(dataset), "--to", TO).err
    for text in ("{", "[]", "{}"):
        (dataset / "gis_manifest.json").write_text(text, encoding="utf-8")
        assert "gis_manifest.json is broken" in gis(str(dataset), "--to", TO).err
    assert hub.requests == []


def test_ids_alone_can_be_published_and_opened(hub: Hub, dataset: Path, tmp_path: Path) -> None:
    import datasets

    assert gis(str(dataset), "--to", TO, "--ids-only").status == 0
    sent = hub.repositories["datasets", TO].files
    assert {name.split("/")[0] for name in sent if "/" in name} == {"ids", "evidence"}
    for name, content in sent.items():
        (tmp_path / "there" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "there" / name).write_bytes(content)
    assert "text1" not in datasets.load_dataset(str(tmp_path / "there"))["train"].column_names
    assert "leave out --ids-only" in gis(str(tmp_path), "--to", TO, "--ids-only").err


def test_without_rights(hub: Hub, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_reader_0123456789")
    found = gis(str(dataset), "--to", TO)
    assert "the Hub does not let this account write to octo/issues (status 403); set HF_TOKEN" in found.err
    assert "hf_reader" not in found.err
    assert not hub.repositories
    assert "write ORG/NAME" in gis(str(dataset), "--to", "issues").err


def broken(dataset: Path, change: str) -> None:
    path = dataset / "data" / "test-00000-of-00001.parquet"
    table = pd.read_parquet(path)
    if change == "column":
        table = table.drop(columns="text2")
    elif change == "type":
        table["label"] = table.label.astype(str)
    elif change == "leak":
        train = pd.read_parquet(dataset / "data" / "train-00000-of-00001.parquet")
        table = pd.concat([table, train.iloc[:1]])
    elif change == "secret":
        table.loc[0, "text1"] = "my key is AKIAABCDEFGHIJKLMNOP and ann.lee@example.org"
    table.to_parquet(path, index=False)
    manifest = json.loads((dataset / "gis_manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["data/test-00000-of-00001.parquet"]["sha256"] = sha256_of_file(path)
    sign(dataset, manifest)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("column", "the column text2 is missing"),
        ("type", "the column label is "),
        ("leak", "default: 2 issues are in two splits, for example https://github.com/octo/"),
        ("secret", "texts hold what should have been redacted: 1 of kind email, 1 of kind token"),
    ],
)
def test_a_dataset_that_is_not_right_is_not_sent(hub: Hub, dataset: Path, change: str, message: str) -> None:
    broken(dataset, change)
    found = gis(str(dataset), "--to", TO)
    assert message in found.err
    assert hub.requests == []


def test_a_manifest_of_somebody_else_is_refused(hub: Hub, dataset: Path) -> None:
    path = dataset / "gis_manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "store": []}), encoding="utf-8")
    assert "gis_manifest.json was changed since it was written" in gis(str(dataset), "--to", TO).err
    name = next(name for name in manifest["files"] if name.endswith(".parquet"))
    sign(dataset, {**manifest, "files": {**manifest["files"], name: []}})
    assert f"{name} was changed since it was written" in gis(str(dataset), "--to", TO).err
    (dataset / name).write_bytes(b"no Parquet")
    entry = {**manifest["files"][name], "sha256": sha256_of_file(dataset / name)}
    sign(dataset, {**manifest, "files": {**manifest["files"], name: entry}})
    assert "a Parquet file cannot be read" in gis(str(dataset), "--to", TO).err
    assert hub.requests == []


def test_files_and_card_are_checked(hub: Hub, dataset: Path) -> None:
    (dataset / "ids" / "test-00000-of-00001.parquet").unlink()
    (dataset / "data" / "train-00000-of-00001.parquet").write_bytes(b"changed")
    (dataset / "README.md").write_text("---\nlicense: other\n---\n# Mine\n", encoding="utf-8")
    told = gis(str(dataset), "--to", TO).err
    assert "ids/test-00000-of-00001.parquet is missing" in told
    assert "data/train-00000-of-00001.parquet was changed since it was written" in told
    assert "the license 'other' without a license_name" in told
    assert hub.requests == []


def test_a_model_goes_with_a_card(hub: Hub, tiny_sentence_transformer: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_sentence_transformer, tmp_path / "model"))
    (folder / "README.md").unlink(missing_ok=True)
    record = {"schema": 1, "train": {"source": "/home/ann/secret/task"}, "versions": {"gis": "1"}}
    (folder / "gis_training.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "optimizer.pt").write_bytes(b"large and of no use")
    found = gis(str(folder), "--to", "octo/model")
    assert found.status == 0, found.err
    sent = hub.repositories["models", "octo/model"].files
    assert "optimizer.pt" not in sent
    assert b"library_name: sentence-transformers" in sent["README.md"]
    assert any(name.endswith(".safetensors") for name in sent)
    assert b'SentenceTransformer("octo/model")' in sent["README.md"]
    assert b'"source": "task"' in sent["gis_training.json"]
    assert all(b"/home/ann" not in sent[name] for name in ("README.md", "gis_training.json"))
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert "notes.txt was not made by gis; remove it" in gis(str(folder), "--to", "octo/model").err


def test_the_scores_of_a_model_go_with_it(hub: Hub, tiny_sentence_transformer: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_sentence_transformer, tmp_path / "model"))
    (folder / "gis_training.json").write_text(json.dumps({"schema": 1, "versions": {"gis": "1"}}), encoding="utf-8")
    results = tmp_path / "results"
    told = gis(str(folder), "--to", "octo/model", "--results", str(results)).err
    assert "no results in" in told
    content = read_model_folder(Spec(str(folder)), LoadSettings()).content_hash()
    scored = result("m", "stsb", 0.5, verified=True, settings={"content_sha256": content})
    write_result(result_path(results, scored.model, "stsb"), scored, pd.DataFrame({"id": ["a"]}))
    for _ in range(2):  # the second time over the first
        assert gis(str(folder), "--to", "octo/model", "--results", str(results)).status == 0
    sent = hub.repositories["models", "octo/model"].files[".eval_results/gis.yaml"]
    assert b"id: mteb/stsbenchmark-sts" in sent


def test_results_go_with_their_table(hub: Hub, built: Path, tmp_path: Path) -> None:
    arguments = ["bench", "--model", "length", "--task", str(built), "--output", str(tmp_path / "results"), "-q"]
    assert run_gis(*arguments).status == 0
    for _ in range(2):  # the second time over the first
        found = gis(str(tmp_path / "results"), "--to", "octo/results")
        assert found.status == 0, found.err
    sent = hub.repositories["datasets", "octo/results"].files
    assert b"| length |" in sent["README.md"]
    assert any(name.startswith("length/") for name in sent)
    (tmp_path / "results" / "passwords.txt").write_text("mine", encoding="utf-8")
    told = gis(str(tmp_path / "results"), "--to", "octo/results").err
    assert "passwords.txt was not made by gis; remove it" in told


def test_a_folder_of_something_else(hub: Hub, tmp_path: Path) -> None:
    assert "is not a dataset of gis build" in gis(str(tmp_path), "--to", TO).err
    assert "no folder at" in gis(str(tmp_path / "none"), "--to", TO).err
    assert hub.requests == []


def test_a_folder_that_takes_the_place_of_the_checked_one_is_not_sent(hub: Hub, dataset: Path) -> None:
    publication = prepare(dataset, name=TO)
    with new_folder(dataset) as other:
        shutil.copytree(dataset, other, dirs_exist_ok=True)
    with pytest.raises(GisError, match="was replaced while it was being published") as caught:
        push(publication, TO)
    assert caught.value.remedy == "the same command publishes what is there now"
    assert hub.commits == []
    assert gis(dataset, "--to", TO).status == 0
    shutil.rmtree(dataset)
    with pytest.raises(GisError, match="is gone"):
        push(publication, TO)


def test_a_folder_that_is_replaced_while_it_is_checked_is_named(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def card_read(folder: Path) -> str:
        with new_folder(folder) as other:
            shutil.copytree(folder, other, dirs_exist_ok=True)
        return read_card(folder)

    monkeypatch.setattr("gis.publishing.dataset.read_card", card_read)
    with pytest.raises(GisError, match="was replaced while it was being published"):
        prepare(dataset)
