"""How a fault in a study file is put into words; shared by everything that reads such files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from surveys.errors import Fault
from surveys.yaml_lines import Place, YamlFile, field_name


def sha256_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def fault_at(file: YamlFile, place: Place, seen: str, expected: str, remedy: str) -> Fault:
    return Fault(
        file=file.name,
        line=file.line(place),
        field=field_name(place) or None,
        seen=seen,
        expected=expected,
        remedy=remedy,
    )


def unknown_name(file: YamlFile, place: Place, name: str, what: str, known: Iterable[str]) -> Fault:
    names = list(known)
    if name in names:  # there, but of a kind that does not serve here
        return fault_at(file, place, f"`{name}`, which is of another kind", what, "Name another one.")
    close = get_close_matches(name, names, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else "Correct the name, or declare it."
    return fault_at(file, place, f"`{name}`", what, hint)


def language_faults(file: YamlFile, languages: list[str]) -> Iterator[Fault]:
    """Every text must be there in every language of the file."""
    texts = {"text", "title", "label", "short", "claim", "note", "abstract", "low", "high"}

    def walk(value: Any, place: Place) -> Iterator[Fault]:
        if isinstance(value, dict):
            is_text = place and (
                place[-1] in texts
                or (len(place) > 1 and place[-2] in ("options", "missing"))
                or (len(place) > 1 and place[-2] == "limits")
            )
            if is_text:
                for language in languages:
                    if language not in value:
                        yield fault_at(
                            file,
                            place,
                            f"no `{language}`",
                            f"the text in {' and '.join(languages)}",
                            f"Add `{language}:` here.",
                        )
            for key, child in value.items():
                yield from walk(child, (*place, key))
        elif isinstance(value, list):
            for i, child in enumerate(value):
                yield from walk(child, (*place, i))

    yield from walk(file.value, ())
