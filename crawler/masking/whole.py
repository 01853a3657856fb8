"""All finders together: find, mask, and mask_post."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import cache, lru_cache, partial

from crawler.masking import (
    addresses,
    bare_names,
    cued,
    found_names,
    half_names,
    handles,
    links,
    names,
    numbers,
)
from crawler.masking.kinds import PLACEHOLDER, Finding, Kind
from crawler.masking.lexicon import Lexicon, Places, Watched
from crawler.masking.plain_writing import in_plain_writing, odd_signs
from records.post import Post, Reply

_Finder = Callable[[str, Places], Iterable[Finding]]


def _naming(spans: Callable[[str, Places], Iterable[tuple[int, int]]]) -> _Finder:
    return lambda text, places: found_names.as_names(text, spans(text, places))


# Where two find exactly the same, the earlier one tells the kind.
_WATCHES: tuple[tuple[_Finder, Watched], ...] = (
    (links.find_link_values, Watched(words=links.LINK_SIGNS)),
    (links.find_mail, Watched(words=links.MAIL_SIGNS)),
    (addresses.find_positions, Watched(words=addresses.POSITION_SIGNS)),
    (cued.find_court_cases, Watched(words=cued.COURT_SIGNS)),
    (cued.find_plates, Watched(words=cued.PLATE_SIGNS)),
    (cued.find_cued, Watched(words=cued.CUES, before=cued.MAY_FOLLOW)),
    (cued.find_cued, Watched(words=cued.FREE_CUES)),
    (numbers.find_lettered, Watched(words=numbers.LETTER_SIGNS)),
    (addresses.find_births, Watched(words=addresses.BIRTH_SIGNS)),
    *((partial(addresses.find_form, pattern), Watched(words=signs)) for pattern, signs in addresses.FORMS),
    (addresses.find_lone_rooms, Watched(words=addresses.ROOM_SIGNS)),
    (handles.find_handles, Watched(words=handles.HANDLE_SIGNS)),
    (_naming(names.after_cues), Watched(words=names.NAME_CUES, before=names.MAY_FOLLOW)),
    (_naming(names.after_cues), Watched(words=names.EXPLICIT_CUES, before=names.MAY_FOLLOW_EXPLICIT)),
    (_naming(names.after_faint_cues), Watched(words=names.FAINT_CUES)),
    (_naming(names.before_titles), Watched(words=names.TITLES)),
    (_naming(bare_names.before_particulars), Watched(words=bare_names.PARTICULARS)),
    (_naming(bare_names.side_by_side), Watched(words=bare_names.SIDE_SIGNS)),
    (_naming(half_names.somebody), Watched(words=("某",))),
    (_naming(half_names.crossed), Watched(words=half_names.CROSS_SIGNS)),
    (_naming(half_names.surnamed), Watched(words=("姓",))),
    (_naming(half_names.short_titled), Watched(words=half_names.SHORT_TITLE_SIGNS)),
    (_naming(half_names.nicknamed), Watched(words=half_names.NICKNAME_SIGNS)),
    (_naming(half_names.dotted), Watched(words=half_names.DOT_SIGNS)),
)


# The last group of the lexicon: what tells that a text is not in plain writing.
_ODD = len(_WATCHES)


@cache
def _lexicon() -> Lexicon:
    """Build the automaton of all words when the first text comes: 0.1 s."""
    return Lexicon([*(watched for _, watched in _WATCHES), Watched(words=odd_signs())])


def find(text: str) -> list[Finding]:
    """Return the personal details in `text`: sorted, not overlapping, placeholders left out."""
    return _find(text, frozenset())


def mask(text: str) -> str:
    """Return `text` with each personal detail replaced by its placeholder. mask(mask(x)) == mask(x)."""
    return _without(text, find(text), frozenset())


def mask_post(post: Post) -> Post:
    """Return the post with title, text, replies, offices, place, status and URL masked.

    A name found in one of its texts is masked in all of them.
    """
    asked = {text: _found(text) for text in (post.title, post.text)}
    answered = {reply.text: _found(reply.text, by_office=True) for reply in post.replies}
    known = {name for text, found in (asked | answered).items() for name in _names(text, found)}

    def masked(text: str) -> str:
        return _without(text, _settled(text, asked[text], known), known)

    def masked_reply(text: str) -> str:
        return _without(text, _settled(text, answered[text], known), known, by_office=True)

    def masked_or_none(text: str | None) -> str | None:
        return None if text is None else _without(text, _settled(text, _found_in_label(text), known), known)

    return replace(
        post,
        title=masked(post.title),
        text=masked(post.text),
        replies=tuple(
            Reply(
                text=masked_reply(reply.text),
                department=masked_or_none(reply.department),
                replied_at=reply.replied_at,
            )
            for reply in post.replies
        ),
        addressed_to=masked_or_none(post.addressed_to),
        place=masked_or_none(post.place),
        status=masked_or_none(post.status),
        url=None if post.url is None else links.without_personal_values(post.url),
    )


# Offices, places and states are the same few words again and again.
@lru_cache(maxsize=4096)
def _found_in_label(text: str) -> tuple[Finding, ...]:
    return tuple(_found(text))


def _found(text: str, *, by_office: bool = False) -> list[Finding]:
    """Return what all finders find. An office's own landlines stay in what it says itself."""
    found = _found_as_written(text)
    if not by_office:
        return found
    return [finding for finding in found if not numbers.is_landline_of_office(text, finding)]


