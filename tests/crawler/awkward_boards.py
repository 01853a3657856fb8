"""Ten invented boards, each awkward in its own way, with the same five letters on them."""

# Markup is easier to read on one line.
# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.crawler.site import Page, html


@dataclass(frozen=True)
class Letter:
    """One letter; without `reply` it is not answered yet."""

    number: int
    title: str
    body: str
    day: str
    status: str
    office: str
    reply: str = ""
    replied: str = ""

    @property
    def when(self) -> str:
        return f"{self.day} 09:30"


LETTERS = (
    Letter(301, "柳巷路灯不亮已有一周", "柳巷北段的路灯从上周起不亮，晚上行走很不方便，请安排检修。",
           "2026-11-12", "待回复", "市城市管理局"),
    Letter(302, "石桥小区垃圾清运不及时", "石桥小区东门的垃圾桶三天没有清运，气味很大，影响居民出行。",
           "2026-11-09", "已回复", "市环境卫生中心", "您反映的问题已安排清运，今后每日两次。", "2026-11-11"),
    Letter(303, "公交三路末班车时间太早", "公交三路末班车晚上七点就停了，下班的人坐不上车，建议延长。",
           "2026-11-06", "已回复", "市交通运输局", "经与公交公司商议，末班车延长至二十一点，欢迎继续监督。", "2026-11-10"),
    Letter(304, "咨询灵活就业人员医保如何缴费", "请问灵活就业人员今年医保怎么缴费，需要带哪些材料，到哪里办理？",
           "2026-11-03", "已回复", "市医疗保障局", "请持有效证件到政务大厅三号窗口办理，也可在网上办理。", "2026-11-05"),
    Letter(305, "河滨步道护栏松动", "河滨步道中段的护栏有几处松动，孩子经常在那里玩，存在危险。",
           "2026-11-01", "已回复", "市园林绿化中心", "护栏已全部加固，感谢您的来信。", "2026-11-02"),
)  # fmt: skip

Build = Callable[[Letter], str]
Board = dict[str, Page]


def _page(body: str, *, head: str = "", encoding: str = "utf-8") -> Page:
    markup = (
        f'<html><head><meta charset="{encoding}"><title>在线信箱-柳溪市</title>{head}</head><body>'
        '<div id="nav"><ul><li><a href="/">网站首页</a></li><li><a href="/a/">政务公开目录</a></li>'
        '<li><a href="/b/">政务服务大厅</a></li><li><a href="/c/">互动交流平台</a></li></ul></div>'
        f"{body}"
        '<div class="footer"><p>主办：柳溪市人民政府　联系电话：0000-0000000</p></div></body></html>'
    )
    return html(markup, encoding=encoding, content_type="text/html")


def _board(name: str, listing: str, row: Build, detail: Build, *, encoding: str = "utf-8") -> Board:
    rows = "".join(map(row, LETTERS))
    pages = {f"/{name}/list.html": _page(listing.replace("ROWS", rows), encoding=encoding)}
    for letter in LETTERS:
        pages[f"/{name}/{letter.number}.html"] = _page(detail(letter), encoding=encoding)
    return pages


def _answered(letter: Letter, markup: str) -> str:
    return markup if letter.reply else ""


def nested_tables() -> Board:
    """Tables within tables, GBK, no class and no id anywhere."""

    def detail(x: Letter) -> str:
        answer = _answered(
            x,
            f"<tr><td>回复单位</td><td>{x.office}</td><td>回复时间</td><td>{x.replied}</td></tr>"
            f"<tr><td>回复内容</td><td colspan=3>{x.reply}</td></tr>",
        )
        return (
            "<table width=900><tr><td><table border=1>"
            f"<tr><td>标　题</td><td colspan=3>{x.title}</td></tr>"
            f"<tr><td>来信人</td><td>赵某</td><td>来信时间</td><td>{x.when}</td></tr>"
            f"<tr><td>受理单位</td><td>{x.office}</td><td>办理状态</td><td>{x.status}</td></tr>"
            f"<tr><td>来信内容</td><td colspan=3>{x.body}</td></tr>{answer}</table></td></tr></table>"
        )

    return _board(
        "t1", "<table width=900><tr><td><table>ROWS</table></td></tr></table>",
        lambda x: f'<tr><td>·</td><td><a href="{x.number}.html">{x.title}</a></td><td>{x.day}</td></tr>',
        detail, encoding="gbk",
    )  # fmt: skip


