"""`sources add` and `sources show`: an entry of the catalogue proposed from its page"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import DataDir, Output
from app.cli.output import Format, gettext, note, print_record, print_records, write
from app.settings import Settings, load_settings
from records.errors import ConfigurationError, HuiyingError, Rejected, Retryable
from records.plain import plain
from records.post import Channel, Post

if TYPE_CHECKING:
    from crawler.proposal.propose import Proposal
    from crawler.source import Source

SAMPLE_CHARACTERS = 40
# The site may answer another time; everything else needs a person.
_PASSING = ("timeout", "connection_", "http_5", "too_many_requests", "download_failed")


def add_source(
    url: Annotated[str, typer.Argument(metavar="URL", help="列表页、订阅或站点地图的网址")],
    name: Annotated[str | None, typer.Option("--name", help="来源名称（默认取自网址）")] = None,
    channel: Annotated[Channel | None, typer.Option("--channel", help="渠道（默认看页面）")] = None,
    place: Annotated[str | None, typer.Option("--place", help="地区")] = None,
    local: Annotated[bool, typer.Option("--local", help="网址在本机或内网")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不提问，直接写入")] = False,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.crawling import look_at
    from app.wiring import open_parts
    from crawler.proposal.entry import add_entry, entry_text, suggest_name

    if not yes and not sys.stdin.isatty():
        raise ConfigurationError("sources add asks questions, and this is no terminal (add --yes)")
    settings = load_settings(data_dir)
    with open_parts(settings) as parts:
        _refuse_taken(name, [source.name for source in parts.catalogue])
    try:
        looking = _looking_source(url, local=local)
    except Rejected as err:
        raise ConfigurationError(str(err)) from err
    note("查看 %(url)s …", url=url)
    looked = look_at(settings, looking)
    if looked.proposal is None:
        raise (Retryable if looked.code.startswith(_PASSING) else ConfigurationError)(looked.error)
    proposal = looked.proposal
    _say_what_was_found(proposal)
    chosen = name or suggest_name(url)

    def written(proposal: Proposal) -> str:
        kind = (channel or proposal.channel).value
        return entry_text(proposal, name=chosen, channel=kind, place=place, local=local)

    if yes:
        show_samples(settings, proposal, written(proposal), form)
    else:
        proposal = _corrected(settings, proposal, written, form)
        if not typer.confirm(gettext("写入来源目录吗？"), default=True, err=True):
            raise typer.Exit(1)
    added = add_entry(settings.catalogue_file, written(proposal))
    note(
        "已写入 %(file)s：%(name)s（huiying sources show %(name)s 说明它，huiying crawl %(name)s 抓取它）",
        file=settings.catalogue_file,
        name=added.name,
    )


def _looking_source(url: str, *, local: bool) -> Source:
    from pydantic import ValidationError

    from crawler.proposal.look import looking_source

    try:
        return looking_source(url, local=local)
    except ValidationError as err:
        problem = err.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f'address "{url}": {problem}') from err


def _refuse_taken(name: str | None, taken: Sequence[str]) -> None:
    if name in taken:
        raise ConfigurationError(f'source "{name}": the name is taken (choose another with --name)')


def _say_what_was_found(proposal: Proposal) -> None:
    kinds = {"board": gettext("留言板"), "feed": gettext("订阅"), "pages": gettext("文章")}
    note(
        "找到%(kind)s：%(title)s（%(url)s）",
        kind=kinds[proposal.spider],
        title=proposal.title,
        url=proposal.url,
    )
    if proposal.skipped:
        note("跳过写信人的栏目，不读也不存：%(labels)s", labels="、".join(proposal.skipped))


def show_samples(settings: Settings, proposal: Proposal, entry: str, form: Format) -> None:
    """Read five items as a crawl would, and print per field its selector, how many had it and a sample."""
    from app.crawling import sample_source
    from crawler.proposal.entry import read_entry

    try:
        source = read_entry(entry)
    except ConfigurationError as err:
        missing = gettext("页面上没有找到全部必需的栏目")
        raise ConfigurationError(f"{missing}: {err}") from err
    posts, result = sample_source(settings, source)
    print_records([_row(name, proposal, posts) for name in _values([])], form)
    if posts and "reply" in proposal.selectors and not any(post.replies for post in posts):
        note("最新几条还没有答复；答复的选择器取自有答复的来信")
    if result.error:
        raise Retryable(result.error)
    if not posts:
        reasons = {**result.counts.rejected, **result.counts.quarantined}
        raise ConfigurationError(
            f'"{proposal.url}": none of its items can be read: {reasons} (correct the selectors)'
        )


def _values(posts: Sequence[Post]) -> dict[str, list[Any]]:
    """Return what the posts have, by the name of the selector that found it."""
    replies = [reply for post in posts for reply in post.replies[:1]]
    return {
        "title": [post.title for post in posts],
        "body": [post.text for post in posts],
        "asked_at": [plain(post)["asked_at"] for post in posts],
        "status": [post.status for post in posts],
        "department": [post.addressed_to for post in posts],
        "place": [post.place for post in posts],
        "reply": [reply.text for reply in replies],
        "reply_department": [reply.department for reply in replies],
        "reply_date": [plain(reply)["replied_at"] for reply in replies],
    }


def _titles() -> Mapping[str, str]:
    return {
        "item": gettext("列表条目"), "link": gettext("链接"), "id_from_url": gettext("编号"),
        "next_page": gettext("下一页"),
        "title": gettext("标题"), "body": gettext("正文"), "asked_at": gettext("提问时间"),
        "status": gettext("状态"), "department": gettext("受理单位"), "place": gettext("地区"),
        "reply_page": gettext("答复所在页"), "reply": gettext("答复"), "reply_text": gettext("答复内容"),
        "reply_department": gettext("答复单位"), "reply_date": gettext("答复时间"),
        "date": gettext("发布时间"),
    }  # fmt: skip


def _row(name: str, proposal: Proposal, posts: Sequence[Post]) -> dict[str, object]:
    found = [value for value in _values(posts)[name] if value]
    selector = proposal.selectors.get("date" if name == "asked_at" and proposal.spider == "pages" else name)
    return {
        gettext("栏目"): _titles()[name],
        gettext("得到"): f"{len(found)}/{len(posts)}",
        gettext("示例"): str(found[0]).replace("\n", " ")[:SAMPLE_CHARACTERS] if found else None,
        gettext("选择器"): plain(selector),
    }


def _corrected(settings: Settings, proposal: Proposal, written: Any, form: Format) -> Proposal:
    """Return the proposal as the operator wants it: asked for one field after another until content."""
    while True:
        try:
            show_samples(settings, proposal, written(proposal), form)
        except HuiyingError as err:
            note("还读不出来：%(reason)s", reason=err)
        field = typer.prompt(
            gettext("要改哪个栏目（如 body，直接回车为不改）"), default="", show_default=False, err=True
        )
        if not field:
            return proposal
        now = proposal.selectors.get(field, "")
        text = typer.prompt(
            gettext("新的选择器（输入 - 为不要）"), default=now if isinstance(now, str) else "", err=True
        )
        selectors = {key: value for key, value in proposal.selectors.items() if key != field}
        proposal = replace(proposal, selectors=selectors if text == "-" else selectors | {field: text})


def show_source(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="来源名称")],
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        source = parts.catalogue.get(name)
    if form is Format.TABLE:
        write(explanation(source))
    else:
        print_record(source.model_dump(mode="json"), form)


def explanation(source: Source) -> str:
    """Return the entry in plain words, a line per idea."""
    from console.words import word_for

    kinds = {
        "board": gettext("留言板"),
        "feed": gettext("订阅"),
        "pages": gettext("文章"),
        "open311": gettext("Open311 接口"),
    }
    lines = [
        gettext("%(title)s（%(name)s）：%(kind)s，渠道 %(channel)s")
        % {"title": source.title, "name": source.name, "kind": kinds[source.spider],
           "channel": gettext(word_for("channel", source.channel))},
        gettext("从 %(urls)s 读起，一次最多 %(pages)s 个列表页、%(items)s 条，两次请求相隔 %(delay)s 秒")
        % {"urls": "、".join(source.start_urls), "pages": source.max_pages, "items": source.max_items,
           "delay": f"{source.delay_s:g}"},
        gettext("按 %(cron)s 抓取；超过 %(days)s 天没有新内容算沉寂")
        % {"cron": source.schedule, "days": source.expected_every_days},
        gettext("列表至少看到 %(back)s 天前；没有答复的隔一阵再看，越来越疏，满 %(age)s 天后不再看")
        % {"back": source.look_back_days, "age": source.give_up_days},
    ]  # fmt: skip
    if not source.enabled:
        lines.append(gettext("现已停用"))
    if source.local:
        lines.append(gettext("允许在本机或内网"))
    selectors = getattr(source, "selectors", None)
    found = selectors.model_dump(exclude_none=True, exclude_unset=True) if selectors else {}
    lines += [f"  {_titles().get(key, key)}：{value}" for key, value in found.items()]
    return "\n".join(lines) + "\n"
