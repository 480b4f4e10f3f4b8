"""The doorway for layouts: answers in, a file as a platform would have exported it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from surveys.layouts import (
    forms,
    kobo,
    limesurvey,
    plain,
    qualtrics,
    redcap,
    sosci,
    surveymonkey,
    wenjuanxing,
)
from surveys.layouts.cells import Answered
from surveys.layouts.sheets import Sheet
from surveys.responses import Responses

Layout = Literal[
    "wenjuanxing_text",
    "wenjuanxing_number",
    "qualtrics",
    "limesurvey_full",
    "limesurvey_codes",
    "surveymonkey",
    "google_forms",
    "microsoft_forms",
    "kobo",
    "redcap",
    "sosci",
    "plain_codes",
    "plain_labels",
]

LAYOUTS: Mapping[Layout, Callable[[Answered], Sheet]] = {
    "wenjuanxing_text": wenjuanxing.by_text,
    "wenjuanxing_number": wenjuanxing.by_number,
    "qualtrics": qualtrics.three_rows,
    "limesurvey_full": limesurvey.full_texts,
    "limesurvey_codes": limesurvey.as_codes,
    "surveymonkey": surveymonkey.two_rows,
    "google_forms": forms.google,
    "microsoft_forms": forms.microsoft,
    "kobo": kobo.csv_data,
    "redcap": redcap.raw,
    "sosci": sosci.tab_separated,
    "plain_codes": plain.codes,
    "plain_labels": plain.labels,
}


def layout_bytes(responses: Responses, layout: Layout, *, language: str | None = None) -> bytes:
    """Answers as one platform exports them; what a respondent typed is neutralised as always.

    Parameters
    ----------
    responses : Responses
    layout : one of ``LAYOUTS``
    language : str, optional
        Of wordings; by default Chinese for 问卷星, else the questionnaire's first.

    Returns
    -------
    bytes
        A CSV or, for 问卷星 and Microsoft Forms, a workbook. The same answers give the same bytes.

    Raises
    ------
    LayoutError
        If the platform has no way to say it, such as a negative code on SoSci Survey.
    ValueError
        If there is no such layout or language.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
    >>> from surveys.responses import SourceFile
    >>> options = tuple(Option(code=code, label={"en": label}) for code, label in ((1, "Web"), (2, "App")))
    >>> scale = Scale(id="ch", options=options, ordered=False, interval=False)
    >>> item = Item(id="CH", kind="multiple", scale=scale, text={"en": "Channels"}, section="a")
    >>> asked = Questionnaire(
    ...     id="q", title={"en": "Q"}, languages=("en",), sections=(Section(id="a", title={"en": "A"}),),
    ...     scales={"ch": scale}, items=(item,),
    ... )
    >>> given = Responses(
    ...     questionnaire=asked, answers=pd.DataFrame({"CH_1": [1.0, 0.0], "CH_2": [1.0, 1.0]}),
    ...     metadata=pd.DataFrame({"respondent": ["1", "2"], "row": [2, 3]}),
    ...     source=SourceFile(name="a.csv", sha256=""),
    ... )
    >>> layout_bytes(given, "redcap").decode().split()
    ['record_id,ch___1,ch___2,survey_complete', '1,1,1,2', '2,0,1,2']
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout: `{layout}` is none of {', '.join(LAYOUTS)}")
    known = responses.questionnaire.languages
    if language is None:
        language = "zh" if layout.startswith("wenjuanxing") and "zh" in known else known[0]
    if language not in known:
        raise ValueError(f"language: the questionnaire is written in {', '.join(known)}, not in `{language}`")
    return LAYOUTS[layout](Answered(responses, language)).content()


def write_layout(
    responses: Responses, path: Path | str, *, layout: Layout, language: str | None = None
) -> Path:
    """Write :func:`layout_bytes` to a file, whole or not at all."""
    target = Path(path)
    content = layout_bytes(responses, layout, language=language)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    temporary.write_bytes(content)
    temporary.replace(target)
    return target
