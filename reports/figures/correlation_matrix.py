"""Which constructs go together."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.correlations import CorrelationMatrix
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "pearson": {"en": "Pearson correlation", "zh": "Pearson相关系数"},
    "spearman": {"en": "Spearman rank correlation", "zh": "Spearman等级相关系数"},
}


def correlation_heat_map(
    matrix: CorrelationMatrix, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """The lower triangle, with the coefficients in the cells; columns carry the rows' numbers.

    Orange is negative, blue is positive; a pair without a correlation stays empty.
    """
    k = len(matrix.variables)
    if k < 2:
        raise ValueError(f"a table of correlations needs two variables, got {k}")
    names = [f"{labels.name(name)}  {i}" for i, name in enumerate(matrix.variables, 1)]
    room = theme.width - max(text_width(name, theme.size) for name in names) - 0.75
    cell = min(0.42, room / (k - 1))
    with theme.applied():
        figure = theme.figure(cell * 0.86 * (k - 1) + 0.45)
        axes = figure.add_subplot()
        _heat_map(axes, matrix, cell, labels, theme)
        axes.set_yticks([i + 0.5 for i in range(k - 1)], names[1:], rotation=0, ha="right")
        axes.set_xticks([i + 0.5 for i in range(k - 1)], [str(i) for i in range(1, k)], rotation=0)
        axes.tick_params(length=0)
        # The first variable has no row of its own: its name stands above the others.
        axes.annotate(names[0], (0, 0), (-5.5, 8), "data", "offset points", ha="right", va="center_baseline")
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _heat_map(axes: Axes, matrix: CorrelationMatrix, cell: float, labels: Labels, theme: Theme) -> None:
    import seaborn
    from matplotlib.colors import LinearSegmentedColormap

    square = matrix.estimates().to_numpy(dtype=float)[1:, :-1]
    above = ~np.tril(np.ones_like(square, dtype=bool))
    numbers = Numbers(language=labels.language)
    shown = [[numbers.bounded(correlation) for correlation in row] for row in square]
    shades = (*reversed(theme.disagree[:2]), "#f4f4f4", *theme.agree[:2])
    seaborn.heatmap(
        square,
        mask=above | np.isnan(square),
        annot=shown,
        fmt="",
        annot_kws={"fontsize": min(theme.small, 25 * cell), "color": theme.ink},
        cmap=LinearSegmentedColormap.from_list("opinion", shades),
        vmin=-1,
        vmax=1,
        linewidths=1,
        linecolor=theme.paper,
        cbar_kws={"shrink": 0.6, "pad": 0.02, "ticks": [-1, -0.5, 0, 0.5, 1]},
        ax=axes,
    )
    scale = axes.figure.axes[-1]
    for edge in scale.spines.values():
        edge.set_visible(False)
    scale.tick_params(labelsize=theme.small)
    scale.set_yticks(
        [-1, -0.5, 0, 0.5, 1], [numbers.bounded(tick, 1 if tick % 1 else 0) for tick in (-1, -0.5, 0, 0.5, 1)]
    )
    scale.set_title(labels.say(WORDS[matrix.method]), fontsize=theme.small, loc="right", pad=6)
