"""One module for each third party's quirks, finer than the rooms that import-linter keeps apart."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("records", "crawler", "nlp", "storage", "alerts", "briefing", "console", "app")


def importers(package: str) -> set[str]:
    """Return the files of the rooms that import `package`, at any depth."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if any(name.split(".")[0] == package for name in names):
                    found.add(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize(
    ("package", "homes"),
    [
        ("rjieba", ["nlp/segment.py"]),
        ("jieba", []),
        ("luqum", ["storage/query.py", "storage/query_syntax.py"]),
        ("tantivy", ["storage/tantivy_"]),
        ("elasticsearch", ["storage/elasticsearch_"]),
        ("sqlalchemy", ["storage/"]),
        ("procrastinate", ["storage/job_worker.py"]),
        ("scrapy", ["crawler/"]),
        ("xlrd", ["crawler/importing/xls.py"]),
        ("feedparser", ["crawler/spiders/feed.py"]),
        ("trafilatura", ["crawler/"]),
        ("sklearn", ["nlp/"]),
        ("apprise", ["alerts/push.py"]),
        ("docx", ["briefing/docx.py"]),
        ("pickle", []),
    ],
)
def test_a_third_party_is_known_only_at_home(package: str, homes: list[str]) -> None:
    assert [path for path in sorted(importers(package)) if not path.startswith(tuple(homes) or ("?",))] == []


def test_the_models_are_loaded_without_pickle() -> None:
    readers = [
        path for path in (ROOT / "nlp").rglob("*.py") if "np.load(" in path.read_text(encoding="utf-8")
    ]
    assert readers
    assert all("allow_pickle=False" in path.read_text(encoding="utf-8") for path in readers)
