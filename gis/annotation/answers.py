"""The answers of annotators in a file that only grows: a run that is killed pays for nothing twice."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from gis.annotation.generation import Generated, generated
from gis.annotation.prompt import LEVELS, TOP_LEVEL
from gis.annotation.protocols import Grade, Usage
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import full_disk_named
from gis.hashes import sha256_of
from gis.masking import masked

CHECK = "check"  # the field that shows whether a line is as it was written
CHECK_DIGITS = 12
GENERATED = "generated"  # the field of generated texts
Value = Grade | Generated


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that was paid for: what was asked for, or the reason why it is not there.

    Attributes:
        key: Hash of everything that decides the answer.
        annotator: Hash of what was asked and how, without the texts and the protocol.
        pair: Hash of the texts, in their order.
        model: The model that was asked for.
        prompt: Hash of the prompt.
        protocol: How it was asked.
        value: A grade or generated texts; None where the answer is neither.
        failure: Why there is no value; empty where there is one.
        usage: What it cost.
        served_by: The model that the server says it ran.
        refused: Whether the model declined to answer, so that to ask again is no use.
    """

    key: str
    annotator: str
    pair: str
    model: str
    prompt: str
    protocol: str
    value: Value | None
    usage: Usage
    failure: str = ""
    served_by: str = ""
    refused: bool = False


class AnswerFile:
    """The answers in a file, and those that are added, each of which is handed to the system as it arrives.

    Attributes:
        by_key: The answers with a value, by their keys.
    """

    def __init__(self, path: Path, *, reporter: Reporter = QUIET) -> None:
        self.path = path
        self.by_key: dict[str, Answer] = {}
        self._failed: list[Answer] = []
        self._lock = Lock()
        self._damaged = 0
        for answer in self._read():
            self._remember(answer)
        if self._damaged:
            reporter.warn(f"{path}: {self._damaged:,} damaged lines are not used; their pairs are asked about again")

    def __iter__(self) -> Iterator[Answer]:
        """Yield all answers, those without a value last."""
        yield from list(self.by_key.values())
        yield from list(self._failed)

    def protocol_of(self, annotator: str) -> str | None:
        """Return the protocol by which an annotator has answered before; None where it has not."""
        return next((answer.protocol for answer in self.by_key.values() if answer.annotator == annotator), None)

    def add(self, answer: Answer) -> None:
        """Write down an answer.

        Raises:
            FullDiskError: There is no space left.
        """
        record = _record(answer)
        line = json.dumps({**record, CHECK: sha256_of(record)[:CHECK_DIGITS]}, ensure_ascii=True) + "\n"
        with self._lock, full_disk_named(self.path):
            make_folder(self.path.parent)
            with self.path.open("ab") as file:
                if file.tell() and not self._ends_in_line():
                    file.write(b"\n")  # a killed process left half a line
                file.write(line.encode())
                file.flush()
            self._remember(answer)

    def _ends_in_line(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _remember(self, answer: Answer) -> None:
        if answer.value is None:
            self._failed.append(answer)
        else:
            self.by_key[answer.key] = answer

    def _read(self) -> Iterator[Answer]:
        if not self.path.is_file():
            return
        try:
            lines = self.path.read_bytes().split(b"\n")
        except OSError as error:
            raise GisError(f"{self.path} cannot be read ({error})") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            answer = _parsed(line)
            if answer is not None:
                yield answer
            elif number < len(lines):  # the last line may be what a killed process had begun
                self._damaged += 1


def _record(answer: Answer) -> dict[str, Any]:
    grade = answer.value if isinstance(answer.value, Grade) else None
    generated = {GENERATED: answer.value._asdict()} if isinstance(answer.value, Generated) else {}
    return {
        "key": answer.key,
        "annotator": answer.annotator,
        "pair": answer.pair,
        "model": answer.model,
        "prompt": answer.prompt,
        "protocol": answer.protocol,
        "level": None if grade is None else grade.value,
        "probabilities": None if grade is None or grade.probabilities is None else list(grade.probabilities),
        "raw": "" if grade is None else masked(grade.raw),
        "failure": masked(answer.failure),
        "served_by": masked(answer.served_by),
        "input_tokens": answer.usage.input_tokens,
        "output_tokens": answer.usage.output_tokens,
        "counted": answer.usage.counted,
        **generated,
    }


def _parsed(line: bytes) -> Answer | None:
    """Read a line; None for one that is not as it was written."""
    try:
        record: Mapping[str, Any] = json.loads(line)
        content = {name: value for name, value in record.items() if name != CHECK}
        if record[CHECK] != sha256_of(content)[:CHECK_DIGITS]:
            return None
        level, probabilities = content["level"], content["probabilities"]
        value: Value | None = None
        if GENERATED in content:
            value = generated(content[GENERATED])
        if level is not None:
            if not (math.isfinite(level) and 0 <= level <= TOP_LEVEL):
                return None
            if probabilities is not None and len(probabilities) != LEVELS:
                return None
            value = Grade(level, None if probabilities is None else tuple(probabilities), content["raw"])
        usage = Usage(content["input_tokens"], content["output_tokens"], content["counted"])
        return Answer(
            key=str(content["key"]),
            annotator=str(content["annotator"]),
            pair=str(content["pair"]),
            model=str(content["model"]),
            prompt=str(content["prompt"]),
            protocol=str(content["protocol"]),
            value=value,
            usage=usage,
            failure=str(content["failure"]),
            served_by=str(content["served_by"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
