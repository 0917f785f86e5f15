from gis.leaderboard.page.views import views_of
from tests.leaderboard.helpers import make_table, result, suite


def test_views_are_the_tasks_each_suite_each_task_with_strata_costs_and_everything() -> None:
    strata = {"random": 0.5, "same_label": 0.3}
    board = make_table(
        [*suite("m", 0.5, 0.6), result("m", "rust_issues", 0.4, label="binary", binary=(0.7, 0.8), strata=strata)]
    )
    titles = [column.title for column in board.columns]
    views = {view.title: [titles[n] for n in view.columns] for view in views_of(board)}
    assert views == {
        "Tasks": ["mean of 2 sts tasks", "sts12", "sts13", "rust_issues"],
        "Short text": ["mean of 2 sts tasks", "sts12", "sts13"],
        "Long text": ["rust_issues", "rust_issues: AUROC"],
        "Strata of rust_issues": [
            "rust_issues",
            "rust_issues: AUROC",
            "rust_issues: random",
            "rust_issues: same_label",
        ],
        "Cost": ["mean of 2 sts tasks"],
        "All columns": titles,
    }


def test_a_view_that_shows_what_another_does_is_left_out() -> None:
    views = views_of(make_table(suite("m", 0.5, 0.6)))
    assert [view.title for view in views] == ["Tasks", "Cost", "All columns"]


def test_a_task_of_no_suite_is_among_the_tasks() -> None:
    views = views_of(make_table([result("m", "mine", 0.5)]))
    assert views[0].columns == (0,)
