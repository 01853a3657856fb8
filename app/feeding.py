"""The index fed by another process, while this one goes on with what comes before it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

from app.spreading import working_beside

log = logging.getLogger(__name__)

IndexPosts = Callable[[Sequence[str]], int]  # post ids → how many documents were put in


@contextmanager
def feeding(
    index_posts: IndexPosts, *, commit_posts: int, indexed: Callable[[int], None]
) -> Iterator[Callable[[Iterable[str]], None]]:
    """Give what takes posts that are ready for the index; it is fed with `commit_posts` at a time.

    `index_posts` goes to the other process by pickle; `indexed` is told, in another thread, how many
    documents were put in. What is too few for a commit is left in the outbox, and so is, with a warning, what
    could not be put in: whoever drains it comes upon the reason.
    """
    ready: list[str] = []

    def told(done: Future[int]) -> None:
        if done.cancelled():
            return
        err = done.exception()
        if err is None:
            indexed(done.result())
        else:
            log.warning("indexing beside merging: %s (it is done afterwards)", err)

    with working_beside() as submit:

        def add(post_ids: Iterable[str]) -> None:
            ready.extend(post_ids)
            if len(ready) >= commit_posts:
                with suppress(BrokenProcessPool):  # told already
                    submit(index_posts, tuple(ready)).add_done_callback(told)
                ready.clear()

        yield add
