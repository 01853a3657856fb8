"""A page as a browser reads it."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """The addresses and the text of a page, and what the content policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()
        self.blocked: list[str] = []
        self.ids: set[str] = set()
        self.fragments: set[str] = set()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "style" or (tag == "script" and "src" not in given):
            self.blocked.append(tag)
        self.blocked += [name for name in given if name == "style" or name.startswith("on")]
        address = given.get("href") or given.get("src") or given.get("srcset")
        if address and address.startswith("#"):
            self.fragments.add(address[1:])
        elif address and not address.startswith(("http:", "https:")):
            self.addresses.add(address)


def read_page(text: str) -> Page:
    """Return what a browser would find in `text`."""
    parser = Page()
    parser.feed(text)
    parser.close()
    return parser
