"""Commands of words: what rises in these days, and what no dictionary holds yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer

from app.cli.coverage import note_gaps
from app.cli.options import DataDir, Limit, Now, Output, moment
from app.cli.output import Format, print_records
from app.settings import load_settings
from records.plain import plain
from records.times import Period

Days = Annotated[int, typer.Option("--days", min=1, help="最近几天")]


def register(cli: typer.Typer) -> None:
    cli.command(help="比此前明显多起来的词，附件数；同文重复只算一件，不列人名。")(bursts)
    cli.command("new-words", help="词典里没有的新词（新小区、新政策的名称），附件数和一条标题；不列人名。")(
        new_words
    )


def bursts(
    days: Days = 7,
    baseline: Annotated[int, typer.Option("--baseline", min=1, help="与此前多少天相比")] = 60,
    limit: Limit = 20,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from app.wiring import open_parts
    from briefing.rising_words import independent_reports
    from nlp.bursts import rising, words_of

    with open_parts(load_settings(data_dir)) as parts:
        end = moment(now, parts.settings.zone)
        start = end - timedelta(days=days)
        before = Period(start=start - timedelta(days=baseline), end=start)
        found = rising(
            map(words_of, independent_reports(parts.database, Period(start=start, end=end))),
            map(words_of, independent_reports(parts.database, before)),
        )
        columns = ("word", "count", "before", "expected", "strength")
        print_records([plain(one) for one in found[:limit]], form, columns=columns)
        note_gaps(parts, Period(start=before.start, end=end))


def new_words(
    days: Days = 60,
    limit: Limit = 20,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from app.wiring import open_parts
    from briefing.rising_words import independent_reports
    from nlp.new_words import new_words as find_new_words

    with open_parts(load_settings(data_dir)) as parts:
        end = moment(now, parts.settings.zone)
        period = Period(start=end - timedelta(days=days), end=end)
        post_ids: list[str] = []

        def texts() -> Iterator[str]:
            for post in independent_reports(parts.database, period):
                post_ids.append(post.id)
                yield post.whole_text

        found = find_new_words(texts())[:limit]
        examples = parts.database.posts.get_many(post_ids[one.first] for one in found)
    rows = [{**plain(one), "example": examples[post_ids[one.first]].title} for one in found]
    print_records(rows, form, columns=("word", "count", "cohesion", "freedom", "example"))
