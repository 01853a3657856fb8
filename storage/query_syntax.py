"""Lucene syntax, parsed by luqum, and what is wrong with it in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NoReturn

from luqum import tree as lucene
from luqum.exceptions import ParseError
from luqum.thread import parse as parse_lucene

from records.errors import Rejected

# Brackets within brackets: far above what a person or a rule writes.
MAX_DEPTH = 20

_SYNTAX_ERROR = re.compile(r"unexpected\s+'(?P<what>.*)' at position (?P<position>\d+)", re.DOTALL)
_LEXER_ERROR = re.compile(r"at position (?P<position>\d+)$")


class QueryError(Rejected):
    """A query that cannot be read. `position` counts characters from 0 in the text as it was typed."""

    def __init__(self, code: str, message: str, *, position: int) -> None:
        super().__init__(code, message)
        self.position = position


def fail(code: str, what: str, fix: str, position: int) -> NoReturn:
    """Raise QueryError: what is wrong, and in brackets what to do."""
    message = f"query, character {position + 1}: {what} ({fix})"
    # Characters that Unicode does not know yet may stand in names, but not in a line for a terminal.
    shown = "".join(char if char.isprintable() else "\ufffd" for char in message)
    raise QueryError(code, shown, position=position)


@lru_cache(maxsize=512)  # rules and saved searches ask the same again and again; nobody changes a tree
def parse_syntax(text: str) -> Any:
    """Return luqum's tree. Raises QueryError."""
    _check_nesting(text)
    try:
        return parse_lucene(text)
    except ParseError as err:
        _explain_syntax_error(str(err), text)
    except (ArithmeticError, ValueError, TypeError):
        position = max(text.find("~"), text.find("^"), 0)
        fail("bad_number", "the number after ~ or ^ cannot be read", "write ~2 or ^1.5", position)


def clauses(text: str) -> list[str]:
    """Return the parts of the query that must all hold, as they were written. Raises QueryError."""
    read = parse_syntax(text)
    joined = isinstance(read, lucene.AndOperation | lucene.UnknownOperation)
    return [str(part).strip() for part in read.children] if joined else [text.strip()]


def literals(text: str) -> list[tuple[str | None, str]]:
    """Return the words and phrases that the query names, each with its field, if any. Raises QueryError."""

    def walk(item: Any, field: str | None) -> Iterator[tuple[str | None, str]]:
        if isinstance(item, lucene.Word | lucene.Phrase):
            yield field, item.value.strip('"*?')
        for child in item.children:
            yield from walk(child, item.name if isinstance(item, lucene.SearchField) else field)

    return list(walk(parse_syntax(text), None)) if text.strip() else []


def _explain_syntax_error(message: str, text: str) -> NoReturn:
    found = _SYNTAX_ERROR.search(message)
    if found:
        what, position = found["what"][:20], int(found["position"])
        fail("syntax", f'"{what}" cannot stand here', f'put it in quotes to look for it: "{what}"', position)
    lexer = _LEXER_ERROR.search(message)
    if lexer:
        position = int(lexer["position"])
        if text[position] == '"':
            fail("syntax", "the quotes are not closed", 'add a "', position)
        fail("syntax", f'"{text[position]}" cannot stand here', "put the words in quotes", position)
    end = len(text.rstrip())
    if text.count("(") > text.count(")"):
        fail("syntax", "a bracket is not closed", "add a )", end)
    if text.rstrip().endswith(":"):
        field = re.split(r"[\s(]", text.rstrip()[:-1])[-1]
        fail("syntax", f'"{field}:" has no value', f"try {field}:… or _exists_:{field}", end)
    fail("syntax", "something is missing at the end", "finish it or take the last word away", end)


def _check_nesting(text: str) -> None:
    # Before the parser sees it: its tree is only as deep as its brackets.
    depth = 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth > MAX_DEPTH:
            fail("too_deep", "too many brackets within brackets", f"at most {MAX_DEPTH}", position)
