"""The steps of the action and of the documented workflow, run in bash as a runner runs them."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gis.finder.posting.findings_file import findings_json
from tests.collector.server import GitHub
from tests.collector.world import World
from tests.finder.posting.helpers import finding, suggestion

CHECKOUT = Path(__file__).resolve().parents[3]
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load(
    re.findall(r"```yaml\n(.*?)```", (CHECKOUT / "docs" / "action.md").read_text(encoding="utf-8"), re.DOTALL)[0]
)
STEPS = ACTION["runs"]["steps"]
JOBS = WORKFLOW["jobs"]
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the action's steps are for bash")


class Runner:
    """Runs the steps of the action for one job.

    Attributes:
        folder: The workspace, which both jobs share here as the artifact does there.
    """

    def __init__(self, folder: Path, github: GitHub) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        self._script("gis", f'exec "{sys.executable}" -m gis "$@"')
        kept = {name: os.environ[name] for name in ("HOME", "OMP_NUM_THREADS", "HF_HOME") if name in os.environ}
        self.environment = {
            **kept,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
            "RUNNER_TEMP": str(folder / "temp"),
            "GITHUB_PATH": str(folder / "path"),
            "GITHUB_REPOSITORY": "octo/widgets",
            "GITHUB_API_URL": github.url,
        }

    def _script(self, name: str, command: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/bash\n{command}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the step of this name as the runner does."""
        (step,) = (step for step in STEPS if step.get("name") == name)
        given = {key: each.get("default", "") for key, each in ACTION["inputs"].items()} | inputs
        known = {f"inputs.{key}": value for key, value in given.items()}
        known |= {"runner.temp": self.environment["RUNNER_TEMP"], "github.action_path": "/action"}
        values = {key: EXPRESSION.sub(lambda each: known[each[1]], text) for key, text in step["env"].items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env=self.environment | values,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def runner(tmp_path: Path, github: GitHub) -> Runner:
    return Runner(tmp_path, github)


def test_no_text_of_an_event_is_part_of_a_command() -> None:
    steps = [*STEPS, *(step for job in JOBS.values() for step in job["steps"])]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    expressions = {each for step in steps for each in EXPRESSION.findall(str(step))}
    assert {each for each in expressions if "event" in each} <= {"github.event.issue.number || inputs.issue"}
    assert EXPRESSION.findall(ACTION["inputs"]["issue"]["default"]) == ["github.event.issue.number"]


def test_each_job_has_the_least_rights() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOBS["find"]["permissions"] == {"issues": "read", "pull-requests": "read"}
    assert JOBS["post"]["permissions"] == {"issues": "write"}
    assert JOBS["post"]["needs"] == "find"


def test_the_workflow_gives_the_action_inputs_that_it_has_and_writes_nothing_unasked() -> None:
    used = [step["with"] for job in JOBS.values() for step in job["steps"] if step["uses"].startswith("OWNER/gis@")]
    assert [step["step"] for step in used] == ["find", "post"]
    assert {name for step in used for name in step} <= set(ACTION["inputs"])
    assert ACTION["inputs"]["post"]["default"] == "false"
    assert ACTION["inputs"]["suggest"]["default"] == "false"
    others = [step["uses"] for job in JOBS.values() for step in job["steps"] if not step["uses"].startswith("OWNER/")]
    assert all(name.startswith("actions/") for name in [*others, *(each["uses"] for each in STEPS if "uses" in each)])


def test_every_expression_of_a_step_stands_for_an_input_or_the_runner() -> None:
    for step in STEPS:
        for each in EXPRESSION.findall(str(step.get("env", {}))):
            assert each in {"runner.temp", "github.action_path"} or each.removeprefix("inputs.") in ACTION["inputs"]


@needs_bash
def test_gis_is_installed_from_the_action_itself(runner: Runner) -> None:
    recorder = 'echo "$@" >> "$RUNNER_TEMP/calls"; mkdir -p "$RUNNER_TEMP/gis-venv/bin"'
    runner._script(
        "python", f'{recorder}; cp -f "{runner.folder}/bin/python" "$RUNNER_TEMP/gis-venv/bin/python" || true'
    )
    Path(runner.environment["RUNNER_TEMP"]).mkdir()
    done = runner.run("Install gis")
    assert done.returncode == 0, done.stderr
    calls = (Path(runner.environment["RUNNER_TEMP"]) / "calls").read_text(encoding="utf-8")
    assert "-m pip install --quiet --constraint /action/constraints.txt /action[minilm]" in calls
    assert (runner.folder / "path").read_text(encoding="utf-8").strip().endswith("gis-venv/bin")


@needs_bash
@pytest.mark.slow
def test_both_jobs_of_the_action_write_one_comment(runner: Runner, github: GitHub, world: World) -> None:
    for number in (1, 8):
        world.change(number, title="Frobnicator crashes on start", body="error: the frobnicator is missing; it ends")
    github.tokens["of-the-job"] = None
    found = runner.run("Find", issue="8", token="of-the-job", skip="bots\nlabel:question")
    assert found.returncode == 0, found.stderr
    shown = runner.run("Post", issue="8", token="of-the-job")
    assert shown.returncode == 0, shown.stderr
    assert "octo/widgets#8: this comment, unless the issue is closed or locked:" in shown.stdout
    assert github.written == []
    done = runner.run("Post", issue="8", token="of-the-job", post="true")
    assert (done.returncode, "octo/widgets#8: commented" in done.stdout) == (0, True), done.stderr
    (comment,) = world.comments[8]
    assert "`Frobnicator crashes on start`" in comment["body"]
    github.may_write = False
    world.comments.clear()
    assert runner.run("Post", issue="8", token="of-the-job", post="true").returncode == 1


@needs_bash
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"step": "posts"}, "'step' is not find or post"),
        *(({"issue": issue}, "'issue' is not a number") for issue in ("", "1; touch hacked", "$(touch hacked)", "#1")),
        ({"issue": "1\n2"}, "'issue' is not a number"),
        ({"post": "yes"}, "'suggest' or 'post' is not true or false"),
        ({"suggest": ""}, "'suggest' or 'post' is not true or false"),
        ({}, ""),
    ],
)
def test_inputs_are_checked_before_anything_else(runner: Runner, inputs: dict[str, str], message: str) -> None:
    assert STEPS[0]["name"] == "Check the inputs"
    done = runner.run("Check the inputs", **{"step": "post", "issue": "8", **inputs})
    assert (done.returncode, done.stdout.strip()) == ((2, f"::error::{message}") if message else (0, ""))
    assert not list(runner.folder.rglob("hacked"))


