"""Reviews in the JSON of Argilla and of Label Studio, both ways.

Formats: ``Record.to_dict`` and ``Record.from_dict`` of argilla 2, which its ``to_json`` and ``from_json`` use, and
https://labelstud.io/guide/task_format. Neither has a place for all that is known of an answer, so the answers also
stand, as they were written, in what both tools keep with each pair and give back.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from gis.annotation.review import VERDICTS, Review, Reviews, Verdict, new_review, texts_hash
from gis.benchmark.tasks.pairs import Pairs
from gis.errors import GisError, unknown_name
from gis.files import load_json
from gis.hashes import sha256_of
from gis.replacing import write_text

Form = Literal["label-studio", "argilla"]
QUESTION = "same"  # what the question, the control and the label are called there
KEPT = "gis_reviews"  # where the answers stand as they were written
RESULT_DIGITS = 12
EXPECTED = "expected is a JSON list of Argilla's records or of Label Studio's tasks with annotations (export type JSON)"


class Imported(NamedTuple):
    """What became of the answers of a file: added, known already, or about pairs that are not these."""

    added: int
    known: int
    others: int


class _Answer(NamedTuple):
    """An answer as a tool has it.

    Attributes:
        id: The pair.
        texts: Its texts.
        answer: What was answered.
        original: The answer of ours that it was once.
        reviewer: Whom the tool names.
        seconds: How long it took; 0 where the tool does not say.
        time: When it was given; None where the tool does not say.
    """

    id: str
    texts: tuple[str, str]
    answer: Verdict
    original: Review | None
    reviewer: str
    seconds: float = 0.0
    time: datetime | None = None

    def review(self, pairs: Pairs, row: int) -> Review:
        """Return ours as it was written, where the tool has not changed it, else a new one."""
        original = self.original
        if original is not None and (original.answer, original.texts) == (self.answer, texts_hash(pairs, row)):
            return original
        reviewer = self.reviewer if original is None else original.reviewer
        return new_review(pairs, row, self.answer, seconds=self.seconds, reviewer=reviewer, time=self.time)


def export_reviews(path: Path, pairs: Pairs, rows: Sequence[int], reviews: Reviews, form: Form) -> None:
    """Write pairs with all answers to a file, for others to review there.

    Args:
        path: The file; it is replaced.
        pairs: The pairs; the scores of those without an answer are not written.
        rows: Those to write, in this order.
        reviews: The answers.
        form: Whose JSON.

    Raises:
        UsageError: The form is unknown.
    """
    makers = {"label-studio": _label_studio_task, "argilla": _argilla_record}
    if form not in makers:
        raise unknown_name("form", form, makers)
    make = makers[form]
    content = [make(pairs, row, [own[row] for own in reviews.by_reviewer.values() if row in own]) for row in rows]
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def import_reviews(path: Path, pairs: Pairs, reviews: Reviews) -> Imported:
    """Add the answers in a file of either form that are not known yet.

    Where a reviewer has answered before, the newer answer counts.

    Raises:
        GisError: The file is of neither form, or none of its answers is about one of the pairs.
    """
    row_of = {name: row for row, name in enumerate(pairs.ids)}
    added = known = others = 0
    for answer in list(_read(path)):  # all or nothing
        row = row_of.get(answer.id)
        if row is None or (pairs.text1[row], pairs.text2[row]) != answer.texts:
            others += 1
            continue
        review = answer.review(pairs, row)
        before = reviews.of(review.reviewer).get(row)
        if before is not None and (before.answer == review.answer or before.time > review.time):
            known += 1
        else:
            reviews.record(review)
            added += 1
    if others and not added + known:
        raise GisError(f"none of the {others:,} answers in {path} is about a pair of this folder, with its texts")
    return Imported(added, known, others)


def _argilla_record(pairs: Pairs, row: int, answers: Sequence[Review]) -> dict[str, Any]:
    responses = [{"value": review.answer, "user_id": _user_of(review.reviewer)} for review in answers]
    return {
        "id": pairs.ids[row],
        "fields": {"text1": pairs.text1[row], "text2": pairs.text2[row]},
        "metadata": {KEPT: [json.dumps(asdict(review)) for review in answers]},
        "suggestions": {},
        "responses": {QUESTION: responses} if responses else {},
        "vectors": {},
        "_server_id": None,
    }


def _label_studio_task(pairs: Pairs, row: int, answers: Sequence[Review]) -> dict[str, Any]:
    annotations = [
        {
            # without completed_by: it must be somebody whom the server knows
            "result": [
                {
                    "id": _result_of(review),
                    "from_name": QUESTION,
                    "to_name": "text1",
                    "type": "choices",
                    "value": {"choices": [review.answer]},
                }
            ],
            "lead_time": review.seconds,
            "created_at": review.time,
            "was_cancelled": False,
        }
        for review in answers
    ]
    data = {"id": pairs.ids[row], "text1": pairs.text1[row], "text2": pairs.text2[row]}
    return {"data": {**data, KEPT: [asdict(review) for review in answers]}, "annotations": annotations}


def _user_of(reviewer: str) -> str:
    """Return Argilla's id of a reviewer: the name where it is one, as of an answer that came from there."""
    return reviewer if _is_user(reviewer) else str(uuid5(NAMESPACE_URL, f"gis:reviewer:{reviewer}"))


