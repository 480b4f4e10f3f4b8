"""The gallery shows every kind of figure once, says that it is synthetic, and is the one that was committed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("figure_gallery", ROOT / "examples" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_every_kind_of_figure_has_one_entry(gallery):
    entries = [entry.kind for entry in gallery.ENTRIES]
    assert len(entries) == len(set(entries))
    assert set(gallery.kinds()) == set(entries), "add an entry to ENTRIES of examples/gallery.py"
    files = {path.stem for path in (ROOT / "reports" / "figures").glob("*.py")}
    assert files - set(entries) == {"__init__", "naming", "path_arrow", "synthetic_note", "wrapping"}


def test_a_kind_without_an_entry_stops_the_page(gallery, monkeypatch, tmp_path):
    monkeypatch.setattr(gallery, "ENTRIES", gallery.ENTRIES[1:])
    monkeypatch.setattr(
        sys, "argv", ["gallery", "--pictures", str(tmp_path), "--page", str(tmp_path / "p.md")]
    )
    with pytest.raises(SystemExit, match="no entry for screening_flow: add one to ENTRIES"):
        gallery.main()
    assert not list(tmp_path.iterdir())


def test_the_page_is_that_of_the_code_and_its_pictures_are_small(gallery):
    stored = gallery.PAGE.read_text("utf-8")
    assert stored == gallery.page("images/gallery"), "run examples/gallery.py as its first lines say"
    pictures = [
        gallery.PICTURES / f"{entry.kind}.{language}.png"
        for entry in gallery.ENTRIES
        for language in gallery.LANGUAGES
    ]
    assert sorted(gallery.PICTURES.iterdir()) == sorted(pictures)
    assert sum(path.stat().st_size for path in pictures) < 3_000_000


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["screening_flow", "likert", "alluvial", "gap_heat_map", "response_surface"])
def test_pictures_say_that_they_are_synthetic(gallery, kind, language):
    """These take little time; the script holds all the others to it as well."""
    (entry,) = (entry for entry in gallery.ENTRIES if entry.kind == kind)
    assert gallery.picture(gallery.drawn(entry, language)).startswith(b"\x89PNG")


def test_a_picture_that_does_not_say_so_is_refused(gallery, monkeypatch):
    (entry,) = (entry for entry in gallery.ENTRIES if entry.kind == "likert")
    monkeypatch.setitem(gallery.NOTE, "en", "Synthetic data, and no other")
    assert gallery.drawn(entry, "en")  # the figure takes its note from the same words
    silent = gallery.Entry(kind="silent", draw=lambda labels: gallery.Figure(), shows={})
    with pytest.raises(
        RuntimeError, match="silent, zh: the figure does not say that its answers are synthetic"
    ):
        gallery.drawn(silent, "zh")
