"""The font files that pictures and documents are set in, and whether they can write a text."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

#: Looked for by file name, best first, when the package with the fonts is not there. All of them hold
#: simplified Chinese and a full minus sign (SimHei, which many systems have, holds none).
SYSTEM_SANS = (
    "NotoSansSC-Regular.otf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
)
SYSTEM_SERIF = (
    "NotoSerifSC-Regular.otf",
    "NotoSerifCJK-Regular.ttc",
    "NotoSerifCJKsc-Regular.otf",
    "SourceHanSerifSC-Regular.otf",
    "SourceHanSerifCN-Regular.otf",
    "Songti.ttc",
    "simsun.ttc",
)
#: Written by layout and not by a glyph.
BLANK = frozenset("\n\r\t")


class MissingFontError(RuntimeError):
    """No font file with Chinese characters was found."""


class MissingGlyphsError(ValueError):
    """A text holds characters that none of the fonts can write.

    >>> print(MissingGlyphsError({"ᚠ": "Costs ᚠ 3"}))
    no font has these characters: ᚠ U+16A0 RUNIC LETTER FEHU FEOH FE F (in "Costs ᚠ 3"). Write them otherwise.
    """

    def __init__(self, found: dict[str, str]) -> None:
        self.characters = tuple(found)
        listed = "; ".join(f'{_described(character)} (in "{text}")' for character, text in found.items())
        super().__init__(f"no font has these characters: {listed}. Write them otherwise.")


def font_folders() -> tuple[Path, ...]:
    """Where the operating system keeps fonts."""
    home = Path.home()
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"
    if sys.platform == "win32":
        return Path("C:/Windows/Fonts"), home / "AppData/Local/Microsoft/Windows/Fonts"
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
    )


def system_font(names: Iterable[str], folders: Iterable[Path] | None = None) -> Path | None:
    """The first of those files that lies in one of the folders, however deep; None if none does."""
    found: dict[str, Path] = {}
    for folder in font_folders() if folders is None else folders:
        if folder.is_dir():
            for path in sorted(folder.rglob("*.[ot]t[fc]")):
                found.setdefault(path.name.lower(), path)
    return next((found[name.lower()] for name in names if name.lower() in found), None)


@cache
def sans() -> Path:
    """The sans serif face with Chinese (黑体): of the font package, else of the system."""
    return _face("sans_path", SYSTEM_SANS)


@cache
def serif() -> Path:
    """The serif face with Chinese (宋体): of the font package, else of the system."""
    return _face("serif_path", SYSTEM_SERIF)


def symbols() -> Path:
    """DejaVu Sans, which matplotlib brings along: symbols that text faces lack."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def font_files() -> tuple[Path, Path, Path]:
    """Sans, serif and symbols: everything that a reader of our figures and documents needs.

    >>> [path.name for path in font_files()]
    ['NotoSansSC-Regular.otf', 'NotoSerifSC-Regular.otf', 'DejaVuSans.ttf']
    """
    return sans(), serif(), symbols()


@cache
def family(path: Path) -> str:
    """The name under which a font file is asked for.

    >>> family(sans())
    'Noto Sans SC'
    """
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(path, fontNumber=0, lazy=True) as font:
        return str(font["name"].getBestFamilyName())


def missing_glyphs(text: str, files: Iterable[Path] | None = None) -> tuple[str, ...]:
    """Characters of a text that none of the font files can write, each once, in the order met.

    Parameters
    ----------
    text : str
    files : iterable of Path, optional
        By default the files of figures: sans and symbols.

    Examples
    --------
    >>> missing_glyphs("满意度 β = −0.31"), missing_glyphs("ᚠ, ᚠ or ᚢ")
    ((), ('ᚠ', 'ᚢ'))
    """
    known = [characters(path) for path in ((sans(), symbols()) if files is None else files)]
    return tuple(
        character
        for character in dict.fromkeys(text)
        if character not in BLANK and not any(ord(character) in glyphs for glyphs in known)
    )


def require_glyphs(texts: Iterable[str], files: Iterable[Path] | None = None) -> None:
    """Check that the fonts can write all of these texts.

    Raises
    ------
    MissingGlyphsError
        Naming every character without a glyph and the first text that holds it.
    """
    files = None if files is None else tuple(files)
    found: dict[str, str] = {}
    for text in texts:
        for character in missing_glyphs(text, files):
            found.setdefault(character, text)
    if found:
        raise MissingGlyphsError(found)


@cache
def characters(path: Path) -> frozenset[int]:
    """Code points that a font file can write."""
    return frozenset(advances(path))


@cache
def advances(path: Path) -> dict[int, float]:
    """Width of each character in units of the font size (em), by code point."""
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        widths, per_em = font["hmtx"], font["head"].unitsPerEm
        return {code: widths[glyph][0] / per_em for code, glyph in font.getBestCmap().items()}


def _described(character: str) -> str:
    return f"{character} U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


def _face(function: str, names: Iterable[str]) -> Path:
    for path in _faces(function, names):
        if path.is_file():
            return path
    raise MissingFontError(
        "no font with Chinese characters was found. Install the package pylopdf-fonts-zh-cn, "
        f"or put one of these files into a font folder of the system: {', '.join(names)}."
    )


def _faces(function: str, names: Iterable[str]) -> Iterator[Path]:
    try:
        import pylopdf_fonts_zh_cn
    except ImportError:
        pass
    else:
        yield Path(getattr(pylopdf_fonts_zh_cn, function)())
    path = system_font(names)
    if path is not None:
        yield path
