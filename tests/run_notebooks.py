"""Executes every notebook from top to bottom, in reading order, in a copy of the project's folder.

Run with ``python tests/run_notebooks.py``. A notebook is committed without outputs; the executed
copies go to ``out/notebooks``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]


def main() -> int:
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not notebooks:
        print("no notebooks found")
        return 1
    target = ROOT / "out" / "notebooks"
    target.mkdir(parents=True, exist_ok=True)
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        if any(cell.get("outputs") for cell in notebook.cells):
            print(f"{path.name}: has outputs; commit it without them")
            return 1
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}})
        client.execute()
        nbformat.write(notebook, target / path.name)
        print(f"{path.name}: ran")
    return 0


if __name__ == "__main__":
    sys.exit(main())
