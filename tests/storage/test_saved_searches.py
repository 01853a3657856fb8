"""Searches kept by name, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from records.errors import Rejected
from records.query import SortOrder
from storage.database import Database
from storage.saved_searches import SavedSearch
from tests.storage.samples import NOW

WATER = SavedSearch(name="停水", query='停水 AND place:"东湖区"', sort=SortOrder.SEVERITY_AGE, created_at=NOW)


def test_a_kept_search_comes_back_as_it_was(database: Database) -> None:
    database.saved_searches.add(WATER)
    assert database.saved_searches.get("停水") == WATER


def test_the_newest_comes_first(database: Database) -> None:
    later = replace(WATER, name="欠薪", created_at=NOW + timedelta(days=1))
    database.saved_searches.add(WATER)
    database.saved_searches.add(later)
    assert database.saved_searches.list() == [later, WATER]


def test_a_name_that_is_taken_keeps_what_it_has(database: Database) -> None:
    database.saved_searches.add(WATER)
    with pytest.raises(Rejected, match='"停水": kept already'):
        database.saved_searches.add(replace(WATER, query="别的"))
    assert database.saved_searches.list() == [WATER]


def test_what_is_deleted_is_gone_and_its_name_is_free(database: Database) -> None:
    database.saved_searches.add(WATER)
    database.saved_searches.delete("停水")
    assert database.saved_searches.list() == []
    database.saved_searches.add(WATER)


def test_an_unknown_name_is_said(database: Database) -> None:
    for call in (database.saved_searches.get, database.saved_searches.delete):
        with pytest.raises(Rejected, match='"没有"') as raised:
            call("没有")
        assert raised.value.code == "unknown_search"
