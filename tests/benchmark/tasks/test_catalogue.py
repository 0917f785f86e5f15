import re
from dataclasses import replace
from pathlib import Path

import pytest

from gis.benchmark.tasks.catalogue import PACKAGED, Task, catalogue, packaged_ids, resolve_tasks, suites
from gis.benchmark.tasks.pairs import Columns
from gis.errors import UsageError
from gis.spec import Spec, parse_specs
from tests.benchmark.helpers import write_jsonl

COMMIT = re.compile(r"[0-9a-f]{40}")
STS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")
PROMISED = {*STS, "sickr-mteb", "mrpc", "qqp", "qnli", "gis", "gis-plain", "rust_issues", "lee50", "sample"}
every_task = pytest.mark.parametrize("task", catalogue().values(), ids=catalogue())
hub_tasks = pytest.mark.parametrize(
    "task", [task for task in catalogue().values() if task.hub], ids=[n for n, task in catalogue().items() if task.hub]
)


def resolve(*specs: str, data: Path | None = None) -> list[Task]:
    return resolve_tasks(parse_specs(specs), data)


def names(*specs: str, data: Path | None = None) -> list[str]:
    return [task.name for task in resolve(*specs, data=data)]


def error_of(*specs: str, data: Path | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        resolve(*specs, data=data)
    return str(caught.value)


def test_every_promised_task_is_there() -> None:
    assert set(catalogue()) == PROMISED


def test_the_suites_are_the_designs() -> None:
    assert suites()["sts"] == STS
    assert suites()["in-domain"] == ("mrpc", "stsb", "qqp", "qnli", "gis")
    assert "gis" in suites()["long"]


@pytest.mark.parametrize("suite", suites())
def test_suites_name_tasks_that_exist(suite: str) -> None:
    assert set(suites()[suite]) <= set(catalogue())
    assert suite not in catalogue()


@every_task
def test_an_entry_says_what_a_person_must_know(task: Task) -> None:
    assert task.summary
    assert task.label in ("graded", "binary")
    assert task.licence
    assert task.citation


@every_task
def test_an_entry_names_its_number_of_rows(task: Task) -> None:
    assert task.rows is not None
    assert task.rows > 0


@every_task
def test_a_content_hash_is_a_sha256(task: Task) -> None:
    assert task.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", task.sha256)


@hub_tasks
def test_a_hub_task_is_pinned_to_a_commit(task: Task) -> None:
    assert task.revision is not None
    assert COMMIT.fullmatch(task.revision)


@every_task
def test_a_task_has_a_source(task: Task) -> None:
    assert task.hub or task.packaged or task.sha256
    assert (PACKAGED / task.name).is_dir() == (task.packaged or packaged_ids(task.name) is not None)


@every_task
def test_what_supersedes_a_task_exists(task: Task) -> None:
    assert task.superseded_by is None or task.superseded_by in catalogue()


def test_the_names_in_mteb_are_distinct() -> None:
    known = [task.mteb for task in catalogue().values() if task.mteb]
    assert len(known) == len(set(known))


def test_gis_is_the_issues_revision_and_split() -> None:
    gis = catalogue()["gis"]
    assert (gis.hub, gis.config) == ("WhereIsAI/github-issue-similarity", "default")
    assert gis.revision == "9d058e4cfbc11d782186a1dbb5031a6509b895e1"
    assert gis.splits in ((), ("test",))
    assert gis.columns == Columns()


def test_the_sickr_of_mteb_is_all_splits_and_no_other_task_is() -> None:
    whole = catalogue()["sickr-mteb"]
    assert (whole.rows, whole.splits, whole.folder) == (9927, ("train", "validation", "test"), "sickr")
    assert (catalogue()["sickr"].rows, catalogue()["sickr"].mteb) == (4927, None)


def test_qnli_counts_entailment_as_similar() -> None:
    assert catalogue()["qnli"].hub_labels == {"0": 1.0, "1": 0.0}


def test_a_suite_is_spelt_out_in_order() -> None:
    assert names("sts") == list(STS)


def test_a_task_named_twice_is_scored_once() -> None:
    assert names("stsb,sts,stsb") == ["stsb", "sts12", "sts13", "sts14", "sts15", "sts16", "sickr"]


def test_the_plain_variant_has_one_name_however_it_is_asked_for() -> None:
    assert resolve("gis,text=plain") == resolve("gis-plain") == [catalogue()["gis-plain"]]
    assert names("gis,gis,text=plain,gis-plain") == ["gis", "gis-plain"]


def test_the_plain_variant_is_the_same_data() -> None:
    gis, plain = catalogue()["gis"], catalogue()["gis-plain"]
    assert replace(plain, name="gis", summary=gis.summary, folder=gis.folder, text="html") == gis
    assert plain.folder == "gis"


def test_the_plain_variant_of_any_task_has_a_name_and_the_folder_of_its_own_task() -> None:
    (plain,) = resolve("lee50,text=plain")
    assert (plain.name, plain.folder, plain.text) == ("lee50-plain", "lee50", "plain")
    assert names("long,text=plain") == ["gis-plain", "lee50-plain", "rust_issues-plain"]


@pytest.mark.parametrize("spec", ["stsb,text=plain", "gis-plain"])
def test_the_plain_variant_is_no_task_of_mteb(spec: str) -> None:
    assert resolve(spec)[0].mteb is None


def test_html_of_the_plain_variant_is_refused() -> None:
    assert "without -plain" in error_of("gis-plain,text=html")


def test_an_unknown_text_variant_names_the_known_ones() -> None:
    message = error_of("gis,text=markdown")
    assert all(part in message for part in ("html", "plain", "markdown"))


@pytest.mark.parametrize(("typed", "meant"), [("stsbb", "stsb"), ("STSB", "stsb"), ("rust-issues", "rust_issues")])
def test_an_unknown_task_names_close_ones(typed: str, meant: str) -> None:
    message = error_of(typed)
    assert f"unknown task '{typed}'" in message
    assert meant in message


def test_a_task_like_no_other_gets_the_list() -> None:
    message = error_of("zzzzzzzz")
    assert all(name in message for name in ("stsb", "gis", "in-domain"))


def test_an_unknown_task_names_close_folders_below_data(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "support_tickets" / "test.jsonl")
    assert "Did you mean support_tickets?" in error_of("suport_tickets", data=tmp_path)


@pytest.mark.parametrize("spec", ["stsb,txt=plain", "sts,txt=plain", "org/name,txt=plain"])
def test_a_misspelt_option_names_the_close_one(spec: str) -> None:
    message = error_of(spec)
    assert "'txt'" in message
    assert "text" in message.split("'txt'")[1]


def test_an_option_of_hub_tasks_is_refused_for_a_folder(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "test.jsonl")
    assert "revision" in error_of(f"{tmp_path / 'mine'},revision=abc")


def test_a_folder_is_a_task_of_its_name(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "test.jsonl")
    (task,) = resolve(str(tmp_path / "mine"))
    assert (task.name, task.folder, task.hub, task.label) == ("mine", str(tmp_path / "mine"), None, None)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".csv", ".parquet"])
