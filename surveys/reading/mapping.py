"""The mapping file: which header of an export is which item, so that a reading can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from surveys.errors import AnswersError, Fault
from surveys.yaml_lines import read_yaml

IGNORE = "ignore"  #: target of a column to pass over


def load_mapping(path: Path | str) -> Mapping[str, str]:
    """Header to item, item column, role, or ``ignore``.

    The file is YAML, one column a line: ``"7. How satisfied are you?": SAT1``.

    Raises
    ------
    AnswersError
        If the file is not such a mapping.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder) / "mapping.yaml"
    ...     _ = place.write_text('"Overall": SAT1\\nRemarks: ignore\\n', encoding="utf-8")
    ...     load_mapping(place)
    {'Overall': 'SAT1', 'Remarks': 'ignore'}
    """
    document = read_yaml(Path(path))
    value = document.value
    if not isinstance(value, dict) or not value:
        raise AnswersError(
            Fault(
                file=document.name,
                seen="something else than a mapping",
                expected="lines such as `header: ITEM`",
                remedy="Write one line for each column that is not found by itself.",
            )
        )
    faults = [
        Fault(
            file=document.name,
            line=document.line((header,)),
            field=header,
            seen=f"{target!r}",
            expected="the id of an item or of its column, a role, or `ignore`",
            remedy="Write one name.",
        )
        for header, target in value.items()
        if not isinstance(target, str)
    ]
    if faults:
        raise AnswersError(faults)
    return {str(header): str(target) for header, target in value.items()}
