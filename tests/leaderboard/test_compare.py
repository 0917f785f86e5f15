"""Is one model better than another? What the pairs say, what the tasks say, and what cannot be compared."""

from dataclasses import replace

import numpy as np
import pytest

from gis.benchmark.runner import ScoredTask
from gis.errors import GisError, UsageError
from gis.leaderboard.comparison import Comparison
from gis.leaderboard.pair_scores import aligned
from gis.leaderboard.result_set import ResultSet
from gis.leaderboard.table import make_table
from gis.statistics.dependence import Dependence
from gis.statistics.differences import freedom_of_sum
from gis.statistics.influence import spearman_influence
from tests.command_line import Gis
from tests.leaderboard.helpers import STS, result
from tests.leaderboard.test_ranking import scored


def compared(*of: ScoredTask, tasks: tuple[str, ...] = ()) -> Comparison:
    models = list(dict.fromkeys(each.result.model.name for each in of))
    return ResultSet(of).compare(models[0], models[1], tasks)


def test_a_clear_difference_names_the_better_model_and_by_how_much() -> None:
    comparison = compared(scored("good"), scored("fair"))
    (task,) = comparison.tasks
    assert task.difference is not None
    assert task.winner == 1
    low, high = 100 * task.difference.low, 100 * task.difference.high
    assert f"good is better by {100 * task.difference.mean:.1f} points" in comparison.answer
    assert f"95 % interval {low:.1f} to {high:.1f} (p < 0.001)" in comparison.answer


def test_the_worse_model_first_gives_the_same_answer_with_positive_numbers() -> None:
    one, other = compared(scored("good"), scored("fair")), compared(scored("fair"), scored("good"))
    assert one.answer == other.answer
    assert other.tasks[0].winner == 2


def test_an_unclear_difference_is_called_so() -> None:
    comparison = compared(scored("fair"), scored("also fair"))
    assert "fair and also fair cannot be told apart (difference" in comparison.answer
    assert comparison.tasks[0].winner == 0


def test_the_error_is_that_of_the_difference_of_the_influences() -> None:
    of = [scored("good"), scored("fair")]
    (task,) = compared(*of).tasks
    pairs = aligned({each.result.model.identity: each for each in of}).pairs
    assert pairs is not None
    one, other = (spearman_influence(pairs.scores[:, n], pairs.gold) for n in (0, 1))
    error = np.sqrt(Dependence(*pairs.text_ids).covariance((one - other)[:, None])[0, 0])
    assert task.difference is not None
    assert (task.difference.high - task.difference.low) / 2 == pytest.approx(1.968 * error, rel=1e-3)


def test_p_values_of_tasks_are_corrected_for_their_number() -> None:
    comparison = compared(*(scored(model, task, pairs=60) for model in ("fair", "also fair") for task in STS[:4]))
    p = [(task.difference.p, task.p_holm) for task in comparison.tasks if task.difference and task.p_holm is not None]
    assert len(p) == 4
    assert all(holm >= raw for raw, holm in p)
    assert min(p)[1] == pytest.approx(min(1, 4 * min(p)[0]))
    assert "corrected for 4 tasks" in comparison.answer


def test_pairs_and_tasks_are_two_questions() -> None:
    comparison = compared(*(scored(model, task) for model in ("good", "fair") for task in STS[:3]))
    (mean,), (kind,) = comparison.means, comparison.over_tasks
    assert mean.difference is not None
    assert kind.difference is not None
    assert (kind.wins, kind.losses, kind.tasks) == (3, 0, 3)
    assert mean.difference.mean == pytest.approx(kind.difference.mean)
    assert mean.difference.low != pytest.approx(kind.difference.low)
    assert "On the mean of 3 sts tasks, good is better" in comparison.answer
    assert "Would it hold on another such task? good scores higher on 3 of the 3 tasks" in comparison.answer


def test_two_tasks_say_nothing_of_another() -> None:
    comparison = compared(*(scored(model, task) for model in ("good", "fair") for task in STS[:2]))
    assert comparison.over_tasks[0].difference is None
    assert "so few tasks cannot say" in comparison.answer


def test_tasks_that_one_model_lacks_are_left_out_with_the_reason() -> None:
    others = scored("fair", "sts13", limit=20)
    comparison = compared(scored("good"), scored("good", "sts13"), scored("good", "sts12"), scored("fair"), others)
    assert [task.title for task in comparison.tasks] == ["stsb"]
    assert comparison.left_out["sts12"] == "only good has a result"
    assert {reason for task, reason in comparison.left_out.items() if task.startswith("sts13")} == {
        "the models were scored on different pairs"
    }


def test_scores_without_pairs_are_compared_without_an_interval_and_the_reason_given() -> None:
    old = ScoredTask(result("old", "stsb", 0.9))
    comparison = compared(scored("good"), old)
    assert comparison.tasks[0].difference is None
    assert any("No interval on stsb: the scores of the pairs are missing" in note for note in comparison.notes)


def test_a_copy_has_the_same_scores() -> None:
    one = scored("good")
    copy = replace(one, result=replace(one.result, model=replace(one.result.model, name="copy", identity="c" * 64)))
    assert "good and copy have the same scores" in compared(one, copy).answer


def test_models_that_cannot_be_compared_are_named() -> None:
    results = ResultSet([scored("good"), scored("fair", "sts12")])
    with pytest.raises(GisError, match="good and fair have no task in common"):
        results.compare("good", "fair")
    with pytest.raises(UsageError, match="Did you mean good"):
        results.compare("goo", "fair")
    with pytest.raises(UsageError, match="are the same model"):
        results.compare("good", make_table([scored("good")]).rows[0].identity[:8])
    twin = scored("good")
    twin = replace(twin, result=replace(twin.result, model=replace(twin.result.model, identity="d" * 64)))
    with pytest.raises(GisError, match="several models are called good"):
        ResultSet([scored("good"), twin, scored("fair")]).compare("good", "fair")


def test_names_stay_text_in_markdown() -> None:
    odd = scored("fair")
    odd = replace(odd, result=replace(odd.result, model=odd.result.model.renamed("<b>|x")))
    text = compared(scored("good"), odd).to_markdown()
    assert "<b>" not in text
    assert "| task | good | &lt;b&gt;\\|x | difference | 95 % interval | p | p (Holm) |" in text


def test_a_name_with_line_breaks_stays_on_its_line() -> None:
    odd = scored("fair")
    odd = replace(odd, result=replace(odd.result, model=odd.result.model.renamed("two\nlines")))
    comparison = compared(scored("good"), odd, scored("good", "sts12"))
    assert not any("\n" in text for text in (comparison.answer, *comparison.notes))


def test_it_prints_as_answer_and_table() -> None:
    lines = str(compared(scored("good"), scored("fair"))).splitlines()
    assert lines[0].startswith("On stsb, good is better")
    assert any(line.startswith("stsb ") for line in lines)


def test_the_verb_prints_and_writes_the_answer(gis: Gis, tmp_path: object) -> None:
    done = gis("compare", tmp_path, "a", "b")
    assert (done.status, "no results in" in done.err) == (1, True)


def test_a_sum_has_the_freedom_of_its_largest_part() -> None:
    assert freedom_of_sum([1, 1], [10, 10]) == pytest.approx(20)
    assert freedom_of_sum([1, 1e-9], [10, 1000]) == pytest.approx(10)