def test_a_file_is_a_task_of_its_name(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"mine{suffix}").touch()
    assert names(str(tmp_path / f"mine{suffix}")) == ["mine"]


def test_a_folder_name_with_a_dot_is_kept_whole(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "tickets-v1.5" / "test.jsonl")
    assert names(str(tmp_path / "tickets-v1.5")) == ["tickets-v1.5"]


def test_a_file_of_another_kind_is_no_task(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert ".jsonl" in error_of(str(tmp_path / "notes.txt"))


def test_a_folder_below_data_that_no_catalogue_knows_is_a_task(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "tickets" / "test.jsonl")
    (task,) = resolve("tickets", data=tmp_path)
    assert (task.name, task.folder) == ("tickets", str(tmp_path / "tickets"))


def test_a_catalogue_name_goes_before_a_folder_of_that_name(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "stsb" / "test.jsonl")
    assert resolve("stsb", data=tmp_path) == [catalogue()["stsb"]]


def test_a_split_other_than_test_is_part_of_the_name(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "valid.jsonl")
    (task,) = resolve(f"{tmp_path / 'mine'},split=valid")
    assert (task.name, task.splits) == ("mine-valid", ("valid",))


def test_two_different_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    for parent in ("one", "two"):
        write_jsonl(tmp_path / parent / "mine" / "test.jsonl")
    message = error_of(str(tmp_path / "one" / "mine"), str(tmp_path / "two" / "mine"))
    assert "two different tasks are called 'mine'" in message


def test_the_same_folder_twice_is_one_task(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine" / "test.jsonl")
    assert names(str(tmp_path / "mine"), "mine", data=tmp_path) == ["mine"]


@pytest.mark.parametrize("name", ["stsb", "sickr-mteb", "gis-plain", "sts", "in-domain"])
def test_data_of_ones_own_never_takes_a_name_of_the_catalogue(tmp_path: Path, name: str) -> None:
    write_jsonl(tmp_path / name / "test.jsonl")
    write_jsonl(tmp_path / f"{name}.jsonl")
    for path in (tmp_path / name, tmp_path / f"{name}.jsonl"):
        (task,) = resolve(str(path))
        assert (task.name, task.folder, task.sha256) == (f"own-{name}", str(path), None)


def test_a_split_or_text_of_ones_own_data_does_not_make_a_name_of_the_catalogue(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "sickr" / "mteb.jsonl")
    write_jsonl(tmp_path / "gis" / "test.jsonl")
    assert names(f"{tmp_path / 'sickr'},split=mteb", f"{tmp_path / 'gis'},text=plain") == [
        "own-sickr-mteb",
        "own-gis-plain",
    ]


def test_the_catalogues_task_and_ones_own_of_that_name_are_two(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "stsb" / "test.jsonl")
    assert names("stsb", str(tmp_path / "stsb")) == ["stsb", "own-stsb"]


@pytest.mark.parametrize("typed", ["stsb", "gis,text=plain", "org/name,config=x,split=dev"])
def test_a_task_can_be_typed_back(typed: str) -> None:
    (task,) = resolve(typed)
    assert resolve(task.spec) == [task]


def test_a_hub_id_takes_its_options() -> None:
    spec = "org/name,revision=abc,config=en,split=valid,text1=s1,text2=s2,label=sim"
    assert resolve(spec) == [
        Task(
            name="org__name__en-valid",
            hub="org/name",
            config="en",
            revision="abc",
            splits=("valid",),
            columns=Columns("s1", "s2", "sim"),
        )
    ]


def test_two_revisions_of_one_hub_dataset_are_refused_as_one_name() -> None:
    assert "two different tasks" in error_of("org/name,revision=a", "org/name,revision=b")


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere/x", "a/b/c"])
def test_a_path_that_is_not_there_is_no_hub_id(name: str) -> None:
    assert name in error_of(name)


def test_resolving_reads_nothing_from_disk_but_names(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert resolve_tasks([Spec(str(tmp_path / "mine"))], None)[0].name == "mine"
