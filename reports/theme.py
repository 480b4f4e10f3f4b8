"""How figures look: one value that is handed in, and how a figure becomes files."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reports import fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

Format = Literal["png", "svg", "pdf"]

#: Okabe, M., & Ito, K. (2008). Color universal design: told apart with any common colour vision. Yellow is
#: left out, as it vanishes on paper, and black, which is the colour of text.
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours, fonts and sizes of all figures.

    ``disagree`` and ``agree`` run from the weakest to the strongest opinion. Sizes of letters are in points
    at the width at which a figure is printed, ``width`` in inches: the text width of an A4 page.
    """

    ink: str = "#1a1a1a"
    muted: str = "#595959"  #: secondary text: still 7:1 against white
    faint: str = "#d9d9d9"  #: rules, bands
    paper: str = "#ffffff"
    categories: tuple[str, ...] = OKABE_ITO
    markers: tuple[str, ...] = ("o", "s", "D", "^", "v", "P")  #: shape as well as colour
    disagree: tuple[str, ...] = ("#fdc98b", "#e08214", "#a85100")
    neutral: str = "#d4d4d4"
    agree: tuple[str, ...] = ("#9ecae1", "#4292c6", "#08519c")
    size: float = 8.5
    small: float = 7.5
    line: float = 0.6
    width: float = 6.3
    hash_salt: str = "tierstudy"  #: ids inside an SVG are drawn from it, the same every time

    @property
    def families(self) -> list[str]:
        """Font families by name: the Chinese face, then symbols."""
        return [fonts.family(fonts.sans()), fonts.family(fonts.symbols())]

    def opinion_colours(self, k: int) -> tuple[str, ...]:
        """Colours of an answer scale with k points, from disagreement over neutral to agreement.

        >>> Theme().opinion_colours(5)
        ('#a85100', '#fdc98b', '#d4d4d4', '#9ecae1', '#08519c')
        """
        half, middle = divmod(k, 2)
        return (
            *reversed(_shades(self.disagree, half)),
            *(self.neutral,) * middle,
            *_shades(self.agree, half),
        )

    def category(self, position: int) -> str:
        """Colour of the category at that position; after the last it starts anew."""
        return self.categories[position % len(self.categories)]

    def marker(self, position: int) -> str:
        return self.markers[position % len(self.markers)]

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Draw or save within this; outside of it nothing of matplotlib's settings has changed."""
        import matplotlib

        _register((fonts.sans(), fonts.symbols()))
        with matplotlib.rc_context():
            matplotlib.rcdefaults()  # whatever a user has set for other pictures
            matplotlib.rcParams.update(self._settings())
            yield

    def figure(self, height: float) -> Figure:
        """An empty figure, ``height`` inches high, laid out so that nothing overlaps or is cut."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.width, height), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.04, hspace=0.04)  # type: ignore[union-attr,call-arg]
        return figure

    def _settings(self) -> dict[RcKeyType, Any]:
        return {
            "font.family": self.families,
            "font.size": self.size,
            "axes.titlesize": self.size,
            "axes.labelsize": self.size,
            "xtick.labelsize": self.size,
            "ytick.labelsize": self.size,
            "legend.fontsize": self.size,
            "text.color": self.ink,
            "axes.labelcolor": self.ink,
            "axes.edgecolor": self.muted,
            "xtick.color": self.muted,
            "ytick.color": self.muted,
            "xtick.labelcolor": self.ink,
            "ytick.labelcolor": self.ink,
            "axes.linewidth": self.line,
            "xtick.major.width": self.line,
            "ytick.major.width": self.line,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
            "lines.linewidth": 2 * self.line,
            "patch.linewidth": self.line,
            "grid.color": self.faint,
            "grid.linewidth": self.line,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.facecolor": self.paper,
            "figure.facecolor": self.paper,
            "savefig.facecolor": self.paper,
            "legend.frameon": False,
            "axes.unicode_minus": True,
            "text.parse_math": False,  # a dollar sign in an answer's wording is a dollar sign
            "svg.fonttype": "none",  # letters stay letters: searchable, and drawn by the document's own font
            "svg.hashsalt": self.hash_salt,
            "pdf.fonttype": 3,  # right in every viewer; 42 is not, with OpenType outlines
        }


DEFAULT = Theme()

#: Neither a date nor a path: the same figure gives the same bytes.
METADATA: dict[Format, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def save(
    figure: Figure,
    path: Path | str,
    *,
    formats: Sequence[Format] = ("png", "svg"),
    theme: Theme = DEFAULT,
) -> tuple[Path, ...]:
    """Write a figure as ``path.png``, ``path.svg``, ``path.pdf``; the same figure gives the same bytes.

    A file appears whole or not at all, and an older one of that name is replaced.

    Parameters
    ----------
    figure : Figure
    path : Path or str
        Folder and name without a suffix; the folder must exist.
    formats : sequence of {"png", "svg", "pdf"}
        PNG has 300 dots an inch; SVG holds its text as text.

    Returns
    -------
    tuple of Path
        The files, in the order of ``formats``.

    Raises
    ------
    ValueError
        If a format is unknown.
    MissingGlyphsError
        If the figure holds a character that no font has; nothing is written then.
    """
    unknown = [name for name in formats if name not in METADATA]
    if unknown:
        raise ValueError(f"figures are written as {', '.join(METADATA)}, not as {', '.join(unknown)}")
    require_readable(figure)
    with theme.applied(), _complaining_of_glyphs(), _settled(figure):
        return tuple(_write(figure, Path(f"{path}.{name}"), name) for name in formats)


def require_readable(figure: Figure) -> None:
    """Check that every text of a figure can be written; ``MissingGlyphsError`` if not."""
    from matplotlib.text import Text

    texts = [artist.get_text() for artist in figure.findobj(Text) if isinstance(artist, Text)]
    fonts.require_glyphs(texts)


def _shades(colours: tuple[str, ...], k: int) -> tuple[str, ...]:
    """``k`` shades from the first colour to the last, mixed where there are more; one alone is the middle."""
    if k == 1:
        return (colours[len(colours) // 2],)
    steps = (i * (len(colours) - 1) / (k - 1) for i in range(k))
    return tuple(_mixed(colours[int(step)], colours[math.ceil(step)], step % 1) for step in steps)


def _mixed(first: str, second: str, share: float) -> str:
    """A colour that share of the way from the first to the second."""
    parts = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _register(files: Sequence[Path]) -> None:
    """Make font files known to matplotlib; a name finds them before any other file of that name."""
    from matplotlib.font_manager import fontManager

    for path in files:
        if not any(Path(entry.fname) == path for entry in fontManager.ttflist[: len(files)]):
            fontManager.addfont(path)
            fontManager.ttflist.insert(0, fontManager.ttflist.pop())


@contextlib.contextmanager
def _complaining_of_glyphs() -> Iterator[None]:
    """Boxes for letters are never drawn: matplotlib's warning becomes an error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph \d+ .* missing from font")
        yield


@contextlib.contextmanager
def _settled(figure: Figure) -> Iterator[None]:
    """Lay out once, so that every format shows the same picture and none is drawn twice."""
    import matplotlib

    figure.draw_without_rendering()
    engine = figure.get_layout_engine()
    try:
        # without an engine, not with a placeholder of one: that would have every file drawn once more
        with matplotlib.rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
            figure.set_layout_engine(None)
        yield
    finally:
        figure.set_layout_engine(engine)


def _write(figure: Figure, path: Path, kind: Format) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # fast compression: a report has dozens of pictures, and packing them tighter takes seconds
            packing: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}} if kind == "png" else {}
            figure.savefig(file, format=kind, dpi=300, metadata=METADATA[kind], **packing)
        draft.chmod(0o666 & ~_umask())  # mkstemp's files are its owner's alone
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
