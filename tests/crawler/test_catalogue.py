from __future__ import annotations

from pathlib import Path

import pytest

from crawler.catalogue import load_catalogue
from crawler.source import BoardSource
from records.errors import ConfigurationError

BOARD = """\
sources:
  - name: lake
    title: 湖区信箱
    channel: inbox
    spider: board
    start_urls: [https://www.example.gov.cn/list.html]
    schedule: "0 7 * * *"
    selectors:
      item: ul.list li
      title: h1
      body: //div[@id="content"]
      asked_at: span.date
"""


def load(folder: Path, text: str) -> BoardSource:
    path = folder / "sources.yaml"
    path.write_text(text, "utf-8")
    source = load_catalogue(path).sources[0]
    assert isinstance(source, BoardSource)
    return source


def test_a_board_has_its_values_and_polite_defaults(tmp_path: Path) -> None:
    source = load(tmp_path, BOARD)
    assert (source.name, source.title, source.delay_s) == ("lake", "湖区信箱", 2.0)
    assert source.hosts == {"www.example.gov.cn"}
    assert source.selectors.link == "a::attr(href)"


def test_an_empty_file_is_an_empty_catalogue(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("", "utf-8")
    assert len(load_catalogue(tmp_path / "sources.yaml")) == 0


def test_get_names_the_nearest_source(tmp_path: Path) -> None:
    load(tmp_path, BOARD)
    catalogue = load_catalogue(tmp_path / "sources.yaml")
    assert catalogue.get("lake").name == "lake"
    with pytest.raises(
        ConfigurationError, match=r'source "lakes": not in the catalogue .did you mean "lake"'
    ):
        catalogue.get("lakes")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title: h1", "titel: h1", r'key "selectors.titel" is unknown \(did you mean "title"\?\) .* line 10'),
        (
            "    schedule:",
            "    shedule:",
            r'key "shedule" is unknown \(did you mean "schedule"\?\) .* line 7',
        ),
        ('"0 7 * * *"', '"every day"', r'schedule "every day": not a cron expression \(try "0 7 \* \* \*"\)'),
        ('"0 7 * * *"', '"0 7 * * 1-5"', r'schedule "0 7 \* \* 1-5": write the day of the week by name'),
        ("title: h1", "title: h1[", r'selectors.title "h1\[": not a CSS selector or XPath'),
        ("spider: board", "spider: borad", r'spider "borad" is unknown \(did you mean "board"\?\) .* line 5'),
        ("channel: inbox", "channel: inbx", r'channel "inbx"'),
        ("      item: ul.list li\n", "", r'key "selectors.item" is missing'),
        ("name: lake", "name: Lake District", r'name "Lake District"'),
        (
            "[https://www.example.gov.cn/list.html]",
            "[ftp://a.example/]",
            r'"ftp://a.example/": not a web address',
        ),
        ("title: h1", "title: h1\n      reply_date: i", r'reply_date is looked for within "reply"'),
        (
            "title: h1",
            "title: h1\n      reply_page: a::attr(href)",
            r'"reply" is looked for, which is missing',
        ),
        ("title: h1", "title: h1\n      id_from_url: id=[0-9]+", r"has 0 groups, and needs exactly one"),
        ("channel: inbox", "channel: inbox\n    delay_s: 0.1", r"delay_s 0.1: at least 0.5 on a public site"),
        ("channel: inbox", "channel: inbox\n    date_formats: ['%m-%d']", r"needs the four-digit year"),
        ("channel: inbox", "channel: inbox\n    encoding: gbk9", r'encoding "gbk9": not an encoding'),
        (
            "channel: inbox",
            "channel: inbox\n    channel: news",
            r'line 5: key "channel" stands here and on line 4',
        ),
        (
            "title: h1",
            "title: 'json:data[title'",
            r'selectors.title "json:data\[title": not a JMESPath expression',
        ),
        ("title: h1", "title: json:data.title", r'asked_at "span.date": "title" reads the same page as JSON'),
        (
            "title: h1",
            "title: h1\n      state: '#s::text'",
            r"state holds JSON, and no selector is one of JSON",
        ),
        (
            "item: ul.list li",
            "item: 'json:rows[]'",
            r"selectors.link is missing: a list in JSON has no usual one",
        ),
        (
            "    schedule:",
            "    detail_url: https://a.example/x\n    schedule:",
            r"needs \{id\}, which is replaced",
        ),
        (
            "    schedule:",
            "    whole_in_list: true\n    detail_url: https://a.example/{id}\n    schedule:",
            r"there is no page to visit",
        ),
        (
            "    schedule:",
            "    paging: {url: 'https://a.example/x'}\n    schedule:",
            r"needs \{page\}, which is",
        ),
        (
            "    schedule:",
            "    paging: {form: {p: 1}}\n    schedule:",
            r"needs \{page\} in url or in a value of form",
        ),
        ("    schedule:", "    paging: {form: {token: x}}\n    schedule:", r'key "token" is refused'),
        (
            "    schedule:",
            "    paging: {frm: {}}\n    schedule:",
            r'key "paging.frm" is unknown .did you mean "form"',
        ),
        (
            "    schedule:",
            "    ids_in_sequence: true\n    schedule:",
            r"ids_in_sequence needs the site's own ids",
        ),
        ("channel: inbox", "channel: [", r"line \d+: .* \(correct the YAML\)"),
    ],
)
def test_a_mistake_is_one_line_with_key_value_fix_and_place(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in BOARD
    with pytest.raises(ConfigurationError, match=says) as caught:
        load(tmp_path, BOARD.replace(old, new, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["author", "user", "nickname", "avatar", "uid", "reply_author", "作者", "User-Name"]
)
@pytest.mark.parametrize("deep", [True, False])
def test_a_key_for_persons_is_refused_with_the_reason(tmp_path: Path, key: str, deep: bool) -> None:
    anchor = "      title: h1" if deep else "    channel: inbox"
    indent = "      " if deep else "    "
    with pytest.raises(ConfigurationError, match=f'key "{key}" is refused: huiying never gathers who wrote'):
        load(tmp_path, BOARD.replace(anchor, f"{anchor}\n{indent}{key}: .x"))


@pytest.mark.parametrize("key", ["user_agent", "cookies", "obey_robots", "proxy", "force"])
def test_a_key_that_would_evade_a_site_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f'key "{key}" is refused: .*never worked around'):
        load(tmp_path, BOARD.replace("    channel: inbox", f"    channel: inbox\n    {key}: x"))


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r'"lake": the name is taken by sources.yaml line 2 .* line 13'
    ):
        load(tmp_path, BOARD + BOARD.removeprefix("sources:\n"))


def test_a_platform_is_refused_when_the_catalogue_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"weibo.com is a social network .微博.*line 6"):
        load(tmp_path, BOARD.replace("www.example.gov.cn", "m.weibo.com"))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'absent.yaml" line 1: No such file'):
        load_catalogue(tmp_path / "absent.yaml")


def test_reading_changes_with_the_selectors_and_not_with_the_schedule(tmp_path: Path) -> None:
    reading = load(tmp_path, BOARD).reading()
    assert load(tmp_path, BOARD.replace("0 7", "0 8")).reading() == reading
    assert load(tmp_path, BOARD.replace("title: h1", "title: h2")).reading() != reading