def _is_user(name: str) -> bool:
    return len(name) == 36 and name.count("-") == 4


def _result_of(review: Review) -> str:
    return sha256_of(asdict(review))[:RESULT_DIGITS]


def _read(path: Path) -> Iterator[_Answer]:
    try:
        content = load_json(path)
    except (OSError, ValueError) as error:
        raise GisError(f"{path} cannot be read ({error}); {EXPECTED}") from error
    if not isinstance(content, list):
        raise GisError(f"{path}: {EXPECTED}")
    for number, record in enumerate(content, start=1):
        try:
            yield from (_from_label_studio if "annotations" in record else _from_argilla)(record)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise GisError(f"{path}: the record {number:,} cannot be read ({error}); {EXPECTED}") from error


def _from_argilla(record: Mapping[str, Any]) -> Iterator[_Answer]:
    fields = record["fields"]
    kept = [_review(json.loads(line)) for line in record.get("metadata", {}).get(KEPT) or []]
    for response in (record["responses"] or {}).get(QUESTION) or []:
        value, user = _verdict(response["value"]), str(response["user_id"] or "")
        original = next((review for review in kept if _user_of(review.reviewer) == user), None)
        yield _Answer(str(record["id"]), (fields["text1"], fields["text2"]), value, original, user)


def _from_label_studio(task: Mapping[str, Any]) -> Iterator[_Answer]:
    data = task["data"]
    kept = {_result_of(review): review for review in map(_review, data.get(KEPT) or [])}
    for annotation in task["annotations"]:
        results = [result for result in annotation["result"] if result.get("from_name") == QUESTION]
        if not results or annotation.get("was_cancelled"):
            continue
        (choice,) = results[0]["value"]["choices"]
        person = annotation.get("completed_by")
        person = (person.get("email") or person.get("id")) if isinstance(person, dict) else person
        yield _Answer(
            str(data["id"]),
            (data["text1"], data["text2"]),
            _verdict(choice),
            kept.get(results[0].get("id", "")),
            reviewer="" if person is None else str(person),
            seconds=_seconds(annotation.get("lead_time")),
            time=_time(annotation.get("updated_at") or annotation.get("created_at")),
        )


def _verdict(value: Any) -> Verdict:  # noqa: ANN401 - whatever a file holds
    if value not in VERDICTS:
        raise ValueError(f"the answer is {value!r:.60}, expected {', '.join(VERDICTS)}")
    verdict: Verdict = value
    return verdict


def _review(record: Mapping[str, Any]) -> Review:
    review = Review(**record)
    _verdict(review.answer)
    return review


def _seconds(given: Any) -> float:  # noqa: ANN401
    seconds = float(given or 0.0)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"the answer took {seconds:g} seconds")
    return seconds


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
