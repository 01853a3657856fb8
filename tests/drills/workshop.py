"""Which drills there are, and the servers that they share, each started when it is first needed."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.drills import clocks, crawls, deliveries, disks, importers, kills, outages
from tests.drills.results import Drill, Result
from tests.drills.servers import Node, PostgresqlServer, restartable_postgresql
from tests.drills.site import Site, embedded, on_servers
from tests.servers import ElasticsearchCluster, elasticsearch_cluster

# How long Elasticsearch is away, at least, and what arrives meanwhile.
AWAY_S = 120
AWAY_CASES = 50_000


class Workshop:
    """The servers of one run of drills; stopped at its end."""

    def __init__(self) -> None:
        self._running = ExitStack()

    @cached_property
    def postgresql(self) -> PostgresqlServer:
        return self._running.enter_context(restartable_postgresql(self._folder()))

    @cached_property
    def elasticsearch(self) -> ElasticsearchCluster:
        return self._running.enter_context(elasticsearch_cluster(self._folder(), nodes=1))

    @cached_property
    def cluster(self) -> ElasticsearchCluster:
        return self._running.enter_context(elasticsearch_cluster(self._folder(), nodes=3))

    def on_servers(self) -> AbstractContextManager[Site]:
        return on_servers(self.postgresql.url, *self.elasticsearch.urls)

    def on_cluster(self) -> AbstractContextManager[Site]:
        return on_servers(self.postgresql.url, *self.cluster.urls)

    def _folder(self) -> Path:
        folder = Path(self._running.enter_context(tempfile.TemporaryDirectory(prefix="huiying-drills-")))
        folder.chmod(0o755)
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A drill that cannot be had on this machine."""

    drill: str
    reason: str


Run = Callable[[Workshop, random.Random, int | None], Result | Skipped]


def _on_one_machine(drill: Drill, rounds: int) -> Run:
    def run(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result:
        with embedded() as site:
            return drill(site, dice, wanted or rounds)

    return run


def _on_servers(drill: Drill, rounds: int) -> Run:
    def run(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result:
        with workshop.on_servers() as site:
            return drill(site, dice, wanted or rounds)

    return run


def _on_both(drill: Drill, rounds: int, rounds_on_servers: int) -> Sequence[Run]:
    return (_on_one_machine(drill, rounds), _on_servers(drill, rounds_on_servers))


def _clock(run: Run) -> Run:
    def checked(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result | Skipped:
        if not clocks.is_possible():
            return Skipped("clock set back", "libfaketime is not installed (apt-get install faketime)")
        return run(workshop, dice, wanted)

    return checked


def _disk(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result | Skipped:
    if not disks.is_possible():
        return Skipped("disk full", "only root may mount a tmpfs")
    with disks.on_small_disk() as site:
        return disks.disk_full(site, dice, wanted or 6)


def _postgresql(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result:
    drill = partial(outages.postgresql_restarted, server=workshop.postgresql)
    with workshop.on_servers() as site:
        return drill(site, dice, wanted or 4)


def _elasticsearch(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result:
    server = Node(workshop.elasticsearch.nodes[0])
    with workshop.on_servers() as site:
        return outages.elasticsearch_away(
            site, dice, wanted or 1, server=server, cases=AWAY_CASES, away_s=AWAY_S
        )


def _master(workshop: Workshop, dice: random.Random, wanted: int | None) -> Result:
    with workshop.on_cluster() as site:
        return outages.master_killed(site, dice, wanted or 2, cluster=workshop.cluster)


def _mutated(_: Workshop, dice: random.Random, wanted: int | None) -> Result:
    return crawls.mutated(dice, wanted or crawls.MUTATED)


DRILLS: Mapping[str, Sequence[Run]] = {
    "importer": _on_both(kills.importer, 14, 3),
    "indexer": _on_both(kills.indexer, 14, 3),
    "console": _on_both(kills.console, 8, 4),
    "worker": (_on_servers(kills.worker, 4),),
    "importers": _on_both(importers.two_importers, 2, 1),
    "crawler": _on_both(crawls.crawler, 20, 3),
    "mutations": (_mutated,),
    "deliveries": _on_both(deliveries.delivered_once, 10, 5),
    "clock": tuple(map(_clock, _on_both(clocks.clock_set_back, 3, 1))),
    "disk": (_disk,),
    "postgresql": (_postgresql,),
    "elasticsearch": (_elasticsearch,),
    "master": (_master,),
}
