"""An installation's own words: cut as jieba cuts with them, found as places, no other word changed.

The dictionary is the process's, so the words here are invented ones that no other test knows.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from nlp.places import find_places
from nlp.segment import cut, normalise
from nlp.user_words import use_words
from records.analysis import PlaceKind
from records.errors import ConfigurationError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba imports pkg_resources, which is deprecated
    import jieba

jieba.setLogLevel(60)

WORDS = ("瀚墨云璟", "璟墨办事处", "瀚璟补贴办法", "墨璟湾壹号", "璟A7线")
TEXTS = (
    "瀚墨云璟的瀚璟补贴办法什么时候执行，璟墨办事处不知道",
    "住在墨璟湾壹号里，从瀚墨云璟过来，补贴办法、办事处、壹号、湾里都还在",
    "坐璟A7线，坐璟Ａ７线",
)


@pytest.fixture
def words_file(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(
        f"# own words\n\n{WORDS[0]} place\n{WORDS[1]} department\n{WORDS[2]}\n{WORDS[3]}\tplace\n璟Ａ７线\n",
        encoding="utf-8",
    )
    return path


def test_tokens_equal_jiebas_own_with_the_same_words(words_file: Path) -> None:
    others = [cut(text) for text in ("补贴办法与办事处", "壹号湾里的墨云")]
    assert use_words(words_file) == use_words(words_file) == 5
    for word in WORDS:
        jieba.add_word(word)
    for text in TEXTS:
        assert cut(normalise(text)) == jieba.lcut(normalise(text), HMM=False)
    assert {word for text in TEXTS for word in cut(normalise(text))} >= set(WORDS)
    assert others == [cut(text) for text in ("补贴办法与办事处", "壹号湾里的墨云")]


def test_places_are_found_by_their_names_and_offices_are_none(words_file: Path) -> None:
    use_words(words_file)
    found = {m.name: m.kind for m in find_places("从墨璟湾壹号里到瀚墨云璟，再到璟墨办事处")}
    assert found == {"墨璟湾壹号": PlaceKind.ESTATE, "瀚墨云璟": PlaceKind.SITE}
    assert [m.name for m in find_places("A3区瀚墨云璟幸福里小区停水")] == ["A3区", "瀚墨云璟", "幸福里小区"]


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    assert use_words(tmp_path / "words.txt") == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("瀚墨云璟\n璟 place\n", 'line 2: "璟" is one character'),
        ("瀚墨云璟 地点\n", 'line 1: "地点" is no kind'),
        ("瀚墨云璟 place 3\n", 'line 1: "place 3" is no kind'),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        use_words(path)


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("瀚墨云璟".encode("gbk"))
    with pytest.raises(ConfigurationError, match="in UTF-8"):
        use_words(path)
