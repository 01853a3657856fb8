"""The site's pages as bytes: what stands under a path at a moment, and when it last changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from math import ceil
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader

from app.sample_town.hotline import XLSX_TYPE, hotline_export
from app.sample_town.town import CITY, Article, Board, Town, TownMessage

MAILBOX_PAGE, LETTERS_PAGE = 20, 25
HTML, XML = "text/html", "application/xml"
# A feed that the catalogue names and the server cannot give.
BROKEN_PATH = "/zhenjie/rss.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One response. `changed_at` is what Last-Modified says."""

    body: bytes
    content_type: str
    changed_at: datetime
    status: int = 200


class Pages:
    """The pages of one town. `base_url` stands in feeds and the sitemap, which need whole addresses."""

    def __init__(self, town: Town, *, base_url: str) -> None:
        self._town = town
        self._base_url = base_url
        self._templates = Environment(
            loader=PackageLoader("app.sample_town"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    def page(self, address: str, moment: datetime) -> Page:
        """Return the page of `address` (path and query) as it is at `moment`; a 404 page for none."""
        parts = urlsplit(address)
        if parts.path == BROKEN_PATH:
            return self._missing(500, "服务器内部错误", moment)
        show = self._lists().get(parts.path)
        if show is not None:
            return show(parts.query, moment)
        folder, _, name = parts.path.strip("/").partition("/")
        number = name.removesuffix(".html")
        if folder == "mailbox" and name.startswith("index_"):
            return self._mailbox(number.removeprefix("index_"), moment)
        if folder == "mailbox":
            return self._letter(Board.MAYOR, number, "mailbox_letter.html", moment)
        return self._article(folder, number, moment)

    def _lists(self) -> dict[str, Callable[[str, datetime], Page]]:
        return {
            "/": lambda _, moment: self._home(moment),
            "/style.css": lambda _, moment: self._still("style.css", "text/css"),
            "/robots.txt": lambda _, moment: self._still("robots.txt", "text/plain"),
            "/mailbox/index.html": lambda _, moment: self._mailbox("1", moment),
            "/wangshan/letters.asp": lambda query, moment: self._letters(_argument(query, "page"), moment),
            "/wangshan/letter.asp": lambda query, moment: self._letter(
                Board.DISTRICT, _argument(query, "id"), "letter.html", moment, encoding="gbk"
            ),
            "/news/index.html": lambda _, moment: self._articles("news", moment),
            "/notices/index.html": lambda _, moment: self._articles("notices", moment),
            "/bianmin/index.html": lambda _, moment: self._articles("bianmin", moment),
            "/news/rss.xml": lambda _, moment: self._feed("news", moment),
            "/bianmin/rss.xml": lambda _, moment: self._feed("bianmin", moment),
            "/notices/sitemap.xml": lambda _, moment: self._feed("notices", moment, template="sitemap.xml"),
            "/export/hotline.xlsx": lambda _, moment: self._export(moment),
        }

    def _home(self, moment: datetime) -> Page:
        letters = self._town.on(Board.MAYOR, moment)[:8]
        news, notices = self._published("news", moment)[:8], self._published("notices", moment)[:8]
        changed_at = max([self._oldest(), *(message.asked_at for message in letters)])
        return self._html("home.html", changed_at, letters=letters, news=news, notices=notices, moment=moment)

    def _mailbox(self, number: str, moment: datetime) -> Page:
        messages = self._town.on(Board.MAYOR, moment)
        return self._list(
            "mailbox.html", messages, number, moment, size=MAILBOX_PAGE,
            link=lambda page: "/mailbox/index.html" if page == 1 else f"/mailbox/index_{page}.html",
        )  # fmt: skip

    def _letters(self, number: str, moment: datetime) -> Page:
        messages = self._town.on(Board.DISTRICT, moment)
        return self._list(
            "letters.html", messages, number, moment, size=LETTERS_PAGE, encoding="gbk", day=chinese_date
        )

    def _list(
        self,
        template: str,
        messages: Sequence[TownMessage],
        number: str,
        moment: datetime,
        *,
        size: int,
        encoding: str = "utf-8",
        **values: Any,
    ) -> Page:
        pages = max(1, ceil(len(messages) / size))
        page = int(number) if number.isdecimal() else 0
        if not 1 <= page <= pages:
            return self._missing(404, "您访问的页面不存在", moment)
        shown = messages[(page - 1) * size : page * size]
        changed_at = max([self._oldest(), *(message.changed_at(moment) for message in shown)])
        return self._html(
            template, changed_at, encoding, messages=shown, page=page, pages=pages, moment=moment, **values
        )

    def _letter(
        self, board: Board, number: str, template: str, moment: datetime, *, encoding: str = "utf-8"
    ) -> Page:
        for message in self._town.on(board, moment):
            if message.native_id == number:
                changed_at = message.changed_at(moment)
                return self._html(
                    template, changed_at, encoding, message=message, moment=moment, minute=chinese_minute
                )
        return self._missing(404, "您访问的信件不存在或尚未公开", moment)

    def _published(self, folder: str, moment: datetime) -> list[Article]:
        town = self._town
        lists = {"news": town.news, "bianmin": town.old_news, "notices": town.notices}
        return [article for article in lists.get(folder, ()) if article.published_at <= moment]

    def _articles(self, folder: str, moment: datetime) -> Page:
        articles = self._published(folder, moment)
        heading = {"news": "青溪新闻", "notices": "通知公告", "bianmin": "便民信息"}[folder]
        return self._html(
            "articles.html", self._newest(articles), folder=folder, heading=heading, articles=articles
        )

    def _article(self, folder: str, number: str, moment: datetime) -> Page:
        articles = self._published(folder, moment)
        for article in articles:
            if str(article.number) == number:
                others = [other for other in articles if other is not article][:6]
                changed_at = self._newest(articles)
                return self._html("article.html", changed_at, folder=folder, article=article, others=others)
        return self._missing(404, "您访问的页面不存在", moment)

    def _feed(self, folder: str, moment: datetime, *, template: str = "rss.xml") -> Page:
        articles = self._published(folder, moment)
        heading = "青溪日报" if folder == "news" else "青溪便民信息"
        body = self._render(
            template, folder=folder, heading=heading, articles=articles, rfc822=format_datetime
        )
        return Page(body=body.encode(), content_type=XML, changed_at=self._newest(articles))

    def _export(self, moment: datetime) -> Page:
        changes = [message.changed_at(moment) for message in self._town.on(Board.HOTLINE, moment)]
        return Page(
            body=hotline_export(self._town, as_of=moment),
            content_type=XLSX_TYPE,
            changed_at=max(changes, default=self._oldest()),
        )

    def _still(self, template: str, content_type: str) -> Page:
        body = self._render(template).encode()
        return Page(body=body, content_type=f"{content_type}; charset=utf-8", changed_at=self._oldest())

    def _missing(self, code: int, reason: str, moment: datetime) -> Page:
        body = self._render("missing.html", charset="utf-8", code=code, reason=reason)
        return Page(body=body.encode(), content_type=f"{HTML}; charset=utf-8", changed_at=moment, status=code)

    def _html(self, template: str, changed_at: datetime, encoding: str = "utf-8", /, **values: Any) -> Page:
        body = self._render(template, charset=encoding, **values).encode(encoding, "xmlcharrefreplace")
        # Old boards name their encoding in the page alone.
        header = HTML if encoding == "gbk" else f"{HTML}; charset={encoding}"
        return Page(body=body, content_type=header, changed_at=changed_at)

    def _render(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(city=CITY, base_url=self._base_url, **values)

    def _newest(self, articles: Sequence[Article]) -> datetime:
        return max((article.published_at for article in articles), default=self._oldest())

    def _oldest(self) -> datetime:
        return min(article.published_at for article in self._town.old_news)


def _argument(query: str, name: str) -> str:
    return parse_qs(query).get(name, [""])[0]


def chinese_date(moment: datetime) -> str:
    """Return 2026年3月1日."""
    return f"{moment.year}年{moment.month}月{moment.day}日"


def chinese_minute(moment: datetime) -> str:
    """Return 2026年3月1日 08:30."""
    return f"{chinese_date(moment)} {moment:%H:%M}"
