"""Sources proposed from their pages: the sample town's, awkward ones, and what is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from parsel import Selector

from app.sample_town.messages import town
from app.sample_town.site import TownSite
from crawler.catalogue import load_catalogue
from crawler.extraction import select
from crawler.proposal.detail import read_detail
from crawler.proposal.entry import add_entry, entry_text
from crawler.proposal.labels import field_of, is_writers
from crawler.proposal.listing import find_id_pattern, find_listing
from crawler.proposal.look import looking_source
from crawler.proposal.whole import propose_whole
from records.errors import ConfigurationError, Rejected
from tests.crawler.awkward_boards import BOARDS, LETTERS, Board, nested_tables
from tests.crawler.crawling import ZONE, Crawled, crawl_into
from tests.crawler.looking import look_at
from tests.crawler.site import Page, Site, html


def proposed(url: str, folder: Path) -> str:
    """Return the catalogue with the source proposed for `url`."""
    looked = look_at(url, folder)
    assert looked.proposal is not None, looked.error
    entry = entry_text(looked.proposal, name="one", channel="inbox", place=None, local=True)
    return f"sources:\n{entry}"


def crawl_proposed(url: str, folder: Path) -> Crawled:
    return crawl_into(folder, proposed(url, folder))


@pytest.mark.parametrize("board", BOARDS)
def test_awkward_boards_are_found_whole(board: Callable[[], Board], site: Site, tmp_path: Path) -> None:
    pages = board()
    site.pages.update(pages)
    crawled = crawl_proposed(site.url + next(iter(pages)), tmp_path)
    assert crawled.error is None
    posts = {post.title: post for post in crawled.posts.values()}
    assert posts.keys() == {letter.title for letter in LETTERS}
    for letter in LETTERS:
        post = posts[letter.title]
        assert post.text == letter.body
        assert post.asked_at.astimezone(ZONE).date().isoformat() == letter.day
        assert (post.status, post.addressed_to) == (letter.status, letter.office)
        assert [reply.text for reply in post.replies] == [letter.reply] * bool(letter.reply)


TOWN = (
    "/mailbox/index.html",
    "/wangshan/letters.asp?page=1",
    "/news/rss.xml",
    "/notices/index.html",
    "/news/index.html",
)


@pytest.fixture(scope="module")
def town_site() -> Iterator[TownSite]:
    with TownSite(town(date(2026, 11, 20)), datetime(2026, 11, 20, 12, tzinfo=ZONE)) as running:
        yield running


def test_the_sample_towns_pages_are_all_found(town_site: TownSite, tmp_path: Path) -> None:
    kinds = {}
    for address in TOWN:
        looked = look_at(town_site.base_url + address, tmp_path)
        assert looked.proposal is not None, looked.error
        kinds[address] = (looked.proposal.spider, looked.proposal.url.removeprefix(town_site.base_url))
    assert kinds == {
        "/mailbox/index.html": ("board", "/mailbox/index.html"),
        "/wangshan/letters.asp?page=1": ("board", "/wangshan/letters.asp?page=1"),
        "/news/rss.xml": ("feed", "/news/rss.xml"),
        "/notices/index.html": ("pages", "/notices/sitemap.xml"),
        "/news/index.html": ("pages", "/news/index.html"),
    }


def test_the_writer_is_skipped_and_named_as_skipped(site: Site, tmp_path: Path) -> None:
    site.pages.update(nested_tables())
    proposal = look_at(f"{site.url}/t1/list.html", tmp_path).proposal
    assert proposal is not None
    assert proposal.skipped == ("来信人",)
    assert "来信人" not in str(proposal.selectors)


@pytest.mark.parametrize(
    "label", ["留言人", "姓名", "网名", "IP", "昵称", "联系电话", "来信人", "手机", "IP属地", "发件人"]
)
def test_labels_of_the_writer_announce_no_field(label: str) -> None:
    assert is_writers(label)
    assert field_of(label) is None


def test_forums_platforms_private_addresses_and_robots_are_refused(site: Site, tmp_path: Path) -> None:
    row = '<li><img class="avatar"><a href="/u/7">某</a><a href="/t/{0}.html">帖子的标题{0}</a></li>'
    site.pages["/forum"] = html(f"<body><ul>{''.join(row.format(n) for n in range(5))}</ul></body>")
    forum = look_at(f"{site.url}/forum", tmp_path)
    assert (forum.code, "avatars and profile links" in forum.error) == ("looks_like_forum", True)
    assert look_at(f"{site.url}/forum", tmp_path, local=False).code == "private_address"
    assert look_at(f"{site.url}/nothing", tmp_path).code == "http_404"
    site.pages["/robots.txt"] = Page(body=b"User-agent: *\nDisallow: /forum", content_type="text/plain")
    assert look_at(f"{site.url}/forum", tmp_path).code == "robots_denied"
    with pytest.raises(Rejected, match="refused"):
        looking_source("https://weibo.com/x", local=False)


ENTRY = '- name: new\n  title: "新"\n  channel: news\n  spider: feed\n  start_urls: ["https://example.org/a.xml"]\n'
OLD = "name: old  # mine\n{0}  title: 旧\n{0}  channel: news\n{0}  spider: feed\n{0}  start_urls: [https://example.org/]\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "# mine\nsources: []  # empty\n",
        "sources:\n",
        "sources:\n- " + OLD.format(""),
        "# mine\nsources:\n    - " + OLD.format("    ") + "    # the end",
        ("sources:\n  - " + OLD.format("  ")).replace("\n", "\r\n"),
    ],
)
def test_an_entry_is_added_and_the_file_keeps_what_it_holds(text: str, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_bytes(text.encode())
    file.chmod(0o640)
    before = [source.name for source in load_catalogue(file)]
    add_entry(file, ENTRY)
    assert [source.name for source in load_catalogue(file)] == [*before, "new"]
    kept = file.read_bytes().decode()
    assert all(line in kept for line in text.splitlines() if "[]" not in line)
    assert text.count("#") == kept.count("#")
    assert file.stat().st_mode & 0o777 == 0o640
    with pytest.raises(ConfigurationError, match="taken"):
        add_entry(file, ENTRY)
    assert file.read_bytes().decode() == kept


@pytest.mark.parametrize("entry", [ENTRY.replace("feed", "fed"), ENTRY + "  author: a\n"])
def test_an_entry_that_the_catalogue_refuses_changes_nothing(entry: str, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text("sources: [] # mine\n", "utf-8")
    with pytest.raises(ConfigurationError):
        add_entry(file, entry)
    assert (file.read_text("utf-8"), len(list(tmp_path.iterdir()))) == ("sources: [] # mine\n", 1)


def test_a_json_feed_is_found_by_itself_and_where_a_list_names_it(site: Site, tmp_path: Path) -> None:
    links = [f"{site.url}/n/{number}.html" for number in range(1, 5)]
    items = [{"id": link, "url": link, "title": "停水通知", "content_text": "停水。"} for link in links]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "供水通知", "items": items}
    site.pages["/feed.json"] = html(json.dumps(feed), content_type="application/feed+json")
    alone = look_at(f"{site.url}/feed.json", tmp_path).proposal
    assert alone is not None
    assert (alone.spider, alone.title, alone.channel) == ("feed", "供水通知", "notice")
    entries = "".join(f'<li><a href="{link}">关于停水检修的通知</a><i>2026-11-01</i></li>' for link in links)
    head = '<link rel="alternate" type="application/feed+json" href="/feed.json">'
    site.pages["/n/"] = html(f"{head}<body><h1>通知</h1><ul>{entries}</ul></body>")
    for link in links:
        site.pages[link.removeprefix(site.url)] = html("<h1>关于停水检修的通知</h1><p class=d>2026-11-01</p>")
    named = look_at(f"{site.url}/n/", tmp_path).proposal
    assert named is not None
    assert (named.spider, named.url) == ("feed", f"{site.url}/feed.json")


def test_articles_are_no_board_though_they_name_whom_to_call(site: Site, tmp_path: Path) -> None:
    items = "".join(
        f'<li><a href="/n/{n}.html">关于第{n}次停水检修的通知</a><i>2026-11-0{n}</i></li>'
        for n in range(1, 5)
    )
    feed = "".join(f"<item><title>t</title><link>{site.url}/n/{n}.html</link></item>" for n in range(1, 5))
    listing = f"<body><h1>通知公告</h1><ul>{items}</ul><p><b>1</b><a href='?p=2'>2</a></p></body>"
    site.pages["/n/"] = html(listing)
    site.pages["/rss"] = html(f'<rss version="2.0"><channel>{feed}</channel></rss>', content_type="text/xml")
    for number in range(1, 5):
        site.pages[f"/n/{number}.html"] = html(
            f"<body><h1>关于第{number}次停水检修的通知</h1><p class='d'>2026-11-0{number}</p><div class='c'>"
            "因管网检修，柳巷一带停水六小时，请提前储水。</div><p>联系人：周某　联系电话：000</p></body>"
        )
    proposal = look_at(f"{site.url}/n/", tmp_path).proposal
    assert proposal is not None
    assert (proposal.spider, proposal.channel, proposal.title) == ("pages", "notice", "通知公告")
    assert proposal.selectors["date"] == {"selector": "p.d"}
    page = Selector(text=listing)
    assert page.xpath(str(proposal.selectors["next_page"])).getall() == ["?p=2"]
    site.pages["/n/"] = html('<link rel="alternate" type="application/rss+xml" href="/rss">' + listing)
    named = look_at(f"{site.url}/n/", tmp_path).proposal
    assert named is not None
    assert (named.spider, named.url) == ("feed", f"{site.url}/rss")


@pytest.mark.parametrize(
    ("tails", "pattern"),
    [
        (("/a/t1.html", "/a/t22.html", "/a/t3.html"), r"/a/([\w-]+)\.html"),
        (("/v.asp?id=7&k=1", "/v.asp?id=9&k=1", "/v.asp?id=12&k=1"), r"/v\.asp\?id=([\w-]+)&k=1"),
        (("/2026/a1/x.html", "/2026/b2/y.html", "/2025/c/z.html"), None),
    ],
)
def test_the_number_of_a_message_is_where_addresses_differ(
    tails: tuple[str, ...], pattern: str | None
) -> None:
    assert find_id_pattern([f"https://example.org{tail}" for tail in tails]) == pattern


def test_broken_markup_breaks_nothing() -> None:
    chance = random.Random(20261122)
    pages = [page.body.decode("utf-8", "replace") for board in BOARDS for page in board().values()]
    pieces = (
        "",
        "<",
        "</div>",
        "<table>",
        "<!--",
        "<?x y?>",
        '"',
        "'",
        "<a href='http://[x'>",
        "：",
        "<td>",
        "</p>",
    )
    for _ in range(300):
        text = chance.choice(pages)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(pieces) + text[at + chance.randint(0, 5) :]
        page = Selector(text=text)
        find_listing(page, "https://example.org/t/list.html")
        propose_whole("https://example.org/t/list.html", "", page)
        for name, selector in read_detail(page, title="柳巷路灯").selectors.items():
            assert name.startswith("reply_") or select(page, selector)
