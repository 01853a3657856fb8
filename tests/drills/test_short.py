"""A few rounds of the quick drills, and proof that a drill can fail. All of them: `make drills`."""

from __future__ import annotations

import random

import pytest

from tests.drills import deliveries, disks, importers, kills, outages
from tests.drills.messages import case
from tests.drills.results import Result
from tests.drills.servers import Gate
from tests.drills.site import embedded, on_servers
from tests.drills.truth import Ledger, judge

SEED = 20260320


def assert_clean(result: Result) -> None:
    assert result.rounds
    assert (result.lost, result.double, result.differing, result.faults) == (0, 0, 0, [])


def test_the_importer_is_killed() -> None:
    with embedded() as site:
        assert_clean(kills.importer(site, random.Random(SEED), 2))


def test_the_indexer_and_a_rebuild_are_killed(postgresql_server: str, elasticsearch_server: str) -> None:
    with on_servers(postgresql_server, elasticsearch_server) as site:
        assert_clean(kills.indexer(site, random.Random(SEED), 2))


def test_one_file_is_imported_twice_at_once(postgresql_server: str, elasticsearch_server: str) -> None:
    with on_servers(postgresql_server, elasticsearch_server) as site:
        assert_clean(importers.two_importers(site, random.Random(SEED), 1))


def test_two_that_deliver_are_killed() -> None:
    with embedded() as site:
        assert_clean(deliveries.delivered_once(site, random.Random(SEED), 1, n_alerts=10))


@pytest.mark.skipif(not disks.is_possible(), reason="only root may mount a tmpfs")
def test_the_disk_fills_up() -> None:
    with disks.on_small_disk() as site:
        assert_clean(disks.disk_full(site, random.Random(SEED), 1))


def test_elasticsearch_is_away(postgresql_server: str, elasticsearch_server: str) -> None:
    gate = Gate(elasticsearch_server)
    gate.come_back()
    with on_servers(postgresql_server, gate.url) as site:
        result = outages.elasticsearch_away(site, random.Random(SEED), 1, server=gate, cases=300, away_s=0)
    assert_clean(result)


def test_a_drill_sees_what_is_lost_what_is_double_and_where_the_index_differs() -> None:
    dice, ledger = random.Random(SEED), Ledger()
    with embedded() as site, site.open() as parts:
        cases = [case(number) for number in range(40)]
        parts.database.posts.save(cases)
        ledger.add(cases, 1)
        parts.pipeline.run()
        assert judge(parts.database, parts.index, ledger, dice).is_clean

        ledger.add([case(7, 2), case(40)], 2)
        parts.index.delete([cases[3].id])
        parts.index.refresh()
        verdict = judge(parts.database, parts.index, ledger, dice)
        assert (verdict.acknowledged, verdict.found, verdict.double) == (41, 39, 0)
        assert "all: 39 hits, 40 in truth" in verdict.differences
        parts.database.posts.save([case(7, 2)])
        verdict = judge(parts.database, parts.index, ledger, dice)
        assert 'text:"补充说明第2稿": 0 hits, 1 in truth' in verdict.differences
