"""The second level of the taxonomy as a suggestion: a class below the topic, or unknown."""

from __future__ import annotations

import csv
import json

import pytest
from daachorse import CharwiseDoubleArrayAhoCorasick

from nlp.analyser import Analyser
from nlp.reading import Reading
from nlp.segment import normalise
from nlp.subtopics import SubtopicReader, word_weights
from nlp.topics import TopicGuess
from nlp.vocabulary import FEWEST_MESSAGES
from tests.nlp.messages import message
from tests.shared_data import shared_file

# The taxonomy parts it by who owns the land, which a message seldom tells.
MERGED = {"房屋拆迁与补偿": ("国有土地上房屋征收与补偿", "集体土地上房屋拆迁与补偿")}


@pytest.fixture(scope="module")
def reader() -> SubtopicReader:
    return SubtopicReader.load()


def _read(
    reader: SubtopicReader, topic: str | None, title: str, text: str = "", score: float = 0.95
) -> str | None:
    guess = TopicGuess(topic=topic, guess=topic or "城乡建设", score=score, runner_up=None)
    return reader.read(Reading.of(message(text, title=title)), guess)


@pytest.mark.parametrize(
    ("topic", "title", "text", "wanted"),
    [
        ("城乡建设", "柳泉路公交站没有站牌", "等公交车的人不知道停哪。", "城市建设和市政管理"),
        ("城乡建设", "望湖小区物业公司乱来", "业委会换届，物业费却涨了。", "住房保障与房地产"),
        ("城乡建设", "旧城拆迁的补偿款没有到位", "拆迁户等了两年。", "房屋拆迁与补偿"),
        ("商贸旅游", "银河大厦电梯没有年检", "电梯常常关人。", "质监检验检疫"),
        ("交通运输", "快递不送上门", "快递员要我们自己取件。", "邮政管理"),
        ("卫生计生", "二孩准生证怎么办", "计生办说要等。", "人口计生"),
        ("教育文体", "二中暑假强制补课", "初二都要补课。", "教育行政管理"),
        ("劳动和社会保障", "新农合报销比例", "农村合作医疗报多少？", "城镇居民社会保险"),
        ("环境保护", "砖厂烟尘", "每晚排放黑烟，臭味刺鼻。", "环境污染"),
    ],
)
def test_the_class_that_the_words_speak_for_is_suggested(
    reader: SubtopicReader, topic: str, title: str, text: str, wanted: str
) -> None:
    assert _read(reader, topic, title, text) == wanted


def test_without_a_topic_or_telling_words_it_is_unknown(reader: SubtopicReader) -> None:
    told = ("小区物业公司乱来", "业委会换届，物业费却涨了。")
    assert _read(reader, "城乡建设", *told) is not None
    assert _read(reader, None, *told) is None
    assert _read(reader, "星际航行", *told) is None, "a topic of the installation's own model"
    assert _read(reader, "城乡建设", "请领导看一看", "谢谢。") is None
    assert _read(reader, "城乡建设", *told, score=0.5) is None, "a topic that is hardly sure"


def test_words_that_contradict_each_other_or_the_topic_leave_it_unknown(reader: SubtopicReader) -> None:
    assert _read(reader, "城乡建设", "小区拆迁", "物业") == "房屋拆迁与补偿"
    assert _read(reader, "城乡建设", "物业拆迁") is None
    assert _read(reader, "城乡建设", "物业公司", "学校补课收学费，学籍不办，培训班招生") is None


def test_a_word_in_the_title_counts_more_and_late_ones_not_at_all(reader: SubtopicReader) -> None:
    assert _read(reader, "城乡建设", "拆迁", "自来水") == "房屋拆迁与补偿"
    assert _read(reader, "城乡建设", "自来水", "拆迁") == "城市建设和市政管理"
    assert _read(reader, "城乡建设", "拆迁", "。" * 600 + "自来水停水路灯公厕") == "房屋拆迁与补偿"


def test_every_message_has_a_class_below_its_topic_or_none(reader: SubtopicReader) -> None:
    below = {(each.topic, each.name) for each in reader.classes}
    texts = [
        "",
        "水",
        "小区停水三天，物业不管",
        "😀" * 50,
        "电梯" * 40_000,
        "\ud800拆迁",
        "请问二孩准生证怎么办",
    ]
    analyses = Analyser.load().analyse([message(text, number=at) for at, text in enumerate(texts)])
    assert analyses[-1].subtopic == "人口计生"
    assert all(a.subtopic is None or (a.topic, a.subtopic) in below for a in analyses)


@pytest.mark.shared
def test_every_class_is_the_taxonomys_and_every_word_is_used_by_enough_messages(
    reader: SubtopicReader,
) -> None:
    with shared_file("messages/taxonomy.csv").open(encoding="utf-8-sig") as file:
        known = {(row["一级分类"], row["二级分类"]) for row in csv.DictReader(file)}
    for topic, name in reader.classes:
        assert {(topic, each) for each in MERGED.get(name, (name,))} <= known
    words = sorted({word for weights in word_weights().values() for word in weights})
    finder = CharwiseDoubleArrayAhoCorasick(words)
    counts = dict.fromkeys(words, 0)
    for corpus in ("messages_2017_2020", "topics_train", "topics_dev", "replies_open"):
        for line in shared_file(f"messages/{corpus}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = normalise(f"{row.get('title') or ''}\n{row['text']}")
            for at in {word for *_, word in finder.find_overlapping(text)}:
                counts[words[at]] += 1
    assert [word for word, n in counts.items() if n < FEWEST_MESSAGES] == []
