"""Open questions of a study: their coding frames, and what coders made of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from surveys.coding_frame import CodingFrame, Codings, read_coding_frame, read_codings
from surveys.errors import Fault, SurveyError
from surveys.file_faults import fault_at, sha256_of, unknown_name
from surveys.questionnaire import Questionnaire
from surveys.yaml_lines import Place, YamlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """One open question: how its answers were coded, and whether its words are compared between groups."""

    frame: CodingFrame
    codings: Codings | None = None  #: None before anybody coded
    language: Literal["en", "zh"] | None = None  #: of the words; None where words are not compared
    own_words: tuple[str, ...] = ()  #: Chinese words that no dictionary has
    stop_words: tuple[str, ...] = ()

    @property
    def item(self) -> str:
        return self.frame.item


def open_questions(folder: Path, declared: list[Any]) -> tuple[tuple[OpenQuestion, ...], dict[str, str]]:
    """The open questions of one population, and the hashes of their files.

    Raises
    ------
    SurveyError
        With every fault of every coding frame and coder file.
    """
    found: list[OpenQuestion] = []
    faults: list[Fault] = []
    hashes: dict[str, str] = {}
    for body in declared:
        files = {name: folder / file for name, file in body.get("coders", {}).items()}
        try:
            frame = read_coding_frame(folder / body["frame"])
            codings = read_codings(frame, files) if files else None
        except SurveyError as error:
            faults.extend(error.faults)
            continue
        words: Mapping[str, Any] = body.get("words", {})
        found.append(
            OpenQuestion(
                frame=frame,
                codings=codings,
                language=words.get("language"),
                own_words=tuple(words.get("own_words", ())),
                stop_words=tuple(words.get("stop_words", ())),
            )
        )
        for path in (folder / body["frame"], *files.values()):
            hashes[path.name] = sha256_of(path.read_bytes())
    if faults:
        raise SurveyError(faults)
    return tuple(found), hashes


def open_question_faults(
    file: YamlFile,
    declared: list[Any],
    place: Place,
    questions: tuple[OpenQuestion, ...],
    questionnaire: Questionnaire,
) -> Iterator[Fault]:
    """Frames about items that are no open questions, the same item twice, words that may name a person."""
    texts = {item.id: item for item in questionnaire.items if item.kind == "text"}
    seen: set[str] = set()
    for q, (body, question) in enumerate(zip(declared, questions, strict=True)):
        at: Place = (*place, q)
        if question.item not in texts:
            yield unknown_name(file, (*at, "frame"), question.item, "an item of kind text", texts)
            continue
        if question.item in seen:
            yield fault_at(
                file,
                (*at, "frame"),
                f"a second coding frame for {question.item}",
                "one for each item",
                "Join the two frames.",
            )
        seen.add(question.item)
        if "words" in body and texts[question.item].identifying:
            yield fault_at(
                file,
                (*at, "words"),
                f"words of {question.item}, whose answers may name persons",
                "an item that is not `identifying`",
                "Leave `words` out: codes may be told, words may not.",
            )