def definition_lists() -> Board:
    """<dl> on both pages, and the date of an entry beside it, not in it."""

    def detail(x: Letter) -> str:
        return (
            f"<h2>{x.title}</h2><dl><dt>留言人：</dt><dd>钱某</dd><dt>留言时间：</dt><dd>{x.when}</dd>"
            f"<dt>办理单位：</dt><dd>{x.office}</dd><dt>处理状态：</dt><dd>{x.status}</dd>"
            f"<dt>留言内容：</dt><dd>{x.body}</dd></dl>"
            + _answered(
                x, f"<dl><dt>答复时间：</dt><dd>{x.replied}</dd><dt>答复内容：</dt><dd>{x.reply}</dd></dl>"
            )
        )

    return _board(
        "t2", '<dl class="box">ROWS</dl>',
        lambda x: f'<dt><a href="{x.number}.html">{x.title}</a></dt><dd>{x.day}</dd>', detail,
    )  # fmt: skip


def frames_of_div() -> Board:
    """Every entry in frames of its own, class names that a build tool hashed, labels in spans."""

    def fact(label: str, value: str) -> str:
        return f'<div class="c-8f3a21"><span>{label}：</span><span>{value}</span></div>'

    def detail(x: Letter) -> str:
        return (
            f'<div class="w-12ab34"><div><div><div class="h-99aa01">{x.title}</div></div>'
            + fact("提问人", "孙某") + fact("提问时间", x.when) + fact("受理部门", x.office) + fact("状态", x.status)
            + f'<div class="c-8f3a21"><span>提问内容：</span><div><div>{x.body}</div></div></div>'
            + _answered(x, '<div class="r-77bb02">' + fact("答复部门", x.office) + fact("答复日期", x.replied)
            + f'<div class="c-8f3a21"><span>答复内容：</span><div><div>{x.reply}</div></div></div></div>') + "</div>"
        )  # fmt: skip

    return _board(
        "t3", '<div class="w-12ab34"><div>ROWS</div></div>',
        lambda x: (
            f'<div class="f-31aa77"><div><div><div><a href="{x.number}.html">{x.title}</a></div></div>'
            f"<div><div>{x.day}</div></div></div></div>"
        ),
        detail,
    )  # fmt: skip


def dates_without_year() -> Board:
    """The list says 11-09; the letter's own page has the whole date in its own way of writing."""

    def detail(x: Letter) -> str:
        year, month, day = x.day.split("-")
        return (
            f'<div class="art"><h3>{x.title}</h3><p class="info">发布时间：{year}年{int(month)}月{int(day)}日</p>'
            f'<div class="zw"><p>{x.body}</p></div>'
            f'<p class="zt">办理状态：<em>{x.status}</em></p><p class="dw">承办单位：<em>{x.office}</em></p>'
            + _answered(x, f'<div class="hf"><p>答复：</p><div class="hfnr">{x.reply}</div></div>')
            + "</div>"
        )

    return _board(
        "t4", '<ul class="xx">ROWS</ul>',
        lambda x: f'<li><span>{x.day[5:]}</span><a href="{x.number}.html" title="{x.title}">{x.title[:6]}…</a></li>',
        detail,
    )  # fmt: skip


def reply_looks_like_the_question() -> Board:
    """Question and reply on one page in boxes of the same class, told apart by their headings alone."""

    def detail(x: Letter) -> str:
        return (
            f'<h1>{x.title}</h1><div class="box"><h4>来信内容</h4><div class="con">{x.body}</div>'
            f'<p class="meta"><b>来信日期：</b>{x.when} <b>受理单位：</b>{x.office} <b>状态：</b>{x.status}</p></div>'
            + _answered(
                x,
                f'<div class="box"><h4>答复内容</h4><div class="con">{x.reply}</div>'
                f'<p class="meta"><b>答复日期：</b>{x.replied}</p></div>',
            )
        )

    return _board(
        "t5", '<div class="list">ROWS</div>',
        lambda x: f'<p><a href="{x.number}.html">{x.title}</a>（{x.day}）</p>', detail,
    )  # fmt: skip


