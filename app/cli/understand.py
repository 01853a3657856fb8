"""Commands of understanding: analyse, mask, train, evaluate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from app.cli.options import DataDir, Output
from app.cli.output import Format, note, print_json, print_record, print_records, write
from app.settings import load_settings
from records.analysis import Analysis
from records.errors import ConfigurationError, Rejected
from records.plain import plain
from records.post import Channel, Post, Reply
from records.times import parse_time, utc_now

# Messages analysed at once: enough for vectorised work, few enough that a reader at a pipe sees it flow.
ANALYSE_BATCH = 512
EXPORTED_KEYS = (
    "post_id", "model_version", "topic", "topic_guess", "topic_score", "runner_up", "intent", "intent_score",
    "dissatisfaction", "urgency", "reasons", "places", "keywords", "reply_quality",
)  # fmt: skip


class Task(StrEnum):
    TOPICS = "topics"
    REPLIES = "replies"
    PROBLEMS = "problems"
    READINGS = "readings"
    PLACES = "places"


def register(cli: typer.Typer) -> None:
    cli.command(
        help="分析文本：每行一条 JSON（id、text，可有 title、asked_at、place、replies），逐行输出分析结果。"
    )(analyse)
    cli.command(help="遮去标准输入中的个人信息，逐行输出。")(mask)
    cli.command(help="用已标注的留言训练主题模型，连同说明卡存入安装。")(train)
    cli.command(help="在已标注的数据上测量（readings：类型、不满、紧急；places：地点）。")(evaluate)


def analyse(
    file: Annotated[str, typer.Argument(help="JSONL 文件，或 - 表示标准输入")],
    form: Output = Format.JSONL,
    data_dir: DataDir = None,
) -> None:
    from nlp.analyser import Analyser

    settings = load_settings(data_dir)
    analyser = Analyser.load(settings.models_dir)
    with _opened(file) as lines:
        posts = (_post(number, row, utc_now()) for number, row in _rows(lines, file))
        print_records(
            _analysed(posts, analyser),
            form,
            columns=("id", "topic", "topic_score", "intent", "urgency", "places"),
        )


def mask() -> None:
    from crawler.masking import mask as mask_text

    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper
    for line in sys.stdin:
        write(mask_text(line))
        sys.stdout.flush()


def train(
    file: Annotated[Path, typer.Argument(help="已标注的 JSONL：text、topic，可有 title")],
    out: Annotated[Path | None, typer.Option("--out", help="存放模型的文件夹（默认安装的 models）")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.installation import ensure_installation
    from nlp.training import train as train_model

    folder = out or ensure_installation(load_settings(data_dir)) / "models"
    card = train_model(_existing(file), folder)
    print_record(plain(card), form)
    note("模型已存入 %(folder)s", folder=folder)


def evaluate(
    task: Annotated[Task, typer.Argument(help="topics、replies、problems、readings 或 places")],
    file: Annotated[Path, typer.Argument(help="已标注的 JSONL")],
    messages: Annotated[
        list[Path] | None,
        typer.Option("--messages", help="全部留言的 JSONL（topics、replies 以外；可重复）"),
    ] = None,
    second: Annotated[
        Path | None, typer.Option("--second", help="另一人对同一批留言的标注（readings）")
    ] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from nlp import evaluation
    from nlp.analyser import Analyser

    rows = _read(file)
    if task is Task.TOPICS:
        settings = load_settings(data_dir)
        result: Mapping[str, Any] = evaluation.evaluate_topics(
            rows, analyser=Analyser.load(settings.models_dir)
        )
    elif task is Task.REPLIES:
        result = evaluation.evaluate_replies(rows)
    elif not messages:
        raise ConfigurationError(f"evaluate {task}: --messages is missing (the JSONL file of all messages)")
    elif task is Task.READINGS:
        analyser = Analyser.load(load_settings(data_dir).models_dir)
        others = _read(second) if second is not None else None
        result = evaluation.evaluate_readings(_read_all(messages), rows, second=others, analyser=analyser)
    elif task is Task.PLACES:
        result = evaluation.evaluate_places(_read_all(messages), rows)
    else:
        result = evaluation.evaluate_problems(map(_masked, _read_all(messages)), rows)
    if form is Format.JSON:
        print_json(plain(result))
    else:
        print_record(plain(result), form)


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message as the pipeline would have stored it."""
    from crawler.masking import mask as mask_text

    texts = {key: mask_text(row[key]) for key in ("title", "text") if isinstance(row.get(key), str)}
    return {**row, **texts}


def _analysed(posts: Iterable[Post], analyser: Any) -> Iterator[Mapping[str, Any]]:
    rows = iter(posts)
    while batch := list(islice(rows, ANALYSE_BATCH)):
        for post, analysis in zip(batch, analyser.analyse(batch), strict=True):
            yield _exported(post, analysis)


def _exported(post: Post, analysis: Analysis) -> dict[str, Any]:
    values = plain(analysis)
    return {"id": post.native_id, **{key: values[key] for key in EXPORTED_KEYS}, "post_id": post.native_id}


def _post(number: int, row: Mapping[str, Any], now: datetime) -> Post:
    if not isinstance(row.get("text"), str):
        raise Rejected("no_text", f'line {number}: "text" is missing or not a string')
    return Post(
        source="input",
        channel=Channel.INBOX,
        native_id=str(row.get("id", number)),
        title=str(row.get("title") or ""),
        text=row["text"],
        asked_at=_time(number, row.get("asked_at")) or now,
        fetched_at=now,
        place=row.get("place"),
        replies=tuple(_reply(number, reply) for reply in row.get("replies") or ()),
    )


def _reply(number: int, reply: Any) -> Reply:
    if isinstance(reply, str):
        return Reply(text=reply)
    if not isinstance(reply, Mapping) or not isinstance(reply.get("text"), str):
        raise Rejected("bad_reply", f'line {number}: a reply is a string, or an object with "text"')
    return Reply(
        text=reply["text"],
        department=reply.get("department"),
        replied_at=_time(number, reply.get("replied_at")),
    )


def _time(number: int, text: Any) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except (Rejected, AttributeError, TypeError) as err:
        raise Rejected("bad_date", f"line {number}: {err}") from err


def _opened(file: str) -> Any:
    if file == "-":
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper
        return nullcontext(sys.stdin)
    return _existing(Path(file)).open(encoding="utf-8", errors="replace")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ConfigurationError(f'file "{path}": not found')
    return path


def _read(path: Path) -> list[dict[str, Any]]:
    with _existing(path).open(encoding="utf-8", errors="replace") as lines:
        return [row for _, row in _rows(lines, str(path))]


def _read_all(paths: Iterable[Path]) -> list[dict[str, Any]]:
    return [row for path in paths for row in _read(path)]


def _rows(lines: TextIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as err:
            raise Rejected("bad_json", f"{name}, line {number}: not JSON: {err}") from err
        if not isinstance(row, dict):
            raise Rejected("bad_json", f"{name}, line {number}: not a JSON object")
        yield number, row
