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
from itertools import islice
from pathlib import Path

import numpy as np

from gis.collector.records import Comment, Event, Issue, Page, Reference, Repository, User
from gis.collector.store_writer import StoreWriter

ISSUES_PER_REPOSITORY, ISSUES_PER_PAGE = 25_000, 2_000
VOCABULARY, TOPICS, WORDS = 50_000, 2_000, 120


def stamp(minutes: int) -> str:
    """Return the time so many minutes after 2015 began, as GitHub writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_420_070_400 + 60 * minutes))


def issues_of(count: int, rng: np.random.Generator) -> Iterator[Issue]:
    """Yield the issues of a repository; a comment rules that one in ten is a duplicate."""
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
        at, person = stamp(number * 10), User(f"user-{rng.integers(2000)}", None, "User")
        citation = Event("cross_referenced", at, person, Reference(None, int(rng.integers(1, number + 1)), False))
        said = ["I see this as well, with the latest version.", *([ruling] if ruling else [])]
        yield Issue(
            number=number,
            id=number,
            node_id=f"I{number}",
            title=" ".join(words[:6]),
            body="\n".join(" ".join(words[n : n + 12]) for n in range(6, len(words), 12)),
            state="closed",
            state_reason="completed",
            locked=False,
            author=person,
            association="NONE",
            labels=(f"area-{topic_of[-1] % 50}",),
            comment_count=len(said),
            created_at=at,
            updated_at=at,
            closed_at=at,
            closed_by=person,
            comments=tuple(comment(number * 10 + n, person, body, at) for n, body in enumerate(said)),
            events=(citation,) if rng.random() < 0.3 else (),
        )


def comment(key: int, author: User, body: str, at: str) -> Comment:
    """Return a comment by somebody who has no role in the repository."""
    return Comment(
        id=key, node_id=f"C{key}", author=author, association="NONE", body=body, created_at=at, updated_at=at
    )


def make_store(path: Path, total: int) -> None:
    """Fill a store with ``total`` issues."""
    with StoreWriter.open(path) as store:
        for n in range(-(-total // ISSUES_PER_REPOSITORY)):
            count = min(ISSUES_PER_REPOSITORY, total - n * ISSUES_PER_REPOSITORY)
            name = f"octo/widgets-{n}"
            key = store.repository(Repository(name, n + 1, name), "graphql")
            run = store.begin(key, "graphql", {})
            issues = issues_of(count, np.random.default_rng(n))
            while page := tuple(islice(issues, ISSUES_PER_PAGE)):
                store.write(key, run, Page(resume_point={}, done=page[-1].number == count, issues=page))


def family_mib(process: int) -> float:
    """Return the memory of a process and its children in MiB, shared pages divided among those that share them."""
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
    """Return the seconds, the peak MiB and the printed line of a build."""
    command = [sys.executable, "-m", "gis", "build", "--store", str(store), "--output", str(folder), "--quiet"]
    started = time.monotonic()
    process = subprocess.Popen([*command, "--languages", "any"], stdout=subprocess.PIPE, text=True)
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
