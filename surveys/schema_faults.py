"""Checks a YAML file against its JSON Schema and says every fault in words, with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from surveys.errors import Fault
from surveys.yaml_lines import Place, YamlFile, field_name

Kind = Literal["study", "questionnaire", "population"]

TYPES = {
    "object": "a group of `key: value` lines",
    "array": "a list",
    "string": "text (put it in quotes)",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


@cache
def _validator(kind: Kind) -> Draft202012Validator:
    schema = json.loads(files("surveys").joinpath(f"schema/{kind}.schema.json").read_text("utf-8"))
    return Draft202012Validator(schema)


def schema_faults(file: YamlFile, kind: Kind) -> list[Fault]:
    """Everything in the file that the schema does not allow, in the order of the lines."""
    faults = [fault for error in _validator(kind).iter_errors(file.value) for fault in _explain(file, error)]
    return sorted(set(faults), key=lambda fault: (fault.line or 0, fault.field or "", fault.seen))


def _parts(error: ValidationError, name: str) -> dict[str, Any]:
    schema: Any = error.schema
    return dict(schema.get(name, {})) if isinstance(schema, dict) else {}


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _explain(file: YamlFile, error: ValidationError) -> Iterator[Fault]:
    place: Place = tuple(error.absolute_path)
    rule = str(error.validator)
    wanted: Any = error.validator_value

    def fault(seen: str, expected: str, remedy: str, at: Place = place) -> Fault:
        return Fault(
            file=file.name,
            line=file.line(at),
            field=field_name(at) or None,
            seen=seen,
            expected=expected,
            remedy=remedy,
        )

    if rule in ("allOf", "anyOf", "if") and error.context:
        for inner in error.context:
            yield from _explain(file, inner)
    elif rule == "required":
        missing = [key for key in wanted if isinstance(error.instance, dict) and key not in error.instance]
        # jsonschema reports one missing key per error and names it first in its message
        named = [key for key in missing if error.message.startswith(repr(key))] or missing
        for key in named:
            yield fault(f"no `{key}`", f"the key `{key}`", f"Add `{key}:` here.")
    elif rule == "additionalProperties" and isinstance(error.instance, dict):
        known = list(_parts(error, "properties"))
        patterns = list(_parts(error, "patternProperties"))
        for key in _unknown_keys(error):
            close = get_close_matches(key, known, n=1)
            expected = ", ".join(f"`{name}`" for name in known) or _pattern_words(patterns)
            remedy = f"Did you mean `{close[0]}`?" if close else "Remove it, or correct its name."
            yield fault(f"the key `{key}`", expected, remedy, (*place, key))
    elif rule == "type":
        expected = TYPES.get(str(wanted), str(wanted))
        remedy = "Put the text in quotes." if wanted == "string" else "Write it as expected."
        yield fault(_shown(error.instance), expected, remedy)
    elif rule in ("enum", "const"):
        words = wanted if isinstance(wanted, list) else [wanted]
        close = get_close_matches(str(error.instance), [str(word) for word in words], n=1)
        remedy = f"Did you mean {close[0]}?" if close else "Use one of these words."
        yield fault(_shown(error.instance), " or ".join(map(str, words)), remedy)
    elif rule == "oneOf":
        names = [" and ".join(branch["required"]) for branch in wanted if "required" in branch]
        expected = f"exactly one of {', '.join(names)}" if names else "one name, or a list of names"
        yield fault(_shown(error.instance), expected, "Keep the one that you mean.")
    elif rule == "pattern":
        yield fault(_shown(error.instance), _pattern_words([str(wanted)]), "Correct the spelling.")
    else:
        yield fault(_shown(error.instance), f"{rule} {_shown(wanted)}", "Correct the value.")


def _unknown_keys(error: ValidationError) -> list[str]:
    known, patterns = _parts(error, "properties"), _parts(error, "patternProperties")
    instance: Any = error.instance
    return [
        key
        for key in instance
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    ]


def _pattern_words(patterns: list[str]) -> str:
    words = {
        "^[A-Za-z][A-Za-z0-9_]*$": "a name of Latin letters, digits and _ that starts with a letter",
        "^[a-z]{2}$": "a language such as en or zh",
        "^-?[0-9]+$": "a whole number as code",
        "^[A-Za-z][A-Za-z0-9_]* *= *-?[0-9]+$": "a condition such as CHANNELS_2 = 1",
        r"^[^/\\]+\.ya?ml$": "the name of a YAML file in the same folder",
    }
    return " or ".join(words.get(pattern, pattern) for pattern in patterns) or "no such key"
