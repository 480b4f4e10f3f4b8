"""Whatever is drawn from simulated answers says so."""

from __future__ import annotations

from matplotlib.figure import Figure

from reports.labels import Labels
from reports.theme import Theme

NOTE = {"en": "Synthetic data", "zh": "合成数据"}


def mark_synthetic(figure: Figure, labels: Labels, theme: Theme) -> None:
    """Say at the figure's foot that nobody gave these answers."""
    # supxlabel, unlike plain text, is given room by the layout.
    figure.supxlabel(labels.say(NOTE), x=0.995, ha="right", fontsize=theme.small, color=theme.muted)
