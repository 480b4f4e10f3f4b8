"""Random questionnaires with random answers, for tests that write something down and read it back."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale, Section
from surveys.responses import Responses, SourceFile

#: Wordings without marks by which platforms join or number things.
WORDS = st.text(st.sampled_from("bcdfghjklm汤河山云林海"), min_size=2, max_size=7)
#: Wordings with whatever people write, one line, nothing at the ends that readers strip.
WILD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp", "Co", "Cn"]),
    min_size=1,
    max_size=20,
).map(lambda text: " ".join(f"a{text}z".split()))


KINDS = ("single", "matrix", "multiple", "ranking", "number", "text")


@st.composite
def scales(draw: st.DrawFn, id_: str, *, plain: bool, any_codes: bool = False) -> Scale:
    labels = draw(st.lists(WORDS if plain else WILD, min_size=2, max_size=6, unique_by=str.casefold))
    start = draw(st.integers(-2, 12)) if any_codes else 1
    step = draw(st.integers(1, 3)) if any_codes else 1
    options = tuple(
        Option(code=start + step * at, label={"en": f"{label}e", "zh": f"{label}中"})
        for at, label in enumerate(labels)
    )
    ordered = draw(st.booleans())
    missing = ()
    if draw(st.booleans()):
        missing = (Option(code=99, label={"en": "Prefer not to say", "zh": "不愿回答"}),)
    return Scale(id=id_, options=options, ordered=ordered, interval=ordered, missing_codes=missing)


@st.composite
def questionnaires(
    draw: st.DrawFn,
    *,
    plain: bool = True,
    routed: bool = False,
    any_codes: bool = False,
    records: bool = False,
    without: tuple[str, ...] = (),
) -> Questionnaire:
    """A questionnaire of up to seven questions; ``plain`` keeps to wordings that every platform can carry."""
    items: list[Item] = []
    matrices: dict[str, dict[str, str]] = {}
    used: dict[str, Scale] = {}
    sections = [Section(id=f"part{at}", title={"en": f"Part {at}", "zh": f"第{at}部分"}) for at in (1, 2)]
    known = [kind for kind in KINDS if kind not in without]
    kinds = draw(st.lists(st.sampled_from(known), min_size=2, max_size=7))
    for number, kind in enumerate(kinds, start=1):
        section = sections[0 if number <= len(kinds) / 2 else 1].id
        id_ = f"ITEM{number}" if draw(st.booleans()) else f"it_em{number}"
        words = draw(WORDS if plain else WILD)
        text = {"en": f"How is {words} {number}?", "zh": f"{words}如何{number}？"}
        scale = None
        if kind not in ("number", "text"):
            wide = any_codes and kind in ("single", "matrix")
            scale = draw(scales(f"scale{number}", plain=plain, any_codes=wide))
            used[scale.id] = scale
        shared = {"section": section, "required": draw(st.booleans())}
        if (
            routed
            and items
            and items[0].kind == "single"
            and items[0].scale is not None
            and draw(st.booleans())
        ):
            shared["show_if"] = f"{items[0].id} = {items[0].scale.codes[0]}"
            shared["required"] = False
        if kind == "matrix":
            matrices[id_] = text
            for row in range(1, draw(st.integers(2, 4)) + 1):
                row_text = {"en": f"{words} row {row} of {number}", "zh": f"{words}之{row}属{number}"}
                items.append(
                    Item(id=f"{id_}r{row}", kind="single", text=row_text, scale=scale, matrix=id_, **shared)  # type: ignore[arg-type]
                )
            continue
        bounds = {}
        if kind == "number" and draw(st.booleans()):
            bounds = {"low": 0.0, "high": float(draw(st.integers(2, 10**6)))}
        source = "records" if records and kind == "number" and draw(st.booleans()) else "respondent"
        items.append(
            Item(id=id_, kind=kind, text=text, scale=scale, source=source, **bounds, **shared)  # type: ignore[arg-type]
        )
    rated = [item.id for item in items if item.kind == "single"]
    constructs = (
        (Construct(id="well", label={"en": "Well", "zh": "好"}, items=tuple(rated), valid_share=0.75),)
        if rated
        else ()
    )
    return Questionnaire(
        id="drawn",
        title={"en": "Drawn", "zh": "抽取的问卷"},
        languages=("en", "zh"),
        sections=tuple(section for section in sections if any(item.section == section.id for item in items)),
        scales=used,
        items=tuple(items),
        constructs=constructs,
        matrices=matrices,
        metadata={role: (role,) for role in ("started_at", "submitted_at", "seconds")},
    )


def answers_to(questionnaire: Questionnaire, n: int, rng: np.random.Generator) -> Responses:
    """Random answers, some missing; who answers a question of several options chooses at least one."""
    tables = []
    for item in questionnaire.items:
        missing = rng.random(n) < 0.2
        if item.kind == "number":
            high = 100.0 if item.high is None else item.high
            values = np.round(rng.uniform(0, high, n), 3)
            tables.append(pd.DataFrame({item.id: np.where(missing, np.nan, values)}))
        elif item.kind == "text":
            words = np.array([f"wrote {at} 写" for at in range(n)], dtype=object)
            words[missing] = None
            tables.append(pd.DataFrame({item.id: pd.Series(words, dtype=object)}))
        else:
            assert item.scale is not None
            k = len(item.scale.codes)
            if item.kind == "single":
                picked = rng.choice(item.scale.codes, n).astype(float)
                tables.append(pd.DataFrame({item.id: np.where(missing, np.nan, picked)}))
                continue
            if item.kind == "multiple":
                table = (rng.random((n, k)) < 0.5).astype(float)
                table[table.sum(axis=1) == 0, 0] = 1
            else:
                table = np.array([rng.permutation(k) + 1 for _ in range(n)], dtype=float)
            table[missing] = np.nan
            tables.append(pd.DataFrame(table, columns=list(item.columns)))
    started = pd.Timestamp("2026-03-02 09:00:00") + pd.to_timedelta(np.arange(n) * 61, unit="s")
    return Responses(
        questionnaire=questionnaire,
        answers=pd.concat(tables, axis="columns"),
        metadata=pd.DataFrame(
            {
                "respondent": [str(at) for at in range(1, n + 1)],
                "row": np.arange(2, n + 2),
                "started_at": started,
                "submitted_at": started + pd.to_timedelta(60, unit="s"),
                "seconds": np.full(n, 60.0),
            }
        ),
        source=SourceFile(name="drawn.csv", sha256="0" * 64),
    )
