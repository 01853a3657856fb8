"""Imports as an installation does them: stored mappings, the watched folder, running again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.importing import import_file
from app.jobs import start_here
from app.sample_town.town import Planted
from app.schedule import build_scheduler
from app.settings import load_settings
from app.watching import import_watched
from app.wiring import Parts, open_parts
from records.errors import ConfigurationError
from records.job import JobKind
from records.post import Channel
from records.run import RunKind, RunState
from records.times import utc_now
from tests.app.conftest import Huiying
from tests.app.leaks import leaks_in_files

DAYS = ("2026-03-01", "2026-03-02", "", "我叫张大力")
EXPORT = "编号,标题,诉求内容,受理时间,联系电话\n1,路灯,路灯坏了三天。,2026-03-01,13912345678\n"


def test_a_mapping_is_guessed_shown_stored_and_found(huiying: Huiying, tmp_path: Path) -> None:
    export = tmp_path / "town.csv"
    export.write_text(EXPORT, "utf-8")
    shown = huiying("import", export, "--dry-run", "--save-mapping", "热线", "--format", "json")
    (table,) = json.loads(shown.out)["tables"]
    stored = tmp_path / "data" / "mappings" / "热线.yaml"
    assert stored.read_text("utf-8").splitlines() == [
        f"{field}: {column}" for field, column in table["columns"]["by_field"].items()
    ]
    assert "电话" not in stored.read_text("utf-8")
    assert not list(tmp_path.rglob("*.sqlite"))
    stored.write_text("text: 经过\nasked_at: 哪天\n", "utf-8")
    export.write_text("经过,哪天\n停水了,2026-03-01\n", "utf-8")
    imported = huiying("import", export, "--mapping", "热线", "--format", "json")
    assert json.loads(imported.out)["stored"] == 1


def test_a_stored_mapping_is_not_overwritten_and_a_wrong_name_is_one_line(
    huiying: Huiying, tmp_path: Path
) -> None:
    export = tmp_path / "town.csv"
    export.write_text(EXPORT, "utf-8")
    for _ in range(2):  # the same again is no conflict
        assert huiying("import", export, "--dry-run", "--save-mapping", "hotline").code == 0
    export.write_text("内容,时间\n停水了,2026-03-01\n", "utf-8")
    taken = huiying("import", export, "--dry-run", "--save-mapping", "hotline")
    assert (taken.code, "is stored already" in taken.err) == (2, True)
    outside = huiying("import", export, "--dry-run", "--save-mapping", "../hotline")
    assert (outside.code, "no name" in outside.err) == (2, True)
    wrong = huiying("import", export, "--mapping", "hotlin")
    assert (wrong.code, 'did you mean "hotline"' in wrong.err) == (2, True)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Parts]:
    """Give an installation with an empty watched folder."""
    (tmp_path / "watch").mkdir()
    settings = load_settings(tmp_path / "data", environment={}, watch_dir=str(tmp_path / "watch"))
    with open_parts(settings) as parts:
        yield parts


def look(parts: Parts) -> None:
    """Look into the folder, as one does when everything in it has been quiet for a minute."""
    import_watched(parts, now=utc_now() + timedelta(minutes=1))


def names(folder: Path) -> list[str]:
    """Return the files below the folder, without the hashes in their names."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(
        str(path.with_name(".".join(p for p in path.name.split(".") if len(p) != 16))) for path in found
    )


