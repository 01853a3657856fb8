"""What the writer wants: 咨询, 投诉, 求助, 建言 or 感谢 (the hotline's service types).

Titles often say it ("投诉…", "咨询…"): what a title states is one of the things that the learnt reading
weighs (nlp/readings.py). Thanks are too rare to learn and are a rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.grams import Floats
from nlp.topics import TopicDecider
from records.analysis import Intent

INTENTS = tuple(Intent)
LEARNT_INTENTS = (Intent.CONSULT, Intent.COMPLAINT, Intent.HELP, Intent.SUGGESTION)
# The first that a title matches is its intent. Read from 11,567 titles of real messages (2020 Teddy Cup, C):
# of 60 drawn at random from those matched, 57 were right.
_TITLE_RULES: tuple[tuple[Intent, re.Pattern[str]], ...] = (
    (Intent.COMPLAINT, re.compile(r"投诉|举报|控诉|曝光|质疑|抗议|扰民|乱收费|违规|违法|不作为")),
    (Intent.THANKS, re.compile(r"感谢信|^(?:非常|衷心)?感谢(?!.*(?:希望|请|但|盼|再))|点赞|表扬|锦旗")),
    (Intent.SUGGESTION, re.compile(r"建议|建言|呼吁|献策|意见$")),
    (
        Intent.HELP,
        re.compile(r"求助|请求|恳请|恳求|求救|帮帮|请帮|救救|请(?:[^问教示]{0,12})(?:解决|帮助|落实)"),
    ),
    (
        Intent.CONSULT,
        re.compile(r"咨询|请问|询问|想问|请教|[吗呢](?:[?？]|$)|何时|如何|怎么办理|什么时候|能否|可否|是否"),
    ),
)
"""A title's rule and its intent."""
# Words of thanks count only where nothing is still asked for: "感谢,但水还没来" is no thanks.
_THANKS = re.compile(
    r"感谢信|特此感谢|表示(?:衷心|诚挚|由衷)?的?感谢|已经?(?:得到)?(?:圆满)?解决了?[,，。!！].{0,20}感谢|点赞|送锦旗"
    r"|(?:感谢|谢谢)[^。!！?？]{0,30}(?:修好|解决|恢复|办好|处理好)了"
)
_PRAISE = ("谢", "点赞", "表扬", "锦旗")  # no thanks are without one of these
_STILL_OPEN = re.compile(r"但是?|可是|然而|不过|希望|请|恳请|建议|还没|仍|尚未|依旧|依然|[?？]")
# How sure the rule is: the share of right ones in the drawing above.
_RULE_SCORE = 0.95


def title_intent(title: str) -> Intent | None:
    """Return the intent that a title states, None where it states none."""
    return next((intent for intent, pattern in _TITLE_RULES if pattern.search(title)), None)


def read_intents(
    titles: Sequence[str], texts: Sequence[str], scores: Floats, decider: TopicDecider
) -> list[tuple[Intent, float]]:
    """Return intent and how likely it is right (0-1). `scores` (n, n_learnt) are the learnt reading's.

    The highest score decides, for each intent weighs alike in learning; the likeliest would nearly always be
    a complaint (kappa 0.66 instead of 0.69).
    """
    best = scores.argmax(axis=1).tolist()
    chances = decider.calibration.probabilities(scores).tolist()
    return [
        (Intent.THANKS, _RULE_SCORE)
        if _is_thanks(title, text)
        else (Intent(decider.labels[at]), round(likely[at], 4))
        for title, text, at, likely in zip(titles, texts, best, chances, strict=True)
    ]


def _is_thanks(title: str, text: str) -> bool:
    if not any(word in title or word in text for word in _PRAISE):
        return False
    if title_intent(title) is Intent.THANKS and not _STILL_OPEN.search(text[-60:]):
        return True
    return _THANKS.search(text) is not None and not _STILL_OPEN.search(title + text)
