"""What a message says itself, without the answers of an office that it quotes: those are not its writer's.

Residents paste the whole answer ("网友您好,您的留言已收悉…感谢您的监督!") or put it between quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Only a text that has one of these can quote an answer; looked for first, for most have none.
_SIGNS = ("收悉", "复", "回应")
_MARKED = re.compile(r"(?:回复|答复|回应)[^\"“”「『。!！?？\n]{0,12}([\"“「『])")
_MARKS = {'"': '"', "“": "”", "「": "」", "『": "』"}
_OPENING = re.compile(
    r"(?:网友|市民|您|你)[^。!！?？\n]{0,12}您好[^。?？\n]{0,60}(?:收悉|收到|知悉|[回答]复如下)"
    r"|您好[:,，!！。]?[您你][^。?？\n]{0,40}(?:收悉|[回答]复如下)"
    r"|(?:回复|答复)(?:如下|内容|原文)[:：]"
)
_CLOSING = re.compile(
    r"(?:感谢|谢谢)[您你][^。!！?？\n]{0,40}[。!！]?|特此(?:回复|答复)[。!！]?|20\d\d年\d{1,2}月\d{1,2}日"
    # the writer speaks again
    r"|(?=请问|其实|可是|事实上|实际上|至今|但到?现在|我(?![局县市区镇乡村街委办处所院校部队站省司单公中社厅])|\n)"
)
# Longer answers are seldom pasted; what is looked through for an end stays bounded.
_LONGEST = 1200


def own_words(text: str) -> str:
    """Return a normalised text without the answers that it quotes, each of which leaves a full stop; most
    texts come back as they are. Linear in its length.
    """
    if not any(sign in text for sign in _SIGNS):
        return text
    kept, at = [], 0
    for start, end in sorted([*_marked(text), *_pasted(text)]):
        if start >= at:
            kept.append(text[at:start])
            at = end
    return "。".join([*kept, text[at:]])


def _marked(text: str) -> Iterator[tuple[int, int]]:
    for opening in _MARKED.finditer(text):
        end = text.find(_MARKS[opening[1]], opening.end(), opening.end() + _LONGEST)
        if end >= 0:
            yield opening.end(), end


def _pasted(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while opening := _OPENING.search(text, at):
        closing = _CLOSING.search(text, opening.end(), opening.end() + _LONGEST)
        at = opening.end() if closing is None else closing.end()
        yield opening.start(), at
