"""Commands of understanding: analyse, mask, evaluate."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.jsonl import existing, opened, read_all_rows, read_rows, rows_of
from app.cli.options import DataDir, Output
from app.cli.output import Format, note, print_json, print_record, print_records, write
from app.settings import load_settings
from records.analysis import Analysis
from records.errors import ConfigurationError, HuiyingError, Rejected
from records.plain import plain
from records.post import Channel, Post, Reply
from records.times import parse_time, utc_now

if TYPE_CHECKING:
    from nlp.model_shelf import ShelvedModel

# Messages analysed at once: enough for vectorised work, few enough that a reader at a pipe sees it flow.
ANALYSE_BATCH = 512
EXPORTED_KEYS = (
    "post_id", "model_version", "topic", "topic_guess", "topic_score", "runner_up", "subtopic", "own_topics",
    "intent", "intent_score", "dissatisfaction", "urgency", "reasons", "places", "keywords", "reply_quality",
)  # fmt: skip


class Task(StrEnum):
    TOPICS = "topics"
    REPLIES = "replies"
    PROBLEMS = "problems"
    READINGS = "readings"
    PLACES = "places"
    SUBTOPICS = "subtopics"


def register(cli: typer.Typer) -> None:
    cli.command(
        help="分析文本：每行一条 JSON（id、text，可有 title、asked_at、place、replies），逐行输出分析结果。"
    )(analyse)
    cli.command(help="遮去标准输入中的个人信息，逐行输出。")(mask)
    cli.command(
        help="在已标注的数据上测量（readings：类型、不满、紧急；places：地点；subtopics：二级主题）。"
    )(evaluate)


def analyse(
    file: Annotated[str, typer.Argument(help="JSONL 文件，或 - 表示标准输入")],
    form: Output = Format.JSONL,
    data_dir: DataDir = None,
) -> None:
    from nlp.analyser import Analyser
    from nlp.user_words import use_words

    settings = load_settings(data_dir)
    use_words(settings.words_file)
    analyser = Analyser.load(settings.models_dir)
    with opened(file) as lines:
        posts = (_post(number, row, utc_now()) for number, row in rows_of(lines, file))
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


def evaluate(
    task: Annotated[Task, typer.Argument(help="topics、replies、problems、readings、places 或 subtopics")],
    file: Annotated[Path, typer.Argument(help="已标注的 JSONL")],
    messages: Annotated[
        list[Path] | None,
        typer.Option("--messages", help="全部留言的 JSONL（topics、replies 以外；可重复）"),
    ] = None,
    second: Annotated[
        Path | None, typer.Option("--second", help="另一人对同一批留言的标注（readings、subtopics）")
    ] = None,
    floors: Annotated[
        Path | None, typer.Option("--floors", help="下限文件：任何指标低于下限就以 1 结束")
    ] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from nlp.floors import floors_for, shortfalls

    wanted = {} if floors is None else floors_for(floors, data=existing(file), task=task.value)
    result = _measured(task, file, messages or [], second, load_settings(data_dir).models_dir)
    if form is Format.JSON:
        print_json(plain(result))
    else:
        print_record(plain(result), form)
    if short := shortfalls(result, wanted):
        raise HuiyingError(f"evaluate {task}: {'; '.join(short)}")


def _measured(
    task: Task, file: Path, messages: Sequence[Path], second: Path | None, models: Path
) -> Mapping[str, Any]:
    from nlp import evaluation
    from nlp.analyser import Analyser
    from nlp.model_shelf import ModelKind, ModelShelf

    rows = read_rows(file)
    if task is Task.TOPICS:
        if _has_learnt_from(file, ModelShelf(models).live(ModelKind.TOPICS)):
            note("在用的模型学过这个文件，指标会偏高；没有学过的数据上的指标见它的说明卡")
        return evaluation.evaluate_topics(rows, analyser=Analyser.load(models))
    if task is Task.REPLIES:
        return _measured_replies(file, models)
    if not messages:
        raise ConfigurationError(f"evaluate {task}: --messages is missing (the JSONL file of all messages)")
    if task in (Task.READINGS, Task.SUBTOPICS):
        measure = evaluation.evaluate_readings if task is Task.READINGS else evaluation.evaluate_subtopics
        others = read_rows(second) if second is not None else None
        return measure(read_all_rows(messages), rows, second=others, analyser=Analyser.load(models))
    if task is Task.PLACES:
        return evaluation.evaluate_places(read_all_rows(messages), rows)
    return evaluation.evaluate_problems(map(_masked, read_all_rows(messages)), rows)


def _measured_replies(file: Path, models: Path) -> Mapping[str, Any]:
    """Return figures of replies that the measuring model had not seen, also where the one in use has."""
    from nlp.answers import AnswerModel
    from nlp.evaluation import evaluate_replies
    from nlp.model_shelf import ModelKind, ModelShelf
    from nlp.training_data import read_answered
    from nlp.training_others import measure_replies

    shelf = ModelShelf(models)
    if _has_learnt_from(file, shelf.live(ModelKind.REPLIES)):
        note("在用的模型学过这个文件：分成三份，每份由只学过另两份的模型来排")
        return measure_replies(read_answered(file))
    return evaluate_replies(read_rows(file), model=shelf.load(ModelKind.REPLIES, AnswerModel.load))


def _has_learnt_from(file: Path, model: ShelvedModel | None) -> bool:
    if model is None:
        return False
    digest = hashlib.sha256(existing(file).read_bytes()).hexdigest()
    return digest in (model.card.get("data_sha256"), *model.card.get("files_sha256", ()))


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message as the pipeline would have stored it."""
    from crawler.masking import mask as mask_text

    texts = {key: mask_text(row[key]) for key in ("title", "text") if isinstance(row.get(key), str)}
    return {**row, **texts}


def _analysed(posts: Iterable[Post], analyser: Any) -> Iterator[Mapping[str, Any]]:
    rows = iter(posts)
    while batch := list(islice(rows, ANALYSE_BATCH)):
        yield from map(_exported, batch, analyser.analyse(batch))


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
