"""Which tests of a report are read together, and their p-values corrected over each such family.

The hypotheses have a family of their own, over the whole study. Every table of other tests is a family too:
who looks at all of its lines for the small p-values needs values corrected over all of its lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analysis.adjust import holm
from analysis.results import Entry
from analysis.weighting import no_estimate

#: Sections whose tests are corrected over all variables -> the measures that are tests there. Pairs of groups
#: are corrected within a variable already (Games-Howell), and other tables bring their own adjusted values.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "groups": ("welch_f", "kruskal_wallis_h", "classical_f", "brown_forsythe_f"),
    "trend": ("jonckheere_terpstra_z", "kendall_tau_b"),
    "correlations": ("pearson_r",),
    "gaps": ("difference",),
    "items_by_group": ("group_test",),
}

Catalogue = Mapping[str, tuple[str, Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Tests corrected together."""

    id: str  #: ``customers.groups.welch_f``
    method: str
    results: tuple[str, ...]  #: addresses of the tests that have a p-value


@no_estimate("arithmetic")
def corrected_over_families(catalogue: Catalogue) -> tuple[dict[str, tuple[str, Entry]], tuple[Family, ...]]:
    """The catalogue with ``more["p_adjusted"]`` beside the p-values, and the families corrected over.

    Holm's method, as for the hypotheses: it holds the chance of any false rejection in the family whatever
    the dependence between tests. Tests that could not be computed are not counted. What is adjusted already
    stays.

    Examples
    --------
    >>> tests = {f"c.groups.{v}.welch_f": ("c", Entry(measure="welch_f", method="Welch", p_value=p))
    ...          for v, p in (("a", 0.01), ("b", 0.04), ("c", 0.03))}
    >>> corrected, (family,) = corrected_over_families(tests)
    >>> [entry.more["p_adjusted"] for _, entry in corrected.values()], family.id
    ([0.03, 0.06, 0.06], 'c.groups.welch_f')
    """
    members: dict[str, list[str]] = {}
    for key, (_, entry) in catalogue.items():
        scope, section, *_ = key.split(".")
        if scope == "hypotheses" or entry.p_value is None:
            continue
        if entry.measure in SECTIONS.get(section, ()):
            members.setdefault(f"{scope}.{section}.{entry.measure}", []).append(key)
    corrected, families = dict(catalogue), []
    for id_, keys in members.items():
        adjusted = holm([catalogue[key][1].p_value for key in keys])
        for key, p in zip(keys, adjusted, strict=True):
            population, entry = catalogue[key]
            if p is not None and "p_adjusted" not in entry.more:
                corrected[key] = (population, replace(entry, more={**entry.more, "p_adjusted": p}))
        families.append(Family(id=id_, method="Holm", results=tuple(keys)))
    return corrected, tuple(families)
