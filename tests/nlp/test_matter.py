"""The matter model learns from messages, and comes back from the disk as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlp.matter import DIMENSIONS, fit_matter

TEXTS = [f"{name}路灯坏了，晚上很黑" for name in "甲乙丙丁戊己"] + ["楼下烧烤摊油烟很大，吵得睡不着"] * 20


def test_the_same_messages_give_the_same_model(tmp_path: Path) -> None:
    one, other = (fit_matter(TEXTS, tmp_path / name) for name in ("one", "other"))
    assert one.version == other.version
    assert np.array_equal(one.vectors, other.vectors)


def test_only_what_enough_messages_share_is_kept(tmp_path: Path) -> None:
    model = fit_matter(TEXTS, tmp_path)
    assert "路灯" in model.names
    assert "烧烤" not in model.names  # in most of the messages: it tells none from another
    assert not set("甲乙丙丁戊己") & set(model.names)
    assert model.vectors.shape == (len(model.names), DIMENSIONS)
    assert model.names[model.index["路灯"]] == "路灯"
