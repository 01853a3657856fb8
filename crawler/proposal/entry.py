"""A proposal as a commented entry of the catalogue, and the catalogue's file with one entry more."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Any
from urllib.parse import urlsplit

import yaml

from crawler.catalogue import Catalogue, load_catalogue
from crawler.proposal.propose import Proposal
from crawler.refusals import plain_host
from crawler.source import Source
from records.errors import ConfigurationError
from records.files import placed

COMMENTS = {
    "item": "列表中的一条",
    "link": "条目里的链接",
    "next_page": "下一页",
    "id_from_url": "网址里的编号",
    "title": "以下在详情页：标题",
    "body": "正文",
    "asked_at": "来信时间",
    "status": "办理状态",
    "department": "受理单位",
    "place": "区域",
    "reply_page": "另一页上的答复",
    "reply": "一份答复；reply_* 在其中找",
    "reply_text": "答复内容",
    "reply_department": "答复单位",
    "reply_date": "答复时间",
    "date": "发布时间，只按此规则",
    "article_url": "只取这样的网址",
}


def entry_text(proposal: Proposal, *, name: str, channel: str, place: str | None, local: bool) -> str:
    """Return the entry as YAML, starting with "- name", a comment to every selector."""
    lines = [
        f"name: {name}",
        f"title: {_quoted(proposal.title)}",
        f"channel: {channel}",
        *([f"place: {_quoted(place)}"] if place else []),
        f"spider: {proposal.spider}",
        f"start_urls: [{_quoted(proposal.url)}]",
        *(["local: true  # 在本机或内网", "delay_s: 0"] if local else []),
        *(["whole_in_list: true  # 来信就在列表里，以下都在一条之内找"] if proposal.whole_in_list else []),
        *(["selectors:"] if proposal.selectors else []),
        *(_selector_line(key, proposal.selectors[key]) for key in sorted(proposal.selectors, key=_place)),
    ]
    return "- " + indent("\n".join(lines), "  ")[2:] + "\n"


def _place(key: str) -> int:
    order = list(COMMENTS)
    return order.index(key) if key in order else len(order)


def _selector_line(key: str, value: str | Mapping[str, str]) -> str:
    text = (
        _quoted(value)
        if isinstance(value, str)
        else f"{{{', '.join(f'{k}: {_quoted(v)}' for k, v in value.items())}}}"
    )
    comment = COMMENTS.get(key)
    return f"  {key}: {text}" + (f"  # {comment}" if comment else "")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def suggest_name(url: str) -> str:
    """Return a name made of the address: its last telling folder, else its host."""
    parts = urlsplit(url)
    dull = {"index", "list", "html", "www", "letters", "rss", "sitemap"}
    folders = [
        part for part in parts.path.lower().split("/")[:-1] if re.fullmatch(r"[a-z][a-z0-9_-]{1,30}", part)
    ]
    telling = [part for part in folders if part not in dull]
    host = re.sub(r"[^a-z0-9]+", "-", plain_host(url).removeprefix("www.")).strip("-")
    return telling[-1] if telling else host or "source"


def read_entry(entry: str) -> Source:
    """Return the source that the entry describes. Raises ConfigurationError as the catalogue would."""
    return _checked(f"sources:\n{entry}").sources[-1]


def add_entry(path: Path, entry: str) -> Source:
    """Put the entry at the end of the catalogue at `path` and return its source.

    What the file holds stays to the letter, comments and mode included; it is replaced whole or not at all.
    Raises ConfigurationError, and changes nothing, for a taken name and whatever the catalogue refuses.
    """
    path = path.resolve()
    before = load_catalogue(path)
    old = path.read_bytes().decode("utf-8")
    new = _appended(old, entry, path)
    after = _checked(new.removeprefix("\ufeff"))
    if after.sources[:-1] != before.sources or len(after) != len(before) + 1:
        raise ConfigurationError(
            f'catalogue "{path}": cannot be added to as it is written (add the entry by hand)'
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    with placed(path) as file:
        os.fchmod(file.fileno(), mode)
        file.write(new.encode())
    return after.sources[-1]


def _checked(text: str) -> Catalogue:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sources.yaml"
        file.write_text(text, "utf-8", newline="")
        return load_catalogue(file)


def _appended(old: str, entry: str, path: Path) -> str:
    """Return the file's text with the entry after its last, in its indentation and line ends."""
    ends = "\r\n" if "\r\n" in old else "\n"
    column, text = _room(old, path)
    text = text if text.endswith(("\n", "\r\n")) or not text else text + ends
    if not column and not re.search(r"^sources\s*:", text, re.MULTILINE):
        text += f"sources:{ends}"
    return text + indent(entry, " " * column).replace("\n", ends)


def _room(old: str, path: Path) -> tuple[int, str]:
    """Return the column of the list's dashes, and the text without the [] of an empty list."""
    node = _sources_node(old)
    if not isinstance(node, yaml.SequenceNode):
        return 0, old
    if not node.flow_style:
        return node.start_mark.column, old
    if node.value:
        raise ConfigurationError(
            f'catalogue "{path}" line {node.start_mark.line + 1}: its list stands in brackets '
            '(write each source as "- name: …" on lines of its own)'
        )
    return 0, old[: node.start_mark.index].rstrip(" ") + old[node.end_mark.index :]


def _sources_node(text: str) -> Any:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == "sources"), None)
