"""The same questionnaire answered in several waves: joined into one set of answers, and taken apart again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from surveys.responses import Responses
from surveys.study import Population

WAVE = "wave"  #: column of the metadata that names the wave
PERSON = "person"  #: column that keeps the respondent's id as the wave's own file has it


def join_waves(by_wave: Mapping[str, Responses]) -> Responses:
    """Answers of several waves as one; the source is that of the last wave, ``wave_sources`` has all.

    A respondent is called ``WAVE/ID``, because files of different waves may number alike.

    Parameters
    ----------
    by_wave : mapping
        Name of the wave -> its answers to the same questionnaire, in the order of the waves.
    """
    if not by_wave:
        raise ValueError("there are no waves to join")
    last = list(by_wave.values())[-1]
    order = [column for item in last.questionnaire.items for column in item.columns]
    answers = pd.concat([given.answers for given in by_wave.values()], ignore_index=True)
    metadata = []
    for name, given in by_wave.items():
        frame = given.metadata.copy()
        frame[WAVE], frame[PERSON] = name, frame["respondent"]
        frame["respondent"] = [f"{name}/{id_}" for id_ in frame["respondent"]]
        metadata.append(frame)
    return replace(
        last,
        answers=answers[[column for column in order if column in answers]],
        metadata=pd.concat(metadata, ignore_index=True),
        synthetic=any(given.synthetic for given in by_wave.values()),
        wave_sources={name: given.source for name, given in by_wave.items()},
    )


def split_waves(population: Population, responses: Responses) -> dict[str, Responses]:
    """The answers of each wave, in the order of the waves; empty where no wave is known.

    Waves given as files of their own come first; otherwise the population's item tells them apart, and its
    codes are their names. Respondents without a wave are left out.
    """
    if WAVE in responses.metadata:
        names = list(responses.wave_sources) or list(dict.fromkeys(responses.metadata[WAVE]))
        told = responses.metadata[WAVE]
    elif population.wave is not None and population.wave in responses.answers:
        scale = population.questionnaire.item(population.wave).scale
        names = [] if scale is None else [str(code) for code in scale.codes]
        told = responses.answers[population.wave].map({float(name): name for name in names})
    else:
        return {}
    masks = {name: told == name for name in names}
    return {
        name: replace(responses.keep(mask), source=responses.wave_sources.get(name, responses.source))
        for name, mask in masks.items()
        if mask.any()
    }
