"""How much each way of being found says about a post; the same for every engine."""

from __future__ import annotations

# A word in the title says more about a message than the same word in its text or in the answer.
FIELD_BOOSTS = {"title": 2.0, "text": 1.0, "reply": 0.5}
# Characters that were cut otherwise, against the word itself. BM25 weighs any number of occurrences at most
# 2.2 times one (k1 = 1.2), and pairs of characters are no rarer than their words: below 1 / 2.2, in texts of
# like length, the word always comes first.
CHARACTERS_BOOST = 0.3
