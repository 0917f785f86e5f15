"""Measure time and memory of gis build on made-up stores of different sizes.

A store holds repositories of 25,000 issues of some 160 words each, drawn from a vocabulary by Zipf's law with a topic
for each issue; one in ten is ruled a duplicate of an earlier one with words in common; others are cited. gis build
runs as a process of its own, BM25 negatives included; its memory is counted with that of its workers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gis.collector.records import Comment, Event, Issue, Page, Reference, Repository, User
from gis.collector.store import Store

REPOSITORY, PAGE = 25_000, 2_000
VOCABULARY, TOPICS, WORDS = 50_000, 2_000, 120


def stamp(minutes: int) -> str:
    """Minutes after 2015 began, as GitHub writes a time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_420_070_400 + 60 * minutes))


def issues_of(count: int, rng: np.random.Generator) -> Iterator[tuple[Issue, str]]:
    """Issues of a repository, with what a comment rules on each, or nothing."""
    names = np.array([f"w{n:05}" for n in range(VOCABULARY)])
    topics = rng.integers(0, VOCABULARY, (TOPICS, 40))
    topic_of: list[int] = []
    for number in range(1, count + 1):
        ruling, target = "", 0
        if number > 10 and rng.random() < 0.1:
            target = int(rng.integers(max(number - 5000, 1), number))
            ruling = (
                f"Duplicate of #{target}." if rng.random() < 0.7 else f"I'm closing this as a dup of #{target}, thanks"
            )
        topic_of.append(topic_of[target - 1] if target else int(rng.integers(TOPICS)))
        common = np.minimum(rng.zipf(1.3, WORDS), VOCABULARY) - 1
        own = rng.choice(topics[topic_of[-1]], WORDS // 3)
        words = names[np.concatenate([common, own])[rng.permutation(WORDS + WORDS // 3)]]
        body = "\n".join(" ".join(words[n : n + 12]) for n in range(6, len(words), 12))
        at, person = stamp(number * 10), User(f"user-{rng.integers(2000)}", None, "User")
        cites = Event("cross_referenced", at, person, Reference(None, int(rng.integers(1, number + 1)), False))
        comments = [
            Comment(number * 10, f"C{number}", person, "NONE", "I see this as well, with the latest version.", at, at)
        ]
        if ruling:
            comments.append(Comment(number * 10 + 1, f"D{number}", person, "NONE", ruling, at, at))
        yield (
            Issue(
                number, number, f"I{number}", " ".join(words[:6]), body, "closed", "completed", False, person, "NONE",
                (f"area-{topic_of[-1] % 50}",), len(comments), at, at, at, person,
                comments=tuple(comments), events=(cites,) if rng.random() < 0.3 else (),
            ),
            ruling,
        )  # fmt: skip


def make_store(path: Path, total: int) -> None:
    """Fill a store with ``total`` issues."""
    with Store.writing(path) as store:
        for n in range(-(-total // REPOSITORY)):
            count = min(REPOSITORY, total - n * REPOSITORY)
            name = f"octo/widgets-{n}"
            key = store.repository(Repository(name, n + 1, name), "graphql")
            run = store.begin(key, "graphql", {})
            page: list[Issue] = []
            for issue, _ in issues_of(count, np.random.default_rng(n)):
                page.append(issue)
                if len(page) == PAGE or issue.number == count:
                    store.write(key, run, Page({}, issue.number == count, tuple(page)))
                    page = []


def family_mib(process: int) -> float:
    """Memory that a process and its children hold alone or share, in MiB."""
    total = 0
    for pid in [process, *_children(process)]:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _children(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    except OSError:
        return []
    direct = [int(pid) for pid in text.split()]
    return direct + [pid for child in direct for pid in _children(child)]


def measure(store: Path, folder: Path) -> tuple[float, float, str]:
    """Seconds, peak MiB and the last line of a build."""
    command = [
        sys.executable,
        "-m",
        "gis",
        "build",
        "--store",
        str(store),
        "--output",
        str(folder),
        "--languages",
        "any",
    ]
    started = time.monotonic()
    process = subprocess.Popen([*command, "--quiet"], stdout=subprocess.PIPE, text=True)
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, family_mib(process.pid))
            time.sleep(0.5)

    watcher = threading.Thread(target=watch)
    watcher.start()
    said, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"gis build failed: {process.returncode}")
    return time.monotonic() - started, peak, said.strip()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--issues", type=int, nargs="+", default=[100_000, 1_000_000])
    sys.stdout.write("| issues | pairs | seconds | µs an issue | peak MiB |\n| --: | --: | --: | --: | --: |\n")
    for total in parser.parse_args().issues:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            store = Path(folder) / "issues.db"
            make_store(store, total)
            seconds, peak, said = measure(store, Path(folder) / "built")
            pairs = said.split(" ", 1)[0]
            sys.stdout.write(f"| {total:,} | {pairs} | {seconds:.0f} | {1e6 * seconds / total:.0f} | {peak:.0f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
