"""All finders together: find, mask, and mask_post."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from crawler.masking.addresses import find_addresses, find_births, find_positions
from crawler.masking.cued import find_court_cases, find_cued, find_plates
from crawler.masking.handles import find_handles
from crawler.masking.kinds import PLACEHOLDER, Finding, Kind
from crawler.masking.links import find_link_values, find_mail, without_personal_values
from crawler.masking.names import find_known, find_names, names_in
from crawler.masking.numbers import find_numbers
from records.post import Post, Reply

# Where two of them find exactly the same, the earlier one tells the kind.
_FINDERS = (
    find_link_values,
    find_mail,
    find_positions,
    find_court_cases,
    find_plates,
    find_cued,
    find_numbers,
    find_births,
    find_addresses,
    find_handles,
    find_names,
)


def find(text: str) -> list[Finding]:
    """Return the personal details in `text`: sorted, not overlapping, placeholders left out."""
    return _find(text, ())


def mask(text: str) -> str:
    """Return `text` with each personal detail replaced by its placeholder. mask(mask(x)) == mask(x)."""
    return _mask(text, ())


def mask_post(post: Post) -> Post:
    """Return the post with title, text, replies, offices, place, status and URL masked.

    A name found in one of its texts is masked in all of them.
    """
    texts = (post.title, post.text, *(reply.text for reply in post.replies))
    names = frozenset(name for text in texts for name in names_in(text))

    def masked(text: str) -> str:
        return _mask(text, names)

    def masked_or_none(text: str | None) -> str | None:
        return None if text is None else _mask(text, names)

    return replace(
        post,
        title=masked(post.title),
        text=masked(post.text),
        replies=tuple(
            Reply(
                text=masked(reply.text),
                department=masked_or_none(reply.department),
                replied_at=reply.replied_at,
            )
            for reply in post.replies
        ),
        addressed_to=masked_or_none(post.addressed_to),
        place=masked_or_none(post.place),
        status=masked_or_none(post.status),
        url=None if post.url is None else without_personal_values(post.url),
    )


def _find(text: str, names: Collection[str]) -> list[Finding]:
    found = [finding for finder in _FINDERS for finding in finder(text)]
    known = {text[f.start : f.end] for f in found if f.kind is Kind.NAME} | set(names)
    found.extend(find_known(text, known))
    if not found:
        return []
    return _apart(found, [match.span() for match in PLACEHOLDER.finditer(text)])


def _apart(found: Iterable[Finding], taken: list[tuple[int, int]]) -> list[Finding]:
    """Return the findings sorted, none on `taken`; overlapping ones become one, of the longest's kind."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda finding: (finding.start, finding.start - finding.end)):
        if any(finding.start < end and start < finding.end for start, end in taken):
            continue
        if kept and finding.start < kept[-1].end:
            last = kept.pop()
            longest = max(last, finding, key=lambda one: one.end - one.start)
            finding = Finding(kind=longest.kind, start=last.start, end=max(last.end, finding.end))
        kept.append(finding)
    return kept


def _mask(text: str, names: Collection[str]) -> str:
    # A placeholder may be the cue for what follows it, so masking goes on until nothing is left to find.
    # Each round takes away characters that are no placeholder's, so this ends.
    while found := _find(text, names):
        text = "".join(_pieces(text, found))
    return text


def _pieces(text: str, found: Iterable[Finding]) -> Iterator[str]:
    done = 0
    for finding in found:
        yield text[done : finding.start]
        yield finding.kind.placeholder
        done = finding.end
    yield text[done:]
