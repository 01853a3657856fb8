"""What the fields of a rule may hold: subjects of alerts, which are never persons, and a filter."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from alerts.filters import check_filter
from records.errors import nearest
from records.query import KEYWORD_FIELDS

# What people would call a field that holds a person. None of them exists; the message says why.
PERSON_FIELD = re.compile(
    "author|user|nick|person|speaker|sender|reporter|caller|contact|phone|mobile|mail|id_?card|account|avatar"
    "|profile|^(tel|name|address)$|作者|用户|昵称|姓名|网友|居民|来电人|诉求人|投诉人|身份证|电话|手机|邮箱",
    re.IGNORECASE,
)
SUBJECT_FIELDS = tuple(field for field in KEYWORD_FIELDS if field != "flagged")


def as_list(value: Any) -> Any:
    """Return one string as a list of it: files may leave the brackets out."""
    return [value] if isinstance(value, str) else value


def _check_subjects(fields: tuple[str, ...]) -> tuple[str, ...]:
    for field in fields:
        if PERSON_FIELD.search(field):
            raise ValueError(
                f'"{field}" would make a person the subject; alerts are about problems and the offices that '
                f"owe the answer (use one of: {', '.join(SUBJECT_FIELDS)})"
            )
        if field not in SUBJECT_FIELDS:
            hint = nearest(field, SUBJECT_FIELDS) or f" (known: {', '.join(SUBJECT_FIELDS)})"
            raise ValueError(f'"{field}" is no field to count by{hint}')
    if len(set(fields)) < len(fields):
        raise ValueError(f"{', '.join(fields)}: a field is named twice")
    return fields


Fields = Annotated[tuple[str, ...], BeforeValidator(as_list), AfterValidator(_check_subjects)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Filter = Annotated[str, AfterValidator(check_filter)]
Text = Annotated[str, Field(min_length=1)]
