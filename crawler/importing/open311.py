"""Request lists of Open311 (GeoReport v2) as rows: a JSON list of objects, or XML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from crawler.importing.tables import MAX_CELL_CHARS
from records.errors import ConfigurationError, Rejected

ObjectRow = tuple[int, dict[str, Any] | Rejected]

_CHUNK_CHARS = 1 << 20
_BLANKS = " \t\r\n"


def json_list_rows(path: Path, *, encoding: str) -> Iterator[ObjectRow]:
    """Yield (number from 1, object) of a JSON list, as a stream. What is no object comes as its Rejected.

    Raises ConfigurationError where the list breaks off: what follows cannot be told from it.
    """
    decoder, number, at = json.JSONDecoder(), 0, 0
    with path.open(encoding=encoding, errors="replace") as file:
        text = file.read(_CHUNK_CHARS).lstrip("\ufeff" + _BLANKS)[1:]  # the opening bracket
        while True:
            while at < len(text) and text[at] in _BLANKS + ",":
                at += 1
            if text.startswith("]", at):
                return
            try:
                value, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as err:
                chunk = file.read(_CHUNK_CHARS) if len(text) - at < MAX_CELL_CHARS else ""
                if not chunk:
                    raise _broken(path, number) from err
                text, at = text[at:] + chunk, 0
                continue
            number, at = number + 1, end
            yield number, value if isinstance(value, dict) else _no_object(number)


def xml_rows(path: Path) -> Iterator[ObjectRow]:
    """Yield (number from 1, name → text) for each <request>, as a stream; what is nested in it is left out.

    Entities are not expanded and nothing is fetched. Raises ConfigurationError: broken, or not of Open311.
    """
    number = 0
    try:
        for _, element in etree.iterparse(
            path, tag="request", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
        ):
            number += 1
            yield number, {child.tag: child.text for child in element if _is_plain(child)}
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as err:
        raise _broken(path, number) from err
    if not number:
        raise ConfigurationError(
            f'file "{path.name}": is XML without <request>, or a web page (save it as .xlsx or .csv)'
        )


def _is_plain(element: Any) -> bool:
    """Return whether it is an element (no comment) without others inside."""
    return isinstance(element.tag, str) and not any(isinstance(inside.tag, str) for inside in element)


def _no_object(number: int) -> Rejected:
    return Rejected("bad_json", f"request {number}: is no JSON object (correct it)")


def _broken(path: Path, number: int) -> ConfigurationError:
    return ConfigurationError(f'file "{path.name}": breaks off after request {number} (export it again)')
