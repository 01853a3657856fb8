"""Copies are found by the MinHashes that Rensa gives, made a batch at once."""

from __future__ import annotations

import pytest
from rensa import RMinHash

from nlp.shingles import PERMUTATIONS, SHINGLE, minhashes

TEXTS = [
    "小区停水三天，物业没有人管。" * 3,
    "",
    "水",
    "停水三天了",  # as long as one shingle
    "water cut in A3区 since 2026-11-22, 3 days",
    "停水😀三天𠀀了吗𠀁这里𠀂有",  # past the basic plane: shingles of more than 16 bytes
    "_ _ 12345 _ ١٢٣",
    "电梯坏了" * 200,
]


def of_rensa(text: str) -> list[int]:
    dense = "".join(filter(str.isalnum, text))
    whole = RMinHash(num_perm=PERMUTATIONS, seed=1)
    whole.update([dense[at : at + SHINGLE] for at in range(max(1, len(dense) - SHINGLE + 1))])
    digest: list[int] = whole.digest()
    return digest


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[1:3], TEXTS[4:5], TEXTS[::-1]])
def test_a_batch_has_the_minhashes_of_its_texts(texts: list[str]) -> None:
    found = minhashes(texts)
    assert found.shape == (len(texts), PERMUTATIONS)
    assert found.tolist() == [of_rensa(text) for text in texts]
