"""Ask a server about many pairs: probed once, several requests at a time, within a budget, each answer kept."""

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from gis.annotation.annotators import AskedAnnotator, Grades, ServerAnnotator, no_grades, put
from gis.annotation.answers import Answer, AnswerFile
from gis.annotation.budget import Budget, Spent
from gis.annotation.local import LocalAnnotator
from gis.annotation.prompt import Texts
from gis.annotation.protocols import Protocol, Usage
from gis.annotation.source import PairsToGrade
from gis.console import Reporter, Tracker
from gis.errors import GisError
from gis.models.openai_server import ServerError

ASKS = 2  # of a pair whose answer is not a level, in all
GIVE_UP_AFTER = 20  # failures in a row
AHEAD = 2  # times as many questions are ready as may be on their way, so that no thread waits for the next one
UNSUPPORTED = frozenset({400, 404, 405, 415, 422, 501})  # what servers answer to a route or a field they do not know
KEY_REFUSED = frozenset({401, 403})
BAD_REQUEST = 400  # such as a text that is too long
Failures = Mapping[Texts, str]  # why questions have no answer
LAST_RESORTS = ("chat", "chat-reasoning")  # whose answers may be anything


class Outcome(NamedTuple):
    """What became of a question: why there is no value, empty where there is one; and whether the server failed."""

    failure: str
    server_failed: bool = False


