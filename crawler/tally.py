"""The count of one crawl: every item begins once and ends once."""

from __future__ import annotations

from collections import Counter

from records.errors import Rejected
from records.post import Post
from records.run import RunCounts, SaveOutcome

_FIELDS = ("title", "addressed_to", "place", "status", "replies")


class Quarantined(Rejected):
    """The page looks like one of ours but is wrong enough that a person should look at the source."""


def refusal_of(err: Rejected) -> str:
    """Return how an item ended, to be remembered of its page."""
    return f"{'quarantined' if isinstance(err, Quarantined) else 'rejected'} {err.code}"


def remembered(refusal: str) -> Rejected:
    """Return the end of an item that its page had before."""
    kind, _, code = refusal.partition(" ")
    return (Quarantined if kind == "quarantined" else Rejected)(code, "as before")


class Tally:
    """How the items of one crawl ended. An item is a message, an entry or an article, known by its key."""

    def __init__(self) -> None:
        self.error: str | None = None
        self._failure = ""
        self._retry_after_s = 0
        self._open: set[str] = set()
        self._begun: set[str] = set()
        self._saved: Counter[SaveOutcome] = Counter()
        self._rejected: Counter[str] = Counter()
        self._quarantined: Counter[str] = Counter()
        self._gaps: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._titles: Counter[int] = Counter()
        self._texts: Counter[int] = Counter()

    def begin(self, key: str) -> bool:
        """Return True, and wait for the item's end, unless the item has begun before."""
        if key in self._begun:
            return False
        self._begun.add(key)
        self._open.add(key)
        return True

    @property
    def begun(self) -> int:
        """Return how many items have begun."""
        return len(self._begun)

    def is_open(self, key: str) -> bool:
        """Return whether the item has begun and not ended."""
        return key in self._open

    def save(self, key: str, outcome: SaveOutcome) -> None:
        self._end(key)
        self._saved[outcome] += 1

    def reject(self, key: str, err: Rejected) -> None:
        """End the item as its error says: quarantined or rejected, by its code."""
        self._end(key)
        (self._quarantined if isinstance(err, Quarantined) else self._rejected)[err.code] += 1

    def reject_all_open(self, code: str) -> None:
        """End what is still open: the crawl stopped before its turn."""
        self._rejected[code] += len(self._open)
        self._open.clear()

    def note_fields(self, post: Post, *, was_answered: bool) -> None:
        """Count which fields the post has; a site that changes loses some while its pages still load.

        `was_answered`: we have a reply to it. A new post has none yet, and says nothing of the selector.
        """
        self._found["posts"] += 1
        self._found["answered"] += was_answered
        self._found["reply_lost"] += was_answered and not post.replies
        self._found.update(name for name in _FIELDS if getattr(post, name))
        self._titles[hash(post.title)] += 1
        self._texts[hash(post.text)] += 1

    def note_gap(self, code: str, missing: int) -> None:
        """Count what the site shows and we have not."""
        self._gaps[code] += missing

    def note_wait(self, seconds: int) -> None:
        """Note how long the site asked to be left alone."""
        self._retry_after_s = max(self._retry_after_s, seconds)

    def fail(self, code: str, error: str) -> None:
        """Note why the crawl as a whole went wrong; the first reason stays."""
        if self.error is None:
            self._failure, self.error = code, error

    def counts(self) -> RunCounts:
        """Return the counts, without those of the requests; `fetched` is the sum of all outcomes."""
        outcomes = (self._saved, self._rejected, self._quarantined)
        return RunCounts(
            fetched=sum(counter.total() for counter in outcomes),
            stored=self._saved[SaveOutcome.STORED],
            updated=self._saved[SaveOutcome.UPDATED],
            unchanged=self._saved[SaveOutcome.UNCHANGED],
            rejected=dict(+self._rejected),
            quarantined=dict(+self._quarantined),
            failure=self._failure,
            retry_after_s=self._retry_after_s,
            gaps=dict(+self._gaps),
            found=self._found_fields(),
        )

    def _found_fields(self) -> dict[str, int]:
        if not self._titles:
            return {}
        same = {"same_title": max(self._titles.values()), "same_text": max(self._texts.values())}
        return {**+self._found, **same}

    def _end(self, key: str) -> None:
        # A KeyError here is a defect of ours: an item that ended twice, or never began.
        self._open.remove(key)
