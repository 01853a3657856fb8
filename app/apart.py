"""What other processes do of the pipeline's work, each a function that they find by its name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from app.settings import Settings
from app.wiring import open_parts
from nlp.live_analyser import LiveAnalyser
from nlp.segment import words
from nlp.user_words import use_words
from records.analysis import Analysis
from records.post import Post
from storage.indexer import drain_posts


def analyse_apart(settings: Settings, posts: Sequence[Post]) -> list[Analysis]:
    """Return one Analysis for each post, in order; the models are read once in a process."""
    return _analyser(settings.models_dir, settings.words_file).analyse(posts)


def index_apart(settings: Settings, post_ids: Sequence[str]) -> int:
    """Bring the search index up to the truth as to these posts; return how many documents were put in."""
    with open_parts(settings) as parts:
        return drain_posts(parts.database, parts.index, post_ids, segment=words)


@cache
def _analyser(models: Path, words_file: Path) -> LiveAnalyser:
    use_words(words_file)
    return LiveAnalyser(models)