def _found_as_written(text: str) -> list[Finding]:
    places = _lexicon().find(text)
    if places.pop(_ODD, None) is None:
        return _found_in_plain(text, places)
    plain = in_plain_writing(text)
    places = _lexicon().find(plain.text)
    places.pop(_ODD, None)
    return [plain.in_original(finding) for finding in _found_in_plain(plain.text, places)]


def _found_in_plain(text: str, places: dict[int, Places]) -> list[Finding]:
    found: list[Finding] = []
    for number, of_group in sorted(places.items()):
        found.extend(_WATCHES[number][0](text, of_group))
    found.extend(numbers.find_numbers(text))
    if phones := [(one.start, one.end) for one in found if one.kind is Kind.PHONE]:
        found.extend(found_names.as_names(text, bare_names.beside_phones(text, phones)))
    found.extend(found_names.as_names(text, bare_names.signature(text)))
    return found


def _names(text: str, found: Iterable[Finding]) -> set[str]:
    return {text[one.start : one.end] for one in found if one.kind is Kind.NAME}


def _find(text: str, known: Set[str], *, by_office: bool = False) -> list[Finding]:
    return _settled(text, _found(text, by_office=by_office), known)


def _settled(text: str, found: Sequence[Finding], known: Set[str]) -> list[Finding]:
    """Return what was found and every further place of the names, as `find` does."""
    if not found and not known:
        return []
    again = found_names.find_known(text, _names(text, found) | known)
    return _apart([*found, *again], [match.span() for match in PLACEHOLDER.finditer(text)])


def _apart(found: Iterable[Finding], taken: list[tuple[int, int]]) -> list[Finding]:
    """Return the findings sorted, none on `taken`; overlapping ones become one, of the longest's kind."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda finding: (finding.start, finding.start - finding.end)):
        if taken and any(finding.start < end and start < finding.end for start, end in taken):
            continue
        if kept and finding.start < kept[-1].end:
            last = kept.pop()
            longest = max(last, finding, key=lambda one: one.end - one.start)
            finding = Finding(kind=longest.kind, start=last.start, end=max(last.end, finding.end))
        kept.append(finding)
    return kept


def _without(text: str, found: Sequence[Finding], known: Set[str], *, by_office: bool = False) -> str:
    # A placeholder may be the cue for what follows it, so masking goes on until nothing is left to find.
    # Each round takes away characters that are no placeholder's, so this ends.
    while found:
        text = "".join(_pieces(text, found))
        nearby = "\n".join(_around_placeholders(text))
        found = _find(nearby, known, by_office=by_office) and _find(text, known, by_office=by_office)
    return text


# No pattern looks further than this to either side.
_REACH = 24


def _around_placeholders(text: str) -> Iterator[str]:
    """Yield the parts of `text` in which a placeholder can be a cue."""
    start = end = 0
    for match in PLACEHOLDER.finditer(text):
        if match.start() - _REACH > end:
            if end:
                yield text[start:end]
            start = match.start() - _REACH
        end = match.end() + _REACH
    yield text[start:end]


def _pieces(text: str, found: Iterable[Finding]) -> Iterator[str]:
    done = 0
    for finding in found:
        yield text[done : finding.start]
        yield finding.kind.placeholder
        done = finding.end
    yield text[done:]
