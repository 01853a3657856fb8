"""Words that a period's reports say more often than those before it, each with the query that counts it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from briefing.content import RisingWord
from nlp.bursts import rising, words_of
from records.post import Post
from records.times import Period
from storage.database import Database
from storage.search import SearchIndex

LISTED = 10
PAGE = 1_000  # posts whose copies are looked up at once


def rising_words(
    database: Database, index: SearchIndex, period: Period, before: Period, *, reports: str
) -> tuple[RisingWord, ...]:
    """Return the words of `period` that rise against `before`, the strongest first; no names of persons.

    Found in the independent reports of both periods, all of which are read; then counted, copies and all, by
    a query that narrows `reports`.
    """
    found = rising(
        map(words_of, independent_reports(database, period)),
        map(words_of, independent_reports(database, before)),
    )
    days = (before.end - before.start) / timedelta(days=1)
    day = period.start.date().isoformat()
    counted = []
    for word in [one.word for one in found[:LISTED]]:
        said = f'{reports} AND (title:"{word}" OR text:"{word}")'
        query = f"{said} AND asked:{day}"
        usual = index.count(said, period=before) / days
        counted.append(RisingWord(word=word, value=index.count(query), usual=round(usual, 2), query=query))
    return tuple(counted)


def independent_reports(database: Database, period: Period) -> Iterator[Post]:
    """Yield the reports asked in the period, by time, without copies of earlier ones."""
    posts = database.posts.stream(period=period)
    while batch := list(islice(posts, PAGE)):
        copies = database.problems.copies_among(post.id for post in batch)
        yield from (post for post in batch if post.channel.carries_reports and post.id not in copies)
