"""The reason that a person gives for what they do to alerts and rules: there, short, about nobody."""

from __future__ import annotations

from crawler.masking import find

LONGEST_REASON = 200


def checked_reason(text: str) -> str:
    """Return the reason without blanks around it. Raises ValueError with the fix."""
    reason = text.strip()
    if not reason:
        raise ValueError("no reason is given (say why, for those who wonder at it later)")
    if len(reason) > LONGEST_REASON:
        raise ValueError(f"the reason is longer than {LONGEST_REASON} characters (shorten it)")
    if find(reason):
        raise ValueError("the reason holds a personal detail (leave it out)")
    return reason
