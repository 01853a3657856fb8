from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from alerts.messages import Entry, Template, compose
from records.alert import Alert, Notice, NoticeKind
from tests.alerts.samples import HOUR, NOW, alert

LIMIT = 2000


def say(
    alerts: list[Alert], *, limit: int = LIMIT, heading: str = "【停水】", **said: str
) -> tuple[str, str]:
    entries = [Entry(alert=one) for one in alerts]
    return compose(heading, entries, limit=limit, template=Template(), **said)


def test_the_message_ends_with_the_office_and_the_link() -> None:
    title, body = say([alert(1)], owner="A市12345热线办", link="http://127.0.0.1:8000/alerts/a1")
    assert title == "【停水】"
    assert body.splitlines() == [
        alert(1).explanation, "责任单位：A市12345热线办", "查看：http://127.0.0.1:8000/alerts/a1",
    ]  # fmt: skip
    assert say([alert(1)])[1] == alert(1).explanation


@pytest.mark.parametrize("limit", [2000, 9000])
def test_a_long_message_is_summed_up_never_cut(limit: int) -> None:
    many = [alert(number) for number in range(1, 161)]
    title, body = say(many, limit=limit, link="http://127.0.0.1:8000/alerts")
    lines = body.splitlines()
    assert len(f"{title}\n{body}".encode()) <= limit
    assert lines[-2:] == ["……等160条，其余见控制台。", "查看：http://127.0.0.1:8000/alerts"]
    assert 5 < len(lines) - 2 < 160
    assert all(line.endswith("。") for line in lines[:-1])


def test_one_sentence_longer_than_any_message_is_counted_instead() -> None:
    endless = [replace(alert(1), explanation="长" * 2000), alert(2)]
    assert say(endless)[1] == "共2条，详见控制台。"


def test_what_grew_says_what_it_was_when_it_was_told() -> None:
    before = Notice(
        channel="群", alert_id="a1", kind=NoticeKind.TOLD, raised_at=NOW, value=5, told_at=NOW - 3 * HOUR,
        group="", delivery_key="d1",
    )  # fmt: skip
    _, body = compose("【停水】", [Entry(alert=alert(1), before=before)], limit=LIMIT, template=Template())
    assert body.endswith("（更新：03-18 06:30告知时为5）")


def test_a_channel_has_its_own_words() -> None:
    template = Template(
        title="预警 {count} 条", line="{severity} 级 {place} {value} 件", foot="值班台\n{link}"
    )
    title, body = compose("【停水】", [Entry(alert=alert(1))], limit=LIMIT, template=template)
    assert (title, body) == ("预警 1 条", "3 级 A1区 5 件\n值班台")


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"line": "{explantion}"}, '"{explantion}" is no name that a template knows (did you mean'),
        ({"title": "{explanation}"}, '"{explanation}" is no name that a template knows (known: heading'),
        ({"line": "{value:.2f}"}, '"{value}" takes nothing after its name (write {value})'),
        ({"line": "{value.real}"}, '"{value.real}" is no name'),
        ({"line": "{value"}, "expected '}' before end of string"),
    ],
)
def test_a_template_with_an_unknown_name_is_refused(stated: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Template.model_validate(stated)
    assert said in str(caught.value)
