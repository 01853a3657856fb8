"""Commands of the job queue: what waits, runs and failed, and how far long work is."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import DataDir, Limit, Output
from app.cli.output import Format, note, print_records
from app.settings import load_settings
from records.errors import ConfigurationError
from records.job import JobState
from records.plain import plain

jobs = typer.Typer(help="后台任务（数据库为 PostgreSQL 时）：列出、重试、放弃。", no_args_is_help=True)

JobId = Annotated[int, typer.Argument(metavar="ID", help="任务号")]
COLUMNS = ("id", "kind", "state", "subject", "attempts", "due_at", "error")


def register(cli: typer.Typer) -> None:
    cli.add_typer(jobs, name="jobs")
    jobs.command("list", help="列出等待、在做和失败的任务，并说明重新分析、重建索引做到了哪里。")(list_jobs)
    jobs.command("retry", help="重试一个失败的任务。")(retry)
    jobs.command("drop", help="放弃一个失败的任务。")(drop)


def list_jobs(
    state: Annotated[list[JobState] | None, typer.Option("--state", help="只列这些状态")] = None,
    limit: Limit = 50,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        queue = parts.database.jobs
        if not queue.queued:
            note("数据库是 SQLite：没有任务队列，由 huiying up 直接做")
            return
        found = [job for one in state or JobState for job in queue.list(one, limit=limit)]
        figures, work = queue.figures(), queue.long_work()
    print_records([plain(job) for job in found], form, columns=COLUMNS)
    for one in work:
        note("%(kind)s：%(done)s / %(total)s", kind=one.kind, done=one.done, total=one.total)
    note(
        "等待 %(waiting)s，在做 %(running)s，失败 %(failed)s；待分析 %(posts)s 条；工作进程 %(workers)s 个",
        waiting=figures.waiting,
        running=figures.running,
        failed=figures.failed,
        posts=figures.posts_waiting,
        workers=figures.workers,
    )


def retry(job_id: JobId, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        if not parts.database.jobs.retry(job_id):
            raise _no_such_job(job_id)


def drop(job_id: JobId, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        if not parts.database.jobs.delete(job_id):
            raise _no_such_job(job_id)


def _no_such_job(job_id: int) -> ConfigurationError:
    return ConfigurationError(f"job {job_id}: has not failed (huiying jobs list --state failed shows those)")
