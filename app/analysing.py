"""Analysis in other processes. They import what is imported here and no more: each has it in memory anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from nlp.live_analyser import LiveAnalyser
from nlp.user_words import use_words
from records.analysis import Analysis
from records.post import Post


def analyse_apart(models: Path, words_file: Path, posts: Sequence[Post]) -> list[Analysis]:
    """Return one Analysis for each post, in order; models and words are read once in a process."""
    return _analyser(models, words_file).analyse(posts)


@cache
def _analyser(models: Path, words_file: Path) -> LiveAnalyser:
    use_words(words_file)
    return LiveAnalyser(models)
