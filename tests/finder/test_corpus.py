from pathlib import Path

from gis.collector.records import Issue
from gis.collector.store import Store
from gis.finder.corpus import read_corpus, read_rulings
from gis.marker import Marker
from tests.dataset.stores import comment, issue, new_store


def test_an_issue_is_prompted_where_no_ruling_on_it_came_without_a_machine(tmp_path: Path) -> None:
    def ruled(number: int, target: int, *, named: bool) -> Issue:
        marker = str(Marker(candidates=[(f"octo/widgets#{target}", 0.9)]))
        told = [comment(10 * number, "octo[bot]", marker, number * 1000 + 10)] if named else []
        ruling = comment(10 * number + 1, "keeper", f"Duplicate of #{target}", number * 1000 + 400)
        return issue(number, closed=number * 1000 + 500, comments=[*told, ruling])

    issues = [issue(1), ruled(2, 1, named=True), ruled(3, 1, named=False), issue(4), ruled(5, 4, named=True), issue(6)]
    with Store(new_store(tmp_path, issues)) as store:
        corpus = read_corpus(store).corpus
        rulings = read_rulings(store, corpus)
    assert rulings.prompted.tolist() == [False, True, False, True, True, False]
    assert corpus.cluster.tolist() == [0, 0, 0, 1, 1, -1]
