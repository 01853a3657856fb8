"""What a post must be before it is taken, whatever way it came."""

from __future__ import annotations

from datetime import datetime, timedelta

from records.errors import Rejected
from records.post import Post

# The longest of the 6,336 real messages and their replies has 7,883 characters; past this it is a document.
MAX_TEXT_CHARS = 100_000
MAX_ID_CHARS = 200
# Site clocks run ahead, and a date alone is taken as local midnight.
CLOCK_LEEWAY = timedelta(days=1)


def check_post(post: Post, *, now: datetime) -> None:
    """Raise Rejected (empty, too_long, no_id, bad_id, future_date) where the post cannot be taken.

    The messages have no word of the post's text.
    """
    if not post.text.strip():
        raise Rejected("empty", f'post "{post.id}": has no text')
    size = max(len(post.whole_text), *(len(reply.text) for reply in post.replies), 0)
    if size > MAX_TEXT_CHARS:
        raise Rejected("too_long", f'post "{post.id}": {size} characters (at most {MAX_TEXT_CHARS})')
    if not post.native_id:
        raise Rejected("no_id", f'post of source "{post.source}": has no id')
    if len(post.native_id) > MAX_ID_CHARS or not post.native_id.isprintable():
        raise Rejected(
            "bad_id",
            f'post of source "{post.source}": its id is over {MAX_ID_CHARS} characters or unprintable',
        )
    if post.asked_at > now + CLOCK_LEEWAY:
        raise Rejected(
            "future_date", f'post "{post.id}": asked at {post.asked_at.isoformat()}, which is to come'
        )
