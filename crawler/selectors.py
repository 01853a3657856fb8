"""Where a source's pages have what: the selectors of a catalogue entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator

from crawler.entry_values import Entry, IdPattern, NumberedAddress, Pattern, SelectorText, is_json

_ON_LIST = ("item", "link", "next_page", "total", "page_count")
_NO_SELECTOR = ("state", "id_from_url")


class BoardSelectors(Entry):
    """Where a message board has what: CSS, XPath, or JMESPath after "json:".

    `item`, `next_page`, `total` (of messages) and `page_count` are on the list, the rest on the page of the
    message; `link` is looked for within `item`, the `reply_*` within `reply`. `reply_page` is the link to
    a page of its own that has the reply. `attachment` gives the names of attached files. `state` is the
    script that holds a page's JSON; without it the page is JSON itself.
    Without `id_from_url` and `id` a message is known by the hash of its URL, or of its title, date and body
    where it stands in the list.
    """

    item: SelectorText
    link: SelectorText = "a::attr(href)"
    next_page: SelectorText | None = None
    total: SelectorText | None = None
    page_count: SelectorText | None = None
    state: SelectorText | None = None
    id_from_url: IdPattern | None = None
    id: SelectorText | None = None
    title: SelectorText
    body: SelectorText
    asked_at: SelectorText
    status: SelectorText | None = None
    department: SelectorText | None = None
    place: SelectorText | None = None
    rating: SelectorText | None = None
    votes_up: SelectorText | None = None
    votes_down: SelectorText | None = None
    attachment: SelectorText | None = None
    reply_page: SelectorText | None = None
    reply: SelectorText | None = None
    reply_text: SelectorText | None = None
    reply_department: SelectorText | None = None
    reply_date: SelectorText | None = None

    @model_validator(mode="after")
    def _reply_parts_need_a_reply(self) -> Self:
        parts = {"reply_text", "reply_department", "reply_date"} & self.model_fields_set
        if parts and self.reply is None:
            raise ValueError(f'{min(parts)} is looked for within "reply", which is missing')
        if self.reply_page is not None and self.reply is None:
            raise ValueError('reply_page leads to a page on which "reply" is looked for, which is missing')
        return self

    @model_validator(mode="after")
    def _a_page_is_read_one_way(self) -> Self:
        if self.state is not None and is_json(self.state):
            raise ValueError(
                'state is the script that holds the JSON: CSS or XPath (try "#__NEXT_DATA__::text")'
            )
        list_fields = [name for name in _ON_LIST if name in self.model_fields_set]
        self._refuse_mixture(list_fields, self.list_is_json)
        self._refuse_mixture(self._detail_fields(), self.detail_is_json)
        if self.state is not None and not (self.list_is_json or self.detail_is_json):
            raise ValueError('state holds JSON, and no selector is one of JSON (write "json:data.title")')
        return self

    @property
    def list_is_json(self) -> bool:
        """Return whether a list page is read as JSON."""
        return is_json(self.item)

    @property
    def detail_is_json(self) -> bool:
        """Return whether a message's page is read as JSON."""
        return is_json(self.title)

    def _detail_fields(self) -> list[str]:
        return [name for name in self.model_fields_set if name not in (*_ON_LIST, *_NO_SELECTOR)]

    def _refuse_mixture(self, names: Iterable[str], as_json: bool) -> None:
        for name in sorted(names):
            selector = getattr(self, name)
            if selector is not None and is_json(selector) is not as_json:
                other, how = ("title", "item")[name in _ON_LIST], "as JSON" if as_json else "as HTML"
                raise ValueError(
                    f'{name} "{selector}": "{other}" reads the same page {how} (write both one way)'
                )


class Paging(Entry):
    """How the pages of a list are numbered, where no link leads to the next one.

    `{page}` in `url`, or in a value of `form`, is the number: `first`, then `step` more each time. With
    `form` every page is asked for by POST, as a form or, where `as_json` says so, as a JSON object.
    """

    url: NumberedAddress | None = None
    form: dict[str, str | int] = Field(default_factory=dict)
    as_json: bool = False
    first: int = Field(default=1, ge=0)
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _the_number_stands_somewhere(self) -> Self:
        if self.url is None and not any("{page}" in str(value) for value in self.form.values()):
            raise ValueError("needs {page} in url or in a value of form")
        if self.as_json and not self.form:
            raise ValueError("as_json says how form is sent, which is missing")
        return self

    def number(self, page: int) -> int:
        """Return the site's number of the `page`, which counts from 1."""
        return self.first + (page - 1) * self.step

    def address(self, page: int) -> str | None:
        """Return the address of the page; None where all pages have the same."""
        return self.url.replace("{page}", str(self.number(page))) if self.url is not None else None

    def filled_form(self, number: int) -> dict[str, str]:
        """Return the form's fields for the page of this number."""
        return {key: str(value).replace("{page}", str(number)) for key, value in self.form.items()}

    def filled_json(self, number: int) -> dict[str, str | int]:
        """Return the form's fields as a JSON object, in which a number stays one."""
        return {key: number if value == "{page}" else value for key, value in self.form.items()}


class DateRule(Entry):
    """The site's own rule for an article's date; exactly one of the four."""

    selector: SelectorText | None = None
    meta: str | None = None
    json_ld: str | None = None
    url: IdPattern | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of selector, meta, json_ld, url")
        return self


class PagesSelectors(Entry):
    """Where articles are. `item` and `next_page` on a list page; a sitemap needs neither.

    Without `body` trafilatura finds it. `article_url` restricts what is taken from list or sitemap.
    """

    item: SelectorText | None = None
    next_page: SelectorText | None = None
    article_url: Pattern | None = None
    id_from_url: IdPattern | None = None
    title: SelectorText = "//h1 | //title[not(//h1)]"
    body: SelectorText | None = None
    date: DateRule
    department: SelectorText | None = None
