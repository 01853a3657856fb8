"""The tables. Every column is named here and allowed by name in tests/storage/test_schema.py.

No column may hold who wrote a message (docs/decisions/001). A change here needs a migration beside it
(storage/migrations/versions), and a test compares the two.
"""

from storage.schema.alerts import (
    alert_posts,
    alerts,
    deliveries,
    notices,
    rule_trials,
    rule_versions,
    silences,
)
from storage.schema.columns import AwareTime, metadata
from storage.schema.posts import (
    ANSWERED_CONTEXT,
    analyses,
    labels,
    memberships,
    post_revisions,
    posts,
    problem_decisions,
    problems,
    replies,
    reply_uses,
)
from storage.schema.work import audit, kept_values, outbox, pages, refusals, runs, saved_searches, snapshots

__all__ = [
    "ANSWERED_CONTEXT",
    "AwareTime",
    "alert_posts",
    "alerts",
    "analyses",
    "audit",
    "deliveries",
    "kept_values",
    "labels",
    "memberships",
    "metadata",
    "notices",
    "outbox",
    "pages",
    "post_revisions",
    "posts",
    "problem_decisions",
    "problems",
    "refusals",
    "replies",
    "reply_uses",
    "rule_trials",
    "rule_versions",
    "runs",
    "saved_searches",
    "silences",
    "snapshots",
]
