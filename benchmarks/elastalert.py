"""Our rules beside ElastAlert2: the same Elasticsearch, the same index, equal rules, an hour a round.

    python -m benchmarks elastalert

ElastAlert2 pins a client of its own and is installed apart from us, once:

    python -m venv ~/.cache/huiying-peers/elastalert
    ~/.cache/huiying-peers/elastalert/bin/pip install elastalert2==2.19.0 pytz "setuptools<81"

HUIYING_ELASTALERT names another folder. The real messages drawn again, 137 a day, some of them moved to
places that were never named before; both look at the last week hour by hour, through a proxy that counts
what they ask. ElastAlert2 goes over the hours in one run of each rule, as its own `--start` has it;
we do the whole round that `huiying up` does every time, alerts stored in SQLite included.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from elasticsearch import Elasticsearch

from alerts.coverage import Coverage
from alerts.deadlines import load_deadlines
from alerts.engine import run_rules
from alerts.rule_types import RULE_MODELS, Rule, RuleType
from alerts.rules import RuleSet
from benchmarks.counting_proxy import SEARCHES, CountingProxy, counting_proxy
from benchmarks.redrawn import YEAR, Redrawn
from nlp.segment import words
from records.analysis import Analysis, Intent
from records.post import Post
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.indexer import drain
from storage.search import SearchIndex
from storage.search_engines import open_index
from tests.servers import ELASTICSEARCH_VERSION, elasticsearch

# Of so many drawn over a year the last ones are stored: seven weeks, as far back as any rule looks.
DRAWN, POSTS = 50_000, 6_600
SAVED = 1_100
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 7
# One message of so many is moved to a place of its own.
NEW_PLACE = 400
INDEX = "posts"
PEER = Path("~/.cache/huiying-peers/elastalert")

PLACE = "A1区"
# Ours, and what ElastAlert2 calls the same. `problem`s are no part of it: `any` is told once a place and day.
COMMON: dict[str, dict[str, Any]] = {
    "frequency": {"type": "frequency", "query_key": "place", "num_events": 6, "timeframe": {"hours": 24}},
    "flatline": {"type": "flatline", "query_key": "source", "threshold": 1, "timeframe": {"hours": 24}},
    "spike": {
        "type": "spike",
        "query_key": "place",
        "timeframe": {"hours": 24},
        "spike_height": 3,
        "spike_type": "up",
        "threshold_cur": 6,
        "threshold_ref": 1,
    },
    "new_term": {"type": "new_term", "fields": ["place"], "terms_window_size": {"days": 30}},
    "any": {"type": "any", "filter": f'place:"{PLACE}" AND channel:hotline'},
}

# Its own schedule ends before the first round where `--end` is past: it is asked for its rounds directly.
REPLAY = """\
import sys
from elastalert.elastalert import ElastAlerter
from elastalert.util import ts_to_dt
config, first, last = sys.argv[1:]
peer = ElastAlerter(["--config", config, "--start", first, "--end", last])
peer.thread_data.alerts_sent = 0
for rule in peer.rules:
    rule["initial_starttime"] = ts_to_dt(first)
    peer.run_rule(rule, ts_to_dt(last), ts_to_dt(first))
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a rule said: of which place or source, and from when to when it held."""

    rule: str
    subject: str
    start: datetime
    end: datetime


def main() -> None:
    peer = Path(os.environ.get("HUIYING_ELASTALERT", PEER)).expanduser()
    corpus = Redrawn.of(DRAWN)
    if not (peer / "bin" / "python").exists():
        print(f"skipped: no ElastAlert2 in {peer} (how to install it stands in benchmarks/elastalert.py)")
        return
    if corpus is None:
        print("skipped: the real messages are not on this machine")
        return
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "server").mkdir()
        with (
            elasticsearch(folder / "server") as server,
            counting_proxy(server, version=ELASTICSEARCH_VERSION) as proxy,
            Database.open(f"sqlite:///{folder / 'truth.sqlite'}") as database,
        ):
            filled = open_index(f"{server}/{INDEX}", segment=words, zone=DEFAULT_ZONE)
            _fill(corpus, database, filled)
            filled.close()
            index = open_index(f"{proxy.url}/{INDEX}", segment=words, zone=DEFAULT_ZONE)
            proxy.asked()
            days = (YEAR.end - YEAR.start).days * POSTS // DRAWN
            print(f"{POSTS:,} posts in {days} days, {len(COMMON)} rules, {DAYS * 24} rounds of an hour")
            print(f"{'':14}{'searches':>10}{'others':>8}{'wall s':>9}{'CPU s':>8}{'alerts':>8}")
            ours = _ours(database, index, proxy)
            theirs = _theirs(peer, folder, proxy, server)
            index.close()
    _compare(ours, theirs)


def _fill(corpus: Redrawn, database: Database, index: SearchIndex) -> None:
    """Store and index the posts, each a problem of its own and with the topic it is labelled with, if any."""
    for start in range(DRAWN - POSTS, DRAWN, SAVED):
        posts = [_moved(post) for post in corpus.posts(start, start + SAVED)]
        database.posts.save(posts)
        database.analyses.save([_analysis(post) for post in posts])
        database.problems.commit(*corpus.problems(posts))
    drain(database, index, segment=words)
    assert index.count() == POSTS


def _moved(post: Post) -> Post:
    number = int(post.native_id)
    return replace(post, place=f"新{number}村") if number % NEW_PLACE == 0 else post


def _analysis(post: Post) -> Analysis:
    return Analysis(
        post_id=post.id, revision=1, model_version="none", topic=None, topic_guess="城乡建设",
        topic_score=0.5, runner_up=None, intent=Intent.COMPLAINT, intent_score=0.5, dissatisfaction=0.5,
        urgency=1,
    )  # fmt: skip


def _rounds() -> list[datetime]:
    return [YEAR.end - DAYS * DAY + n * HOUR for n in range(1, DAYS * 24 + 1)]


def _ours(database: Database, index: SearchIndex, proxy: CountingProxy) -> list[Told]:
    """Run the rounds; return what was told."""
    rules = RuleSet(
        rules=tuple(_rule(name, stated) for name, stated in COMMON.items()),
        errors=(),
        deadlines=load_deadlines(),
    )
    wall, used = time.perf_counter(), time.process_time()
    for now in _rounds():
        report = run_rules(rules, database, index, now=now, zone=DEFAULT_ZONE, coverage=Coverage())
        assert [outcome.error for outcome in report.rules] == [None] * len(COMMON)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    told = [
        Told(
            alert.rule,
            alert.labels.get("place") or alert.labels.get("source", ""),
            alert.fired_at,
            alert.updated_at,
        )
        for alert in database.alerts.list(limit=100_000)
    ]
    _show("ours", proxy.asked(), wall, used, len(told))
    return told


def _subject(labels: Mapping[str, str]) -> str:
    # An alert of `any` is about a problem, whose label is its number: its place is that of the filter.
    return labels.get("place") or labels.get("source") or PLACE


def _rule(name: str, stated: dict[str, Any]) -> Rule:
    voices = {"num_voices": 1} if stated["type"] in ("frequency", "spike") else {}
    window = {"timeframe": "24h"} if "timeframe" not in stated else {}
    rule: Rule = RULE_MODELS[RuleType(stated["type"])].model_validate(
        {"name": name, "title": name, "description": name, **window, **voices, **stated}
    )
    return rule


def _theirs(peer: Path, folder: Path, proxy: CountingProxy, server: str) -> list[Told]:
    """Run ElastAlert2 over the same hours; return what it told."""
    rules = folder / "rules"
    rules.mkdir()
    for name, stated in COMMON.items():
        (rules / f"{name}.yaml").write_text(json.dumps(_peer_rule(name, stated)), encoding="utf-8")
    port = int(proxy.url.rpartition(":")[2])
    config = {
        "rules_folder": str(rules), "run_every": {"hours": 1}, "buffer_time": {"hours": 1},
        "es_host": "127.0.0.1", "es_port": port, "writeback_index": "elastalert",
        "alert_time_limit": {"days": 1},
    }  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    python = peer / "bin" / "python"
    made = [python, "-m", "elastalert.create_index", "--host", "127.0.0.1", "--port", str(port), "--no-auth"]
    _run([*made, "--no-ssl", "--url-prefix", "", "--index", "elastalert", "--old-index", ""], folder)
    proxy.asked()
    first, last = (moment.astimezone(UTC).isoformat() for moment in (_rounds()[0] - HOUR, _rounds()[-1]))
    wall, used = time.perf_counter(), _children_s()
    _run([python, "-c", REPLAY, folder / "config.yaml", first, last], folder)
    wall, used = time.perf_counter() - wall, _children_s() - used
    asked = proxy.asked()
    with Elasticsearch(server) as client:
        client.indices.refresh(index="elastalert")
        found = client.search(index="elastalert", size=10_000)["hits"]["hits"]
        errors = client.search(index="elastalert_error", size=5)["hits"]["hits"]
    for error in errors:
        print(f"  ElastAlert2: {error['_source']['message'][:150]}")
    told = [_told(hit["_source"]) for hit in found if "rule_name" in hit["_source"]]
    _show("ElastAlert2", asked, wall, used, len(told))
    return told


def _peer_rule(name: str, stated: dict[str, Any]) -> dict[str, Any]:
    query = stated.get("filter")
    # The index keeps whole microseconds. `realert` goes by the clock on the wall, no use for the past.
    return {
        **stated,
        "name": name,
        "index": INDEX,
        "filter": [{"query": {"query_string": {"query": query}}}] if query else [],
        "timestamp_field": "asked",
        "timestamp_type": "custom",
        "timestamp_format": "%Y-%m-%dT%H:%M:%S.%f%z",
        "timestamp_format_expr": "round(dt.timestamp() * 1000000)",
        "timestamp_to_datetime_format_expr": (
            "__import__('datetime').datetime.fromtimestamp(ts / 1000000, __import__('datetime').timezone.utc)"
            ".strftime('%Y-%m-%dT%H:%M:%S.%f%z')"
        ),
        "realert": {"minutes": 0},
        "alert": ["debug"],
        **({"query_key": "place"} if stated["type"] == "any" else {}),
    }


def _told(source: dict[str, Any]) -> Told:
    body = source["match_body"]
    subject = body.get("place") or body.get("source") or body.get("key") or ""
    at = datetime.fromisoformat(str(source["match_time"]).replace("Z", "+00:00"))
    return Told(source["rule_name"], subject[0] if isinstance(subject, list) else str(subject), at, at)


def _compare(ours: Sequence[Told], theirs: Sequence[Told]) -> None:
    """Print for each rule how many subjects and times both told, and what only one did."""
    print("\ntold of a subject within a day of each other")
    print(f"{'':14}{'ours':>8}{'theirs':>8}{'theirs in ours':>16}{'ours in theirs':>16}")
    for rule in COMMON:
        mine, other = ([one for one in told if one.rule == rule] for told in (ours, theirs))
        print(f"{rule:14}{len(mine):8}{len(other):8}{_within(other, mine):16}{_within(mine, other):16}")
    print("told by one alone, and how many hours after the first round (at most 8 of each)")
    for rule in COMMON:
        mine, other = ([one for one in told if one.rule == rule] for told in (ours, theirs))
        for name, alone in (("ours", _without(mine, other)), ("theirs", _without(other, mine))):
            hours = sorted((one.start - _rounds()[0]) // HOUR for one in alone)
            if alone:
                print(f"  {rule}, {name}: {', '.join(map(str, hours[:8]))}")


def _within(some: Sequence[Told], others: Sequence[Told]) -> int:
    return len(some) - len(_without(some, others))


def _without(some: Iterable[Told], others: Sequence[Told]) -> list[Told]:
    """Return those that none of the others is near."""
    return [
        one
        for one in some
        if not any(
            one.subject == other.subject and one.start <= other.end + DAY and other.start <= one.end + DAY
            for other in others
        )
    ]


def _show(name: str, asked: Counter[str], wall: float, used: float, told: int) -> None:
    searches = sum(asked[kind] for kind in SEARCHES)
    others = sum(asked.values()) - searches
    print(f"{name:14}{searches:10,}{others:8,}{wall:9.1f}{used:8.1f}{told:8,}")


def _run(command: Sequence[object], folder: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    (folder / "peer.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if os.environ.get("PEER_LOG"):
        Path(os.environ["PEER_LOG"]).write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{command[2]}: {done.stderr.strip()[-500:]}")


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
