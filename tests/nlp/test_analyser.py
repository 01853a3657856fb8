"""Any text gets an analysis; batches change nothing; time is linear in length."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from nlp.analyser import Analyser
from nlp.matter import MatterModel
from nlp.reading import Reading
from tests.nlp.messages import message

AWKWARD = [
    "",
    "水",
    " \n\t\u3000",
    "😀😀😀👨‍👩‍👧",
    "\ud83d half a surrogate \udc00",
    "<script>alert('停水')</script><p>水&nbsp;没来",
    "ئۇيغۇرچە سۇ يوق",
    "The water has not come back for three days.",
    "臺灣路的路燈壞了,請盡快處理",
    "\u202e停水\u200b三天\ufeff\x00",
    "A3区!!!???。。。",
    "1" * 5000,
    "((((" * 2000,
    "没" * 3000,
]


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.mark.parametrize("text", AWKWARD)
def test_any_text_gets_an_analysis(analyser: Analyser, text: str) -> None:
    found = analyser.analyse([message(text, title=text[:50], reply=text)])[0]
    assert found.post_id == "test/1"
    assert 0 <= found.topic_score <= 1
    assert 0 <= found.intent_score <= 1
    assert 0 <= found.dissatisfaction <= 1
    assert found.urgency in range(4)
    assert found.reply_quality is not None
    assert 0 <= found.reply_quality.relevance <= 1


def test_a_text_that_says_nothing_has_no_topic(analyser: Analyser) -> None:
    assert [a.topic for a in analyser.analyse([message(""), message("😀😀", number=2)])] == [None, None]


def test_another_format_or_matter_model_has_what_is_stored_analysed_again(
    analyser: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlp.analyser.PRINT_VERSION", 99)
    assert Analyser.load().model_version != analyser.model_version
    monkeypatch.undo()
    assert Analyser.load().model_version == analyser.model_version
    other = replace(MatterModel.load(), version="matter-other")
    monkeypatch.setattr("nlp.analyser.MatterModel.load", lambda _: other)
    assert Analyser.load().model_version != analyser.model_version


def test_no_posts_give_no_analyses(analyser: Analyser) -> None:
    assert analyser.analyse([]) == []


def test_batches_change_nothing(analyser: Analyser) -> None:
    posts = [message(f"{text}第{number}次", number=number) for number, text in enumerate(AWKWARD * 50)]
    together = analyser.analyse(posts)
    assert [analysis.post_id for analysis in together] == [post.id for post in posts]
    alone = [analyser.analyse([post])[0] for post in posts[: len(AWKWARD)]]
    assert alone == together[: len(AWKWARD)]


def test_time_is_linear_in_length(analyser: Analyser) -> None:
    sentence = "小区停水三天,多次反映没人管,孩子睡不着。"
    for text in (sentence * 10_000, "多" * 200_000, "没" * 1_000_000, "1" * 200_000):
        start = time.process_time()
        analyser.analyse([message(text)])
        assert time.process_time() - start < 20  # half a second here; a quadratic way would take minutes


def test_keywords_are_telling_words_and_no_places_or_persons(analyser: Analyser) -> None:
    found = analyser.analyse([message("湖光小区自来水浑浊,李建国说自来水公司管网老化,希望更换管网")])[0]
    assert "自来水" in found.keywords
    assert not {"小区", "希望", "李建国", "建国"} & set(found.keywords)
    assert len(found.keywords) <= 6


def test_terms_of_the_title_count_twice() -> None:
    pieces, text = Reading.of(message("小区停水,何时来水", title="停水三天")).counted()
    assert (pieces.count("停水"), text.count("停水")) == (3, 3)
    assert (pieces.count("小区"), text.count("小区")) == (1, 1)
    assert Reading.of(message("小区停水")).counted()[0].count("停水") == 1


def test_what_stands_for_the_masked_is_no_keyword(analyser: Analyser) -> None:
    texts = ("身份证上登记的姓名有误", "〔身份证〕〔姓名〕反映自来水浑浊")
    plain, masked = (set(found.keywords) for found in analyser.analyse([message(text) for text in texts]))
    assert {"姓名", "身份证"} <= plain
    assert "自来水" in masked
    assert not {"姓名", "身份证"} & masked


@pytest.mark.parametrize(
    ("reply", "codes"),
    [
        ("您好!我局已责令物业三日内整改,联系电话0000-1234567。", {"decides", "names_contact"}),
        ("该路段预计2026年6月底前完工通车。", {"decides", "names_date"}),
        ("您反映的问题已转交县城管局处理。", {"hands_over"}),
        ("经研究,您的申请不符合我市购房补贴条件。", {"refuses"}),
        ("网友:您好!您的留言已收悉,感谢您的关心和支持!", {"form_letter"}),
    ],
)
def test_a_reply_is_known_by_what_it_does(analyser: Analyser, reply: str, codes: set[str]) -> None:
    quality = analyser.analyse([message("物业乱停车,这条路什么时候修", reply=reply)])[0].reply_quality
    assert quality is not None
    assert codes <= {str(finding.code) for finding in quality.findings}
    assert ("form_letter" in codes) == ("form_letter" in {str(f.code) for f in quality.findings})
    assert all(finding.words for finding in quality.findings)


def test_a_reply_to_the_question_is_nearer_than_another(analyser: Analyser) -> None:
    question = "五一路的路灯坏了两个月,晚上走路看不清"
    near, far = analyser.analyse(
        [
            message(question, reply="经查,五一路路灯因线路老化损坏,现已更换。"),
            message(question, reply="幼儿园招生方案将于四月公布。", number=2),
        ]
    )
    assert near.reply_quality is not None
    assert far.reply_quality is not None
    assert near.reply_quality.relevance > far.reply_quality.relevance


def test_a_post_without_reply_has_no_reply_quality(analyser: Analyser) -> None:
    assert analyser.analyse([message("停水")])[0].reply_quality is None
