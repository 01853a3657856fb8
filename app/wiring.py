"""Builds the parts and hands them what they need; slow ones when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial

from alerts.deadlines import DEFAULT_DEADLINES, DueDates, load_deadlines
from alerts.rule_book import RuleBook
from alerts.rules import DEADLINES_FILE
from app.installation import ensure_installation
from app.pipeline import Pipeline
from app.settings import Settings
from crawler.catalogue import Catalogue, load_catalogue
from nlp.segment import words
from nlp.user_words import use_words
from records.times import utc_now
from storage.database import Database
from storage.indexer import drain_posts
from storage.search import SearchIndex
from storage.search_engines import open_index


@dataclass(frozen=True)
class Parts:
    """What a command works with: the open truth and its index, and the rest on demand."""

    settings: Settings
    database: Database
    index: SearchIndex

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.settings.catalogue_file)

    @cached_property
    def due_dates(self) -> DueDates:
        """Read the deadlines of this installation."""
        own = self.settings.rules_dir / DEADLINES_FILE
        return DueDates(
            load_deadlines(own if own.exists() else DEFAULT_DEADLINES),
            self.settings.deadline_preset,
            workdays_by_source={s.name: s.deadline_days for s in self.catalogue.sources if s.deadline_days},
            zone=self.settings.zone,
        )

    @cached_property
    def rule_book(self) -> RuleBook:
        return rule_book_of(self.settings, self.database)

    @cached_property
    def pipeline(self) -> Pipeline:
        from app.analysing import analyse_apart  # its imports take a while
        from nlp.live_analyser import LiveAnalyser

        return Pipeline(
            database=self.database,
            index=self.index,
            analyser=LiveAnalyser(self.settings.models_dir),
            due_at=self.due_dates,
            analyse_apart=partial(analyse_apart, self.settings.models_dir, self.settings.words_file),
            index_apart=partial(index_apart, self.settings),
        )


def rule_book_of(settings: Settings, database: Database) -> RuleBook:
    """Return the rules of the installation, with their versions."""
    every = timedelta(seconds=settings.rules_every_s)
    return RuleBook(folder=settings.rules_dir, database=database, every=every)


@contextmanager
def open_parts(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> Iterator[Parts]:
    """Set the installation up if need be, open it, and close it at the end.

    `clock` says what relative dates in queries count back from.
    """
    ensure_installation(settings)
    use_words(settings.words_file)
    with Database.open(settings.truth_url) as database:
        index = open_index(
            settings.index_url or settings.index_dir,
            segment=words,
            zone=settings.zone,
            clock=clock,
            api_key=settings.index_api_key or None,
            ca_file=settings.index_ca_file,
            shards=settings.index_shards,
        )
        try:
            yield Parts(settings=settings, database=database, index=index)
        finally:
            index.close()


def index_apart(settings: Settings, post_ids: Sequence[str]) -> int:
    """Bring the search index up to the truth as to these posts; return how many documents were put in."""
    with open_parts(settings) as parts:
        return drain_posts(parts.database, parts.index, post_ids, segment=words)
