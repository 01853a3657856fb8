"""What people may write when they hand an alert on."""

from __future__ import annotations

from crawler.masking import find
from records.errors import Rejected

LONGEST_OFFICE = 60


def office_named(text: str) -> str:
    """Return the office's name. Raises Rejected("bad_office") where it is empty, long, or a person's."""
    office = text.strip()
    if not office or len(office) > LONGEST_OFFICE or "\n" in office:
        raise Rejected("bad_office", f"office: empty, or over {LONGEST_OFFICE} characters (name one)")
    if find(office):
        raise Rejected(
            "bad_office", "office: holds a personal detail; alerts go to offices (name the office)"
        )
    return office
