"""The message ids that templates and modules use: the console's pages and the command line's notes."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

import app
import console
from app.cli.headings import HEADINGS, VALUES
from console.words import WORDS

CONSOLE, APP = Path(console.__file__).parent, Path(app.__file__).parent
_METHODS = [
    ("templates/**.html", "jinja2.ext:babel_extract"),
    ("templates/**.rss", "jinja2.ext:babel_extract"),
    ("**.py", "python"),
]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_COMMAND_LINE_KEYWORDS = {"gettext": None, "note": None, "say": None}


def used_messages() -> set[str]:
    """Return every message id."""
    found = [
        *extract_from_dir(CONSOLE, method_map=_METHODS, keywords=_KEYWORDS),
        *extract_from_dir(APP, method_map=_METHODS, keywords=_COMMAND_LINE_KEYWORDS),
    ]
    extracted = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    return extracted | {
        word for words in (*WORDS.values(), *VALUES.values(), HEADINGS) for word in words.values()
    }
