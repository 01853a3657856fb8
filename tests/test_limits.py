"""What the product refuses, over all rooms (docs/decisions/001). Each room tests its part more closely."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import typer
from fastapi.routing import APIRoute

import records
from app.cli import build
from console import routers
from crawler.catalogue import load_catalogue
from records.analysis import Intent, ReplyFindingCode, UrgencyCode
from records.errors import ConfigurationError, HuiyingError
from records.post import Channel
from records.query import FIELDS

ROOT = Path(__file__).parents[1]
ROOMS = ("records", "crawler", "nlp", "storage", "alerts", "briefing", "console", "app")
PERSON = re.compile(
    r"author|writer|poster|nick|avatar|profile|phone|mobile|mail|gender|birth|first_name|last_name|person|sender|"
    r"asker|resident|user"
)
OPINION = re.compile(
    r"sentiment|sensitiv|opinion|politic|ideolog|orientation|\bstance\b|敏感|舆情|舆论|涉政|维稳|立场|思想倾向|意识形态|负面言论"
)
# A comment may say that something is refused.
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def record_types() -> Iterator[type]:
    for module in iter_modules(records.__path__):
        for _, found in inspect.getmembers(import_module(f"records.{module.name}"), inspect.isclass):
            if is_dataclass(found) and found.__module__.startswith("records."):
                yield found


def test_no_record_can_hold_an_author() -> None:
    names = [(kind.__name__, field.name) for kind in record_types() for field in fields(kind)]
    assert len(names) > 100
    assert [pair for pair in names if PERSON.search(pair[1])] == []


def test_no_search_field_names_a_person() -> None:
    assert [field for field in FIELDS if PERSON.search(field)] == []


def test_there_are_no_channels_but_those_of_public_bodies() -> None:
    assert {channel.value for channel in Channel} == {"inbox", "hotline", "intake", "news", "notice"}


def test_what_is_read_from_a_text_is_about_the_service() -> None:
    """A new value here is a new thing the product looks for: it belongs into the decision first."""
    assert {code.value for code in UrgencyCode} == {
        "danger", "utility_cut", "unpaid_wages", "vulnerable", "deadline_near", "repeated_asking",
    }  # fmt: skip
    assert {intent.value for intent in Intent} == {"咨询", "投诉", "求助", "建言", "感谢"}
    assert {code.value for code in ReplyFindingCode} == {
        "decides", "names_date", "names_contact", "hands_over", "refuses", "form_letter",
    }  # fmt: skip
    [model] = (
        (ROOT / "nlp" / "models").glob("*/card.json") if False else [ROOT / "nlp" / "models" / "card.json"]
    )
    labels = set(json.loads(model.read_text(encoding="utf-8"))["topics"]["per_class"])
    assert labels == {
        "城乡建设",
        "环境保护",
        "交通运输",
        "教育文体",
        "劳动和社会保障",
        "商贸旅游",
        "卫生计生",
    }


def test_no_code_rule_or_word_list_is_about_opinion() -> None:
    shipped = [
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in {".py", ".toml", ".yaml", ".txt", ".html", ".json", ".po"}
    ]
    assert len(shipped) > 100
    found = [
        (str(path.relative_to(ROOT)), match.group())
        for path in shipped
        for match in OPINION.finditer(_COMMENT.sub("", path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_nothing_acts_on_a_post_elsewhere() -> None:
    """Commands and pages read, and change only what this installation itself keeps."""
    command = typer.main.get_command(build())
    commands = {
        " ".join((name, child) if child else (name,))
        for name, group in command.commands.items()
        for child in getattr(group, "commands", {"": None})
    }
    acting = re.compile(r"hide|report|delete|remove|block|reply|answer|takedown|forward")
    assert [name for name in commands if acting.search(name)] == []
    pages = [
        import_module(f"console.routers.{module.name}").router for module in iter_modules(routers.__path__)
    ]
    changing = sorted(
        route.path
        for page in pages
        for route in page.routes
        if isinstance(route, APIRoute) and route.methods - {"GET", "HEAD"}
    )
    assert changing == [
        "/alerts/{alert_id}",
        # To which office an alert of this installation is assigned, and what it was found to be.
        "/alerts/{alert_id}/assign",
        "/alerts/{alert_id}/verdict",
        "/briefings/{snapshot_id}/approve",
        # Which report belongs to which problem, in this installation alone.
        "/problems/{problem_id}/merge",
        "/problems/{problem_id}/split",
        "/problems/{problem_id}/undo",
        # What this installation alerts on: rules about services, which alerts.rules checks.
        "/rules",
        "/rules/draft",
        "/searches",
        "/searches/{name}/forget",
        # Which alerts of this installation are not told for a while.
        "/silences",
        "/silences/{silence_id}/end",
    ]


@pytest.mark.parametrize(
    "url",
    ["https://weibo.com/u/1", "https://m.weibo.cn/x", "https://www.zhihu.com/question/1", "https://tieba.baidu.com/p/1",
     "https://x.com/a", "https://t.me/a", "https://mp.weixin.qq.com/s/1", "https://www.douyin.com/video/1"],
)  # fmt: skip
def test_platforms_are_refused_with_the_reason(tmp_path: Path, url: str) -> None:
    catalogue = tmp_path / "sources.yaml"
    catalogue.write_text(
        f"sources:\n- {{name: a, title: 甲, channel: news, spider: feed, start_urls: [{url}]}}\n",
        encoding="utf-8",
    )
    with pytest.raises(HuiyingError, match="measures services, never speakers"):
        load_catalogue(catalogue)


@pytest.mark.parametrize("key", ["author", "user", "avatar", "nickname", "作者"])
def test_catalogue_keys_that_name_a_person_are_refused(tmp_path: Path, key: str) -> None:
    catalogue = tmp_path / "sources.yaml"
    catalogue.write_text(
        "sources:\n- {name: a, title: 甲, channel: news, spider: feed, "
        f"start_urls: [https://example.org/rss], {key}: x}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError, match="never gathers who wrote"):
        load_catalogue(catalogue)
