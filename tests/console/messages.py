"""The message ids that the console's templates and modules use."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

import console

ROOT = Path(console.__file__).parent
_METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def used_messages() -> set[str]:
    """Return every message id of the console."""
    found = extract_from_dir(ROOT, method_map=_METHODS, keywords=_KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
