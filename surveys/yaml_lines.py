"""YAML as plain values that remember their lines.

Study files are untrusted text: only plain mappings, lists and scalars are read, aliases are
refused (they can grow without limit), and so are keys given twice, which YAML would silently drop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from surveys.errors import Fault, StudyFileError

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Place = tuple[str | int, ...]

#: libyaml where PyYAML was built with it, ten times faster; both read plain values only
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A parsed file: its value (all keys are text) and the line of every place in it."""

    name: str
    value: Plain
    raw: bytes
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Sequence[str | int]) -> int:
        """Line of a place, or of the nearest place around it."""
        at = tuple(place)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)


def field_name(place: Sequence[str | int]) -> str:
    """A place as people write it.

    >>> field_name(("scales", "agree5", "options", "1"))
    'scales.agree5.options.1'
    >>> field_name(("hypotheses", 0, "tests", 1))
    'hypotheses[0].tests[1]'
    """
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read_yaml(path: Path) -> YamlFile:
    """Read one file; ``StudyFileError`` when it is not there, not text or not YAML."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise StudyFileError(
            Fault(
                file=path.name,
                seen=f"a file that cannot be read ({error.strerror})",
                expected="a readable YAML file",
                remedy=f"Check that {path.name} lies in {path.parent}.",
            )
        ) from None
    if len(raw) > MAX_BYTES:
        raise StudyFileError(
            Fault(
                file=path.name,
                seen=f"{len(raw):,} bytes",
                expected=f"at most {MAX_BYTES:,} bytes",
                remedy="Give a study or questionnaire file here, not a data file.",
            )
        )
    try:
        text = raw.decode("utf-8-sig")
        node = yaml.compose(text, Loader=LOADER)
        _refuse_aliases(text, path.name)
    except UnicodeDecodeError as error:
        raise StudyFileError(
            Fault(
                file=path.name,
                line=raw[: error.start].count(b"\n") + 1,
                seen="bytes that are not UTF-8",
                expected="a text file in UTF-8",
                remedy="Save the file as UTF-8 in your editor.",
            )
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise StudyFileError(
            Fault(
                file=path.name,
                line=None if mark is None else mark.line + 1,
                seen=str(getattr(error, "problem", None) or error).split("\n")[0],
                expected="well-formed YAML",
                remedy="Check indentation, colons and quotes on this line and the one before.",
            )
        ) from None
    except RecursionError:
        raise StudyFileError(
            Fault(
                file=path.name,
                seen="nesting too deep to read",
                expected="a study or questionnaire file",
                remedy="Compare with the example in docs/study-files.md.",
            )
        ) from None
    faults: list[Fault] = []
    lines: dict[Place, int] = {}
    value = None if node is None else _plain(node, (), path.name, lines, faults)
    if faults:
        raise StudyFileError(faults)
    return YamlFile(name=path.name, value=value, raw=raw, lines=lines)


def _refuse_aliases(text: str, name: str) -> None:
    faults = [
        Fault(
            file=name,
            line=event.start_mark.line + 1 if event.start_mark else None,
            seen=f"the alias *{event.anchor}",
            expected="values written out",
            remedy="Write the value here in full; aliases are not read.",
        )
        for event in yaml.parse(text, Loader=LOADER)
        if isinstance(event, yaml.AliasEvent)
    ]
    if faults:
        raise StudyFileError(faults)


def _plain(node: yaml.Node, place: Place, name: str, lines: dict[Place, int], faults: list[Fault]) -> Plain:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in mapping:
                faults.append(
                    Fault(
                        file=name,
                        line=key_node.start_mark.line + 1,
                        field=field_name((*place, key)),
                        seen=f"`{key}` a second time",
                        expected="every key once",
                        remedy="Remove one of the two, or give it another name.",
                    )
                )
            mapping[key] = _plain(value_node, (*place, key), name, lines, faults)
            lines[(*place, key)] = key_node.start_mark.line + 1
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*place, i), name, lines, faults) for i, child in enumerate(node.value)]
    value = _scalar(node)
    if value is _UNREADABLE:
        faults.append(
            Fault(
                file=name,
                line=node.start_mark.line + 1,
                field=field_name(place),
                seen=f"{node.value!r} with the type {node.tag}",
                expected="text, a number, true or false",
                remedy="Put the value in quotes.",
            )
        )
        return None
    return value  # type: ignore[return-value]


_UNREADABLE = object()


def _scalar(node: yaml.Node) -> object:
    if node.tag == "tag:yaml.org,2002:timestamp":
        return str(node.value)
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        return _UNREADABLE
    finally:
        loader.dispose()
    return value if isinstance(value, str | bool | int | float | None) else _UNREADABLE