@needs_bash
def test_findings_about_another_issue_are_not_written(runner: Runner, github: GitHub) -> None:
    (runner.folder / "findings").mkdir()
    path = runner.folder / "findings" / "findings.json"
    path.write_text(findings_json([finding(8, suggestion(1, web=github.url)), finding(7)]), encoding="utf-8")
    done = runner.run("Post", issue="8", token="good-token-1234", post="true")
    assert (done.returncode, "is about octo/widgets#7, which was not named" in done.stderr) == (1, True), done.stderr
    assert github.requests == []


@needs_bash
def test_the_runner_takes_no_commands_from_what_people_wrote(runner: Runner, github: GitHub) -> None:
    (runner.folder / "findings").mkdir()
    path = runner.folder / "findings" / "findings.json"
    title = "##[error]all is lost ::add-mask::e"
    path.write_text(findings_json([finding(8, suggestion(1, web=github.url, title=title))]), encoding="utf-8")
    outputs = [runner.run("Post", issue="8", token="x").stdout, runner.run("Find", issue="8", token="expired").stdout]
    assert title in outputs[0]
    for output in outputs:
        first, *lines, last = output.splitlines()
        word = first.removeprefix("::stop-commands::")
        assert (len(word) > 8, last) == (True, f"::{word}::")
        assert not any(word in line for line in lines)


@needs_bash
def test_a_find_that_failed_fails_the_job(runner: Runner, github: GitHub) -> None:
    done = runner.run("Find", issue="8", token="expired")
    assert done.returncode == 1
    assert not (runner.folder / "findings" / "findings.json").exists()
    assert runner.run("Post", issue="8", token="x", post="true").returncode == 1
    assert github.written == []


def test_the_inputs_are_documented() -> None:
    page = (CHECKOUT / "docs" / "action.md").read_text(encoding="utf-8")
    assert [name for name in ACTION["inputs"] if f"`{name}`" not in page] == []


def outline(value: Any) -> set[str]:  # noqa: ANN401
    return set(value) if isinstance(value, dict) else set()


def test_the_action_is_one_that_github_reads() -> None:
    assert outline(ACTION) == {"name", "description", "inputs", "runs"}
    assert ACTION["runs"]["using"] == "composite"
    assert all("shell" in step for step in STEPS if "run" in step)
