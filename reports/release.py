"""What of the answers leaves the machine: without what names a person, or only so far as was asked for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from surveys.anonymity import k_anonymity
from surveys.errors import Fault, SurveyError
from surveys.privacy import find_identifiers, without_identifiers
from surveys.pseudonyms import KeyFileError, load_key, new_key, pseudonymised
from surveys.responses import Responses


def released(responses: Responses, options: argparse.Namespace) -> Responses:
    """Answers as ``ingest`` writes them, with notes of what was done to them.

    Names, numbers and addresses are masked in open answers unless ``keep_identifiers`` asks for them;
    columns that hold nothing else are never read. With a key file respondents go by keyed hashes; the file
    is made where there is none, and must lie outside the folder of the data.
    """
    if options.keep_identifiers:
        kept = ", ".join(
            f"{found.column} ({found.kind}: {found.count})" for found in find_identifiers(responses)
        )
        notes = (*responses.notes, f"kept, as asked: {kept}") if kept else responses.notes
        clean = replace(responses, notes=notes)
    else:
        clean = without_identifiers(responses)
    if options.pseudonym_key is not None:
        clean = pseudonymised(clean, _key(Path(options.pseudonym_key), Path(options.out).parent))
    if options.quasi_identifiers:
        clean = replace(clean, notes=(*clean.notes, _anonymity(clean, options)))
    return clean


def _key(path: Path, data: Path) -> bytes:
    try:
        if not path.exists():
            if path.resolve().is_relative_to(data.resolve()):
                load_key(path, data=data)  # says that it must not lie there
            return new_key(path)
        return load_key(path, data=data)
    except KeyFileError as error:
        seen, _, remedy = str(error).partition(". ")
        raise SurveyError(
            Fault(
                file=path.name,
                seen=seen.removeprefix(f"{path.name}: "),
                expected="a key file outside the folder of the data",
                remedy=remedy or "Choose another file.",
            )
        ) from None
    except OSError as error:
        raise SurveyError(
            Fault(
                file=path.name,
                seen=f"a file that cannot be written or read ({error.strerror})",
                expected="a key file",
                remedy="Check the path.",
            )
        ) from None


def _anonymity(responses: Responses, options: argparse.Namespace) -> str:
    names = [name.strip() for name in options.quasi_identifiers.split(",") if name.strip()]
    strange = [name for name in names if name not in responses.answers]
    if strange:
        raise SurveyError(
            Fault(
                file=responses.source.name,
                seen=f"--quasi-identifiers {', '.join(strange)}",
                expected="columns of the answers",
                remedy="Name items that the file answers, such as "
                + ", ".join(map(str, list(responses.answers)[:3]))
                + ".",
            )
        )
    found = k_anonymity(responses.answers, names, minimum=options.minimum_cell)
    return (
        f"k-anonymity of {', '.join(names)}: k = {found.k} in {found.n_classes} combinations; "
        f"{found.n_unique} of {found.n} respondents are alone in theirs, {found.n_below} in one of fewer "
        f"than {found.minimum}"
    )