def reply_inside_a_link() -> Board:
    """The reply stands inside an anchor that the list links to, as old editors made them."""

    def detail(x: Letter) -> str:
        return (
            f'<div id="title">{x.title}</div><div id="facts"><span>写信时间：{x.when}</span>'
            f"<span>收信单位：{x.office}</span><span>信件状态：{x.status}</span></div>"
            f'<div id="text">{x.body}</div>'
            + _answered(
                x, f'<a name="reply" class="dafu"><span>回复时间：{x.replied}</span><p>{x.reply}</p></a>'
            )
        )

    return _board(
        "t6", '<div class="list">ROWS</div>',
        lambda x: f'<div class="row"><a href="{x.number}.html#reply">{x.title}</a><i>{x.day}</i></div>', detail,
    )  # fmt: skip


def facts_in_one_line() -> Board:
    """All facts in one line of text, the writer's among them."""

    def detail(x: Letter) -> str:
        return (
            f'<h1 class="tt">{x.title}</h1>'
            f'<p class="facts">来信人：李某　来信时间：{x.when}　受理单位：{x.office}　办理状态：{x.status}</p>'
            f'<div class="letter">{x.body}</div>'
            + _answered(
                x,
                f'<div class="answer"><p class="by">答复单位：{x.office}　答复时间：{x.replied}</p>'
                f'<div class="say">{x.reply}</div></div>',
            )
        )

    return _board(
        "t7", '<ul class="news">ROWS</ul>',
        lambda x: f'<li><a href="{x.number}.html">{x.title}</a><span>{x.day}</span></li>', detail,
    )  # fmt: skip


def no_labels() -> Board:
    """No label anywhere: only the look of a date, an office and a status tells them."""

    def detail(x: Letter) -> str:
        return (
            f'<article><h1>{x.title}</h1><p><i class="t">{x.when}</i><i class="d">{x.office}</i>'
            f'<i class="s">{x.status}</i></p><section class="q">{x.body}</section>'
            + _answered(
                x,
                f'<section class="reply-box"><p><i>{x.office}</i><i>{x.replied}</i></p>'
                f"<blockquote>{x.reply}</blockquote></section>",
            )
            + "</article>"
        )

    return _board(
        "t8", "<main>ROWS</main>",
        lambda x: f'<a class="card" href="{x.number}.html"><strong>{x.title}</strong><time>{x.day}</time></a>',
        detail,
    )  # fmt: skip


def reply_on_its_own_page() -> Board:
    """The reply stands behind a link of the letter's page."""

    def detail(x: Letter) -> str:
        return (
            f"<h1>{x.title}</h1><p><b>来信时间：</b><span>{x.when}</span></p><p><b>受理单位：</b><span>{x.office}</span></p>"
            f'<p><b>办理状态：</b><span>{x.status}</span></p><div class="text">{x.body}</div>'
            + _answered(x, f'<p><a href="reply-{x.number}.html">查看答复</a></p>')
        )

    board = _board(
        "t9", '<ul class="l">ROWS</ul>',
        lambda x: f'<li><a href="{x.number}.html">{x.title}</a><span>{x.day}</span></li>', detail,
    )  # fmt: skip
    for letter in LETTERS:
        board[f"/t9/reply-{letter.number}.html"] = _page(f'<div class="reply">{letter.reply}</div>')
    return board


def all_on_the_list() -> Board:
    """Letters and replies stand on the list itself; none has a page of its own."""
    return _board(
        "t10", '<div class="all">ROWS</div>',
        lambda x: (
            f'<div class="one"><h3>{x.title}</h3><p>来信时间：{x.when} 受理单位：{x.office} 状态：{x.status}</p>'
            f"<div>{x.body}</div><p>答复：{x.reply}</p></div>"
        ),
        lambda x: "",
    )  # fmt: skip


BOARDS = (
    nested_tables, definition_lists, frames_of_div, dates_without_year, reply_looks_like_the_question,
    reply_inside_a_link, facts_in_one_line, no_labels, reply_on_its_own_page, all_on_the_list,
)  # fmt: skip
