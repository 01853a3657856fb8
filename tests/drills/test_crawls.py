"""A few rounds of the drills of crawls. All of them: `make drills`."""

from __future__ import annotations

import random

from tests.drills.__main__ import page
from tests.drills.crawls import crawler
from tests.drills.results import Result
from tests.drills.site import embedded

SEED = 20261122


def test_a_crawl_is_killed_and_the_store_is_that_of_an_undisturbed_one() -> None:
    with embedded() as site:
        result = crawler(site, random.Random(SEED), 2)
    assert result.is_clean, result
    assert result.rounds == 2


def test_drills_that_are_named_get_a_section_of_their_own_in_the_page() -> None:
    def found(rounds: int) -> list[Result]:
        return [Result(drill="kill", way="here", rounds=rounds)]

    whole = page("", (), found(1), 1, 60)
    once = page(whole, ["crawler"], found(2), 2, 60)
    other = page(once, ["clock"], found(3), 3, 60)
    again = page(other, ["crawler"], found(4), 4, 60)
    assert once.startswith(whole)
    assert again.count("| kill | here | 2 |") == 0
    assert [again.count(f"| kill | here | {rounds} |") for rounds in (1, 3, 4)] == [1, 1, 1]
    assert again.count("\n## ") == 2
