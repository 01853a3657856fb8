"""Chinese first, English by gettext. Message ids are the Chinese texts, so Chinese needs no catalogue."""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.core import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from records.errors import ConfigurationError

# Language → the locale whose dates and numbers it uses. The first is the default.
LANGUAGES = {"zh": "zh_Hans_CN", "en": "en_GB"}
DEFAULT_LANGUAGE = "zh"
_CATALOGUES = Path(__file__).parent / "locale"


def catalogue_path(language: str) -> Path:
    """Return where the translations of `language` are kept (Chinese has none)."""
    return _CATALOGUES / language / "LC_MESSAGES" / "huiying.po"


def read_catalogue(language: str) -> Catalog:
    """Return the catalogue of `language`. Raises ConfigurationError where its file cannot be read."""
    path = catalogue_path(language)
    try:
        with path.open("rb") as file:
            return read_po(file, locale=language, abort_invalid=True)
    except (OSError, ValueError) as err:
        raise ConfigurationError(f"translations {path}: {err} (reinstall huiying)") from err


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> gettext.NullTranslations:
    """Return the translations into `language`; Chinese gives every message id back as it is.

    Read from the .po file once, about 20 ms: no compiled file is kept that could go stale.
    """
    if language == DEFAULT_LANGUAGE:
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Translations(compiled, domain="huiying")


def locale_of(language: str) -> Locale:
    """Return the Babel locale for the dates and numbers of `language`."""
    return Locale.parse(LANGUAGES[language])


def choose_language(wishes: Iterable[str | None], accept: str, default: str = DEFAULT_LANGUAGE) -> str:
    """Return the first known language of `wishes`, else the best of `accept`, else `default`.

    `accept` is an Accept-Language header.
    """
    for wish in wishes:
        if wish in LANGUAGES:
            return wish
    found = negotiate_locale(_preferred(accept), list(LANGUAGES), sep="-")
    return found or default


def _preferred(accept: str) -> list[str]:
    """Return the languages of an Accept-Language header, best first, without their regions."""
    weighed: list[tuple[float, str]] = []
    for part in accept[:500].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:
            weighed.append((weight, name.split("-")[0].lower()))
    return [name for _, name in sorted(weighed, key=lambda item: -item[0])]
