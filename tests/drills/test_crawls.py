"""A few rounds of the drills of crawls. All of them: `make drills`."""

from __future__ import annotations

import random

from tests.drills.crawls import crawler
from tests.drills.site import embedded

SEED = 20261122


def test_a_crawl_is_killed_and_the_store_is_that_of_an_undisturbed_one() -> None:
    with embedded() as site:
        result = crawler(site, random.Random(SEED), 2)
    assert result.is_clean, result
    assert result.rounds == 2
