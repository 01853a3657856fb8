"""Planted details in real messages: every one is found, and masking twice changes nothing."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from crawler.masking import find, mask
from tests.crawler.masking_cases import CASES
from tests.shared_data import shared_file

PER_KIND = 1_300  # × 18 kinds: 23,400 planted cases


def _plant(random: Random, message: str, planted: str) -> tuple[str, int]:
    """Return the message with `planted` after one of its sentences, and where it starts."""
    ends = [0, len(message), *(match.end() for match in re.finditer(r"[。！!？?；;\n]", message))]
    at = random.choice(ends)
    # A figure that goes on right behind would make another number of it: what was written is no longer there.
    before = " " if message[at - 1 : at].isalnum() else ""
    after = " " if message[at : at + 1].isalnum() else ""
    return message[:at] + before + planted + after + message[at:], at + len(before)


@pytest.fixture(scope="module")
def messages() -> list[str]:
    lines = shared_file("messages/messages_2017_2020.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


@pytest.mark.shared
@pytest.mark.parametrize("label", CASES)
def test_every_planted_detail_is_found(messages: list[str], label: str) -> None:
    _, make = CASES[label]
    random = Random(label)
    missed = []
    for _ in range(PER_KIND):
        frame, detail = make(random)
        text, at = _plant(random, random.choice(messages), frame.format(detail))
        start = at + frame.index("{}")
        covered = {i for finding in find(text) for i in range(finding.start, finding.end)}
        if any(text[i].isalnum() and i not in covered for i in range(start, start + len(detail))):
            missed.append(text[max(0, start - 10) : start + len(detail) + 10])
    assert not missed


@pytest.mark.shared
def test_masking_real_messages_twice_is_masking_them_once(messages: list[str]) -> None:
    for message in messages[::10]:
        assert mask(mask(message)) == mask(message)