class Estimate(NamedTuple):
    """What a run will cost: requests that are not answered yet, their tokens, and money; None without prices."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def estimate(annotator: ServerAnnotator, questions: Sequence[Texts], answers: AnswerFile) -> Estimate:
    """Return what is left to ask; nothing is sent."""
    _recall_protocol(annotator, answers)
    total = Spent()
    for question in _open(annotator, questions, answers):
        total.add(annotator.estimate(question), annotator.prices)
    cost = total.cost if annotator.prices.known else None
    return Estimate(total.requests, total.input_tokens, total.output_tokens, cost)


def ask_all(
    annotator: ServerAnnotator,
    questions: Sequence[Texts],
    answers: AnswerFile,
    budget: Budget,
    *,
    in_flight: int,
    reporter: Reporter,
) -> Failures:
    """Ask all questions, but for those that were answered before.

    Args:
        annotator: Whom to ask; its protocol is found out by the first question.
        questions: The texts of each question.
        answers: What was answered before, and where answers go.
        budget: What may be spent.
        in_flight: How many requests may be on their way at once.
        reporter: Where progress goes.

    Returns:
        Why questions have no answer.

    Raises:
        BudgetReachedError: The budget is spent; what was answered is kept.
        GisError: The server knows none of the protocols, refuses the key, or fails for good.
    """
    _recall_protocol(annotator, answers)
    left = _open(annotator, questions, answers)
    failures: dict[Texts, str] = {}
    if left and annotator.protocol is None:
        shortest = min(left, key=lambda question: sum(map(len, question)))  # a long one could fail for its length
        _probe(annotator, shortest, answers, budget)
        left = _open(annotator, questions, answers)
        reporter.say(f"{annotator.name} is asked by the protocol {_protocol(annotator).name}")
    if left:
        with reporter.track(annotator.name, len(left), "requests") as tracker:
            _Run(annotator, answers, budget, failures, tracker).ask(left, in_flight)
    return failures


def ask_locally(
    annotator: LocalAnnotator, questions: Sequence[Texts], answers: AnswerFile, *, reporter: Reporter
) -> Failures:
    """Ask a model in this process all questions, but for those that were answered before; return why some failed.

    Raises:
        GisError: The model cannot be loaded, or has no tokens for the levels.
    """
    from gis.models.transformer.causal import TooLongError

    left = _open(annotator, questions, answers)
    failures: dict[Texts, str] = {}
    with reporter.track(annotator.name, len(left), "questions") as tracker:
        for number, question in enumerate(left, start=1):
            try:
                answers.add(annotator.ask(question))
            except TooLongError as error:
                failures[question] = str(error)
            tracker.advance(1, number / len(left))
    if annotator.answered_otherwise:
        reporter.warn(
            f"to {annotator.answered_otherwise:,} of {len(left):,} questions, {annotator.name} would rather have "
            "answered with something else than a level"
        )
    return failures


class _Run:
    """The requests of one annotator."""

    def __init__(
        self,
        annotator: ServerAnnotator,
        answers: AnswerFile,
        budget: Budget,
        failures: dict[Texts, str],
        tracker: Tracker,
    ) -> None:
        self._annotator, self._answers, self._budget = annotator, answers, budget
        self._failures, self._tracker = failures, tracker
        self._failed_in_a_row = 0
        self._useful = answers.protocol_of(annotator.identity) is not None

    def ask(self, questions: Sequence[Texts], in_flight: int) -> None:
        """Ask all questions, at most ``in_flight`` at once; what arrives after an interruption is still kept."""
        running: dict[Future[Outcome], Texts] = {}
        with ThreadPoolExecutor(in_flight) as pool:
            try:
                for question in questions:
                    if len(running) >= AHEAD * in_flight:
                        self._take(running)
                    running[pool.submit(self._answer, question)] = question
                while running:
                    self._take(running)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _take(self, running: dict[Future[Outcome], Texts]) -> None:
        """Wait for an answer, and note failures."""
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            question, (failure, server_failed) = running.pop(future), future.result()
            if failure:
                self._failures[question] = failure
            else:
                self._failed_in_a_row, self._useful = 0, True
            # of a model that does answer, some questions may fail for good: they are too long, or refused
            if server_failed or (failure and not self._useful):
                self._failed_in_a_row += 1
            if self._failed_in_a_row >= GIVE_UP_AFTER:
                raise GisError(f"{self._annotator.name} failed {GIVE_UP_AFTER} times in a row, last because {failure}")
            self._tracker.note = f"{len(self._failures):,} failed, {self._budget.spent.shown}"
            self._tracker.advance(1, (self._tracker.done + 1) / self._tracker.total)

    def _answer(self, question: Texts) -> Outcome:
        """Ask until there is a value, or there will be none.

        At a server that breaks off at one question and still answers, that question fails alone.
        """
        failure = ""
        for _ in range(ASKS):
            try:
                answer = _ask(self._annotator, question, _protocol(self._annotator), self._answers, self._budget)
            except ServerError as error:
                if error.status in KEY_REFUSED or not (error.reached or self._annotator.server_answers()):
                    raise
                return Outcome(str(error), server_failed=error.status != BAD_REQUEST)
            failure = answer.failure
            if answer.value is not None or answer.refused:
                break
        return Outcome(failure)


def _ask(
    annotator: ServerAnnotator, question: Texts, protocol: Protocol, answers: AnswerFile, budget: Budget
) -> Answer:
    """Ask once within the budget, and keep what was answered."""
    expected, used = annotator.estimate(question), None
    budget.reserve(expected, annotator.prices)
    try:
        answer = annotator.ask(question, protocol)
        used = answer.usage
        answers.add(answer)
    finally:
        budget.settle(expected, used, annotator.prices)
    return answer


def _probe(annotator: ServerAnnotator, question: Texts, answers: AnswerFile, budget: Budget) -> None:
    """Find the best protocol that the server knows, by a question that has to be asked anyway."""
    refused: dict[str, str] = {}
    answered: dict[str, str] = {}
    for protocol in annotator.ladder:
        if protocol.instead_of and protocol.instead_of not in refused:
            continue
        try:
            answer = _ask(annotator, question, protocol, answers, budget)
        except ServerError as error:
            if error.status is not None and error.status not in UNSUPPORTED:
                raise
            if not error.reached:
                raise
            refused[protocol.name] = str(error)
            continue
        if answer.value is not None or answer.refused or protocol.name in LAST_RESORTS:
            annotator.protocol = protocol
            return
        answered[protocol.name] = answer.failure
    reasons = "; ".join(dict.fromkeys([*refused.values(), *answered.values()]))
    raise GisError(f"{annotator.name} cannot be asked by any protocol: {reasons}")


def _recall_protocol(annotator: ServerAnnotator, answers: AnswerFile) -> None:
    """Take the protocol by which earlier answers were given: a mixture would not be one annotator."""
    name = answers.protocol_of(annotator.identity)
    if annotator.protocol is None:
        annotator.protocol = next((protocol for protocol in annotator.ladder if protocol.name == name), None)


def _open(annotator: AskedAnnotator, questions: Sequence[Texts], answers: AnswerFile) -> list[Texts]:
    """Return the questions that are not answered yet; equal ones once."""
    protocol, distinct = annotator.protocol, dict.fromkeys(questions)
    return [
        question for question in distinct if protocol is None or annotator.key(question, protocol) not in answers.by_key
    ]


def grades_of(annotator: AskedAnnotator, source: PairsToGrade, answers: AnswerFile, failures: Failures) -> Grades:
    """Return the grades among the answers to the questions of ``source``, and why some pairs have none."""
    grades, reasons = no_grades(len(source)), dict[int, str]()
    for row in range(len(source)):
        for order, swapped in enumerate((False, True)):
            question = source.shown(row, swapped=swapped)
            answer = answers.by_key.get(annotator.key(question, _protocol(annotator)))
            if answer is not None:
                put(grades, row, order, answer)
            else:
                reasons[row] = failures[question]
    return Grades(grades.levels, grades.probabilities, reasons)


def _protocol(annotator: AskedAnnotator) -> Protocol:
    assert annotator.protocol is not None
    return annotator.protocol


def spent_before(annotator: ServerAnnotator, answers: AnswerFile) -> list[Usage]:
    """Return what the answers of an annotator have cost, those that failed among them."""
    return [answer.usage for answer in answers if answer.annotator == annotator.identity]