def test_a_file_is_imported_once_and_moved_with_its_report(watched: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "watch"
    export = folder / "热线" / "三月.csv"
    export.parent.mkdir()
    export.write_text(EXPORT + "2,停电,又停电了。,3月1日,13912345678\n", "utf-8")
    import_watched(watched, now=utc_now())
    assert names(folder) == ["热线/三月.csv"]  # written to just now: it may not be whole
    look(watched)
    assert names(folder) == [
        "热线/done/三月.csv",
        "热线/done/三月.csv.rejected.csv",
        "热线/done/三月.csv.report.json",
    ]
    (report,) = (folder / "热线" / "done").glob("*.report.json")
    assert json.loads(report.read_text("utf-8"))["counts"]["stored"] == 1
    assert watched.database.posts.count() == 1
    (done,) = (path for path in (folder / "热线" / "done").glob("*.csv") if "rejected" not in path.name)
    (folder / "热线" / "again.csv").write_bytes(done.read_bytes())
    look(watched)
    assert "热线/done/again.csv" in names(folder)
    assert json.loads(report.read_text("utf-8"))["counts"]["stored"] == 1
    assert watched.database.posts.count() == 1


def test_what_cannot_be_read_fails_alone(watched: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "watch"
    (folder / "a.xlsx").write_bytes(b"PK\x03\x04 broken")
    (folder / "b.csv").write_text(EXPORT, "utf-8")
    (folder / "c.csv.part").write_text(EXPORT, "utf-8")
    (tmp_path / "secret.csv").write_text(EXPORT.replace("1,", "9,"), "utf-8")
    (folder / "d.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "e").symlink_to(tmp_path)
    look(watched)
    assert names(folder) == [
        "c.csv.part",
        "done/b.csv",
        "done/b.csv.report.json",
        "failed/a.xlsx",
        "failed/a.xlsx.report.json",
        "failed/d.csv",
        "failed/d.csv.report.json",
        "failed/e",
        "failed/e.report.json",
    ]
    assert "broken Excel workbook" in next((folder / "failed").glob("a*.json")).read_text("utf-8")
    assert (tmp_path / "secret.csv").exists()
    assert watched.database.posts.count() == 1


def test_an_interrupted_import_is_run_again(watched: Parts, tmp_path: Path) -> None:
    export = tmp_path / "long.csv"
    lines = [f"{number},路灯坏了{number}天。,2026-03-01" for number in range(1100)]
    export.write_text("\n".join(["编号,内容,时间", *lines, "x,没有日子,"]), "utf-8")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    def run(progress: Callable[[int], None] = lambda _: None) -> tuple[int, int]:
        report = import_file(
            watched, export, source="town", channel=Channel.HOTLINE, now=utc_now(), progress=progress
        )
        return report.run.counts.stored, report.run.counts.unchanged

    with pytest.raises(KeyboardInterrupt):
        run(interrupt)
    assert watched.database.posts.count() == 500
    assert sorted(path.name for path in tmp_path.glob("*long*")) == ["long.csv"]
    done: list[int] = []
    assert run(done.append) == (600, 500)
    assert done == [500, 500, 101]
    assert run() == (0, 1100)
    assert (tmp_path / "long.csv.rejected.csv").exists()


def test_rows_that_are_stored_as_they_stand_are_not_read_again(watched: Parts, tmp_path: Path) -> None:
    export = tmp_path / "rows.csv"
    rows = ["编号,内容,时间", "a,路灯坏了。,2026-03-01", "b,停水三天。,2026-03-01", "b,停水三天。,2026-03-01"]
    days = iter(utc_now() + timedelta(days=day) for day in range(4))

    def run(channel: Channel = Channel.HOTLINE) -> dict[str, tuple[int, datetime]]:
        export.write_text("\n".join(rows), "utf-8")
        report = import_file(watched, export, source="town", channel=channel, now=next(days))
        assert report.run.counts.rejected == {"duplicate_id": 1}
        return {post.native_id: (post.revision, post.fetched_at) for post in watched.database.posts.stream()}

    first = run()
    assert run() == first
    rows[1] = "a,路灯又坏了。,2026-03-01"
    changed = run()
    assert (changed["b"], changed["a"][0]) == (first["b"], 2)
    assert run(Channel.INBOX)["b"][0] == 2


def test_a_mapping_stored_under_the_source_is_used(watched: Parts, tmp_path: Path) -> None:
    watched.settings.mappings_dir.mkdir()
    (watched.settings.mappings_dir / "镇里.yaml").write_text("text: 经过\nasked_at: 哪天\n", "utf-8")
    (tmp_path / "watch" / "镇里.csv").write_text("经过,哪天\n停水了,2026-03-01\n", "utf-8")
    look(watched)
    assert watched.database.posts.count() == 1


def test_the_folder_is_watched_where_one_is_set(watched: Parts, tmp_path: Path) -> None:
    jobs = {job.id for job in build_scheduler(watched, start_here(watched)).get_jobs()}
    assert "watch" in jobs
    start_here(watched)(JobKind.IMPORT)
    (tmp_path / "watch").rmdir()
    with pytest.raises(ConfigurationError, match="is no folder"):
        look(watched)
    with open_parts(load_settings(tmp_path / "data", environment={})) as parts:
        assert "watch" not in {job.id for job in build_scheduler(parts, start_here(parts)).get_jobs()}
        look(parts)


def test_a_failed_run_says_why_without_the_details_of_a_path(watched: Parts, tmp_path: Path) -> None:
    export = tmp_path / "town.csv"
    export.write_text("编号,诉求内容,受理时间\n1,停水了,\n", "utf-8")
    with pytest.raises(ConfigurationError, match="13912345678"):
        import_file(
            watched, export, source="town", channel=Channel.HOTLINE, now=utc_now(),
            rejects=tmp_path / "13912345678" / "rejected.csv",
        )  # fmt: skip
    run = watched.database.runs.latest(RunKind.IMPORT)["town"]
    assert (run.state, run.counts.stored) == (RunState.FAILED, 0)
    assert run.error is not None
    assert ("〔电话〕" in run.error, "13912345678" in run.error) == (True, False)


def test_nothing_personal_of_an_export_is_kept_or_logged(
    watched: Parts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, details = tmp_path / "watch", ("13912345678", "周小燕", "430102199003071239", "张大力")
    name = "联系人：周小燕13912345678"
    row = "我叫张大力，电话13912345678，身份证430102199003071239。"
    export = ["编号,标题,诉求内容,受理时间,区域,答复意见,联系电话,姓名"]
    export += [
        f"{number},{row},{row},{day},{row},{row},13912345678,张大力" for number, day in enumerate(DAYS)
    ]
    (folder / f"{name}.csv").write_text("\n".join(export), "utf-8")
    (folder / f"{name}.xlsx").write_bytes(b"PK\x03\x04 broken")
    look(watched)
    watched.pipeline.run()
    (report,) = (folder / "done").glob("*.report.json")
    assert json.loads(report.read_text("utf-8"))["counts"]["rejected"] == {"no_date": 1, "bad_date": 1}
    assert len([record for record in caplog.records if "〔电话〕" in record.message]) == 1
    kept = [
        *(folder / "done").glob("*.json"),
        *(folder / "failed").glob("*.json"),
        *folder.glob("done/*rejected*"),
    ]
    (tmp_path / "data" / "said.txt").write_text(
        caplog.text + "".join(path.read_text("utf-8") for path in kept), "utf-8"
    )
    planted = [Planted(kind="detail", value=value, where="export") for value in details]
    assert leaks_in_files(tmp_path / "data", planted) == []
