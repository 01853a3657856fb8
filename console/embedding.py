"""The content policy of a briefing document: its own style sheets by their hash, and nothing else."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)


def document_policy(html: str) -> str:
    """Return a policy that lets exactly the style sheets within `html` apply, and no script at all."""
    digests = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    sources = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests) or "'none'"
    return f"default-src 'none'; style-src {sources}; img-src data:; base-uri 'none'; frame-ancestors 'self'"
