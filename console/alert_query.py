"""The saved query behind an alert: what its rule looks for, where and about what it fired."""

from __future__ import annotations

from records.alert import Alert
from records.query import KEYWORD_FIELDS


def field_is(field: str, *values: str) -> str:
    """Return the clause that holds where `field` is one of `values`, whatever characters they have."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return f"{field}:{quoted[0]}" if len(quoted) == 1 else f"{field}:({' OR '.join(quoted)})"


def alert_query(alert: Alert, rule_filter: str | None) -> str:
    """Return the query in the search language: the rule's filter and the alert's labels."""
    parts = [f"({rule_filter})"] if rule_filter else []
    parts += [field_is(name, value) for name, value in sorted(alert.labels.items()) if name in KEYWORD_FIELDS]
    return " AND ".join(parts)
