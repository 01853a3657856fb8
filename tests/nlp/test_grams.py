"""Counting n-grams by number gives what counting them one by one gives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nlp.cues import CueTable
from nlp.figures import topic_figures
from nlp.grams import SIZE, CharGrams, KeyTable, WordTerms
from nlp.linear import unit_tfidf
from nlp.topics import TopicGuess
from records.errors import ConfigurationError

TEXTS = ["停水停水了", "", "Ａ3区,a3区!", "\ud800停\U00020bb7水", "a3区停水"]
ALPHABET = "3a停水区了"


def test_grams_equal_a_count_one_by_one() -> None:
    number = {char: at for at, char in enumerate(ALPHABET, start=1)}
    keys = sorted(a * SIZE + b for a in number.values() for b in number.values())
    keys += sorted(key * SIZE + c for key in keys for c in number.values())
    grams = CharGrams.of(ALPHABET, np.array(keys, dtype=np.int64))
    found = grams.counts(TEXTS).toarray()
    for row, text in enumerate(TEXTS):
        plain = text.replace("Ａ", "a")
        expected: Counter[int] = Counter()
        for n in (2, 3):
            for at in range(len(plain) - n + 1):
                if all(char in number for char in plain[at : at + n]):
                    key = 0
                    for char in plain[at : at + n]:
                        key = key * SIZE + number[char]
                    expected[key] += 1
        assert {keys[column]: found[row, column] for column in np.flatnonzero(found[row])} == expected


def test_the_table_finds_its_keys_and_no_others() -> None:
    keys = np.unique(np.random.default_rng(0).integers(1, 1 << 36, 20_000))
    table = KeyTable.of(keys)
    assert (table.find(keys) == np.arange(len(keys))).all()
    assert (table.find(np.setdiff1d(keys + 1, keys)) == -1).all()
    assert (KeyTable.of(keys[:0]).find(keys[:5]) == -1).all()


def test_a_table_grows_until_all_its_keys_have_a_home() -> None:
    mixed = np.arange(1, 100_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    alike = np.flatnonzero(mixed >> np.uint64(56) == 77)[:5] + 1  # both homes of 16, by the highest bits
    table = KeyTable.of(alike)
    assert len(table.held) > 16
    assert table.find(np.append(alike, 0)).tolist() == [0, 1, 2, 3, 4, -1]


def test_tfidf_rows_have_unit_length_and_empty_ones_stay_empty() -> None:
    counts = WordTerms({"水": 0, "路": 1}).counts([["水", "水", "路"], ["灯"], []])
    weighed = unit_tfidf(counts, np.array([2.0, 1.0], dtype=np.float32)).toarray()
    raw = np.array([(1 + np.log(2)) * 2, 1.0])
    assert weighed[0] == pytest.approx(raw / np.linalg.norm(raw), rel=1e-6)
    assert not weighed[1:].any()


def test_figures_equal_scikit_learns() -> None:
    from sklearn.metrics import f1_score

    draw = np.random.default_rng(1)
    labels = draw.choice(["a", "b", "c"], 200).tolist()
    guessed = [label if draw.random() < 0.8 else "a" for label in labels]
    scores = draw.random(200)
    guesses = [
        TopicGuess(topic=guess if score > 0.1 else None, guess=guess, score=float(score), runner_up=None)
        for guess, score in zip(guessed, scores, strict=True)
    ]
    found = topic_figures(guesses, labels)
    assert found["macro_f1"] == pytest.approx(f1_score(labels, guessed, average="macro"), abs=1e-4)
    surest = np.argsort(-scores)[:180]
    part = f1_score([labels[i] for i in surest], [guessed[i] for i in surest], average="macro")
    assert found["macro_f1_at_90_coverage"] == pytest.approx(part, abs=1e-4)
    assert found["coverage"] == pytest.approx((scores > 0.1).mean(), abs=1e-4)
    assert topic_figures([], [])["macro_f1"] == 0.0


def test_certain_and_right_is_calibrated_certain_and_wrong_is_not() -> None:
    sure = TopicGuess(topic="a", guess="a", score=1.0, runner_up=None)
    assert topic_figures([sure] * 4, ["a"] * 4)["ece"] == 0.0
    assert topic_figures([sure] * 4, ["b"] * 4)["ece"] == 1.0


def test_a_cue_must_begin_with_a_plain_character(tmp_path: Path) -> None:
    table = tmp_path / "cues.toml"
    table.write_text('[a]\nwords = ["[停断]水"]', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="begin with a plain character"):
        CueTable.load(table)
