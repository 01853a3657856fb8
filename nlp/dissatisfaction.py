"""How badly the service fails the person who writes, 0-1. Facts count; anger, insults and marks do not.

Under 0.25: asks or thanks · under 0.5: an inconvenience · under 0.75: a clear failure · above: grave or
repeated. Each kind of failure that the message states for its own case takes its share of what is left to 1,
once.
"""

from __future__ import annotations

from collections.abc import Sequence

from nlp.assertion import is_asserted
from nlp.cues import CueTable
from records.analysis import Intent, UrgencyCode, UrgencyReason

# Where a message states a failure, the facts alone count, in whatever form and of whatever body it is told.
FAILED = 0.25
# Where it states none, the intent alone says how it stands: who asks or thanks is not failed yet.
START = {
    Intent.THANKS: 0.03,
    Intent.CONSULT: 0.1,
    Intent.SUGGESTION: 0.2,
    Intent.HELP: 0.3,
    Intent.COMPLAINT: 0.4,
}
# What urgency has already found in the same message.
BY_REASON = {
    UrgencyCode.DANGER: 0.3,
    UrgencyCode.UTILITY_CUT: 0.4,
    UrgencyCode.UNPAID_WAGES: 0.45,
    UrgencyCode.VULNERABLE: 0.15,
}


def read_dissatisfaction(
    text: str, intent: Intent, reasons: Sequence[UrgencyReason], cues: CueTable
) -> float:
    """Return 0-1, two decimals. `reasons` are the message's own urgency reasons."""
    shares: dict[str, float] = {}
    for cue, match in cues.find(text):
        if cue.name not in shares and is_asserted(text, match.start(), match.end()):
            shares[cue.name] = cue.weight
    taken = [*shares.values(), *(BY_REASON[reason.code] for reason in reasons if reason.code in BY_REASON)]
    left = 1 - (FAILED if taken else START[intent])
    for share in taken:
        left *= 1 - share
    return round(1 - left, 2)
