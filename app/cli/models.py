"""Commands of models: train a candidate, then list, compare, promote, roll back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.jsonl import existing, read_rows
from app.cli.options import DataDir, Output
from app.cli.output import Format, note, print_record, print_records
from app.settings import load_settings
from nlp.model_shelf import ModelKind, ModelShelf
from records.errors import ConfigurationError, nearest
from records.plain import plain
from records.times import utc_now

if TYPE_CHECKING:
    from nlp.register import RegisteredTopic
    from nlp.training_data import Row

models = typer.Typer(help="模型：列出、比较、启用、退回。", no_args_is_help=True)

Version = Annotated[str, typer.Argument(metavar="VERSION", help="模型的版本（开头几个字就够）")]
_OF_SEVERAL_FILES = (ModelKind.TOPICS, ModelKind.READINGS)
COLUMNS = ("kind", "version", "live", "shipped", "trained_at", "data", "rows", "figures")


def register(cli: typer.Typer) -> None:
    cli.command(
        help="训练一个候选模型，连同说明卡放在已有的旁边（huiying models promote 启用）。"
        "topics：主题；readings：类型、不满、紧急；replies：答复与提问；matter：词义；own：自定义主题（YAML）。"
    )(train)
    cli.command(help="主题公示：本安装在留言里识别哪些主题；自定义主题附定义，二级主题附词数。")(topics)
    cli.add_typer(models, name="models")
    models.command("list", help="列出模型：类别、版本、是否在用、训练时间、数据、行数、指标。")(list_models)
    models.command(help="并排比较两个模型的指标；给出已标注的数据就在其上测量，并数出判断不同的条数。")(
        compare
    )
    models.command(help="启用一个模型：立刻生效，已分析的留言在后台重新分析。低于下限的不启用。")(promote)
    models.command(help="退回之前在用的模型。")(rollback)


def train(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[KIND] FILE...", help="类别（默认 topics）和数据文件；topics、readings 可以有几个"
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="只存到这个文件夹，不放进安装")] = None,
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="加上 huiying label 标的（topics、readings）")
    ] = False,
    messages: Annotated[
        list[Path] | None,
        typer.Option(
            "--messages",
            help="标注所指的留言（readings），或作对照的普通留言（own；默认用库里的）；JSONL，可重复",
        ),
    ] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.installation import ensure_installation
    from app.models import train_candidate

    kind, files = _kind_and_files(words)
    trainer = partial(_trainer(kind), files if kind in _OF_SEVERAL_FILES else files[0])
    if kind is ModelKind.OWN:
        trainer = partial(_train_own, files[0], messages or [], data_dir)
    elif messages:
        if kind is not ModelKind.READINGS:
            raise ConfigurationError(f"train {kind}: --messages are for readings and own (leave them out)")
        trainer = partial(trainer, messages=messages)
    if with_labels:
        trainer = partial(trainer, also=_labelled(kind, data_dir))
    if out is not None:
        card = trainer(out)
        note("模型已存入 %(folder)s", folder=out)
    else:
        settings = load_settings(data_dir)
        ensure_installation(settings)
        card = train_candidate(kind, trainer, ModelShelf(settings.models_dir), now=utc_now())
        note(
            "候选模型 %(version)s 已存好（启用：huiying models promote %(version)s）", version=card["version"]
        )
    print_record(plain(card), form)


def _labelled(kind: ModelKind, data_dir: Path | None) -> Sequence[Row | Mapping[str, Any]]:
    from app.labelling import reading_rows, topic_rows
    from app.wiring import open_parts

    if kind not in (ModelKind.TOPICS, ModelKind.READINGS):
        raise ConfigurationError(
            f"train {kind}: --with-labels adds to topics and readings only (leave it out)"
        )
    with open_parts(load_settings(data_dir)) as parts:
        return topic_rows(parts.database) if kind is ModelKind.TOPICS else reading_rows(parts.database)


def list_models(form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from app.models import listed

    shelf = ModelShelf(load_settings(data_dir).models_dir)
    print_records([plain(model) for model in listed(shelf)], form, columns=COLUMNS)


def topics(form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from nlp.register import registered_topics

    registered = registered_topics(ModelShelf(load_settings(data_dir).models_dir))
    print_records((row for topic in registered for row in _registered(topic)), form)
    note("有上级主题的是二级主题：只按词建议；词不够或互相矛盾时不给建议。")


def _registered(topic: RegisteredTopic) -> Iterator[Mapping[str, Any]]:
    row = {"name": topic.name, "below": "", "words": None, "definition": topic.definition}
    yield {**row, "model": topic.model}
    for name, words in topic.below.items():
        yield {"name": name, "below": topic.name, "words": len(words), "definition": "", "model": ""}


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="一个模型的版本")],
    second: Annotated[str, typer.Argument(metavar="B", help="另一个模型的版本")],
    file: Annotated[Path | None, typer.Argument(help="已标注的 JSONL；不给就比较说明卡")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.models import compare as compare_models

    shelf = ModelShelf(load_settings(data_dir).models_dir)
    both = shelf.get(first), shelf.get(second)
    found = compare_models(*both, None if file is None else read_rows(file))
    if form is Format.JSON:
        print_record(plain(found), form)
    else:
        names = ["A", "B"] if both[0].version == both[1].version else [model.version for model in both]
        rows = [
            {"figure": name, **dict(zip(names, pair, strict=True))} for name, pair in found.figures.items()
        ]
        print_records(rows, form)
    if found.decided_differently is not None:
        note("%(rows)s 条里判断不同的 %(n)s 条", rows=found.rows, n=found.decided_differently)


def promote(
    version: Version,
    force: Annotated[bool, typer.Option("--force", help="低于下限也启用")] = False,
    data_dir: DataDir = None,
) -> None:
    from app.models import promote as promote_model
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        model = promote_model(parts, version, force=force, now=utc_now())
    note(
        "%(kind)s 改用 %(version)s；已分析的由 huiying up 在后台重新分析",
        kind=model.kind,
        version=model.version,
    )


def rollback(
    kind: Annotated[ModelKind, typer.Argument(help="类别")] = ModelKind.TOPICS, data_dir: DataDir = None
) -> None:
    from app.models import roll_back
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        version = roll_back(parts, kind, now=utc_now())
    if version is None:
        note("%(kind)s 不再有在用的模型；已分析的由 huiying up 在后台重新分析", kind=kind)
    else:
        note("%(kind)s 改用 %(version)s；已分析的由 huiying up 在后台重新分析", kind=kind, version=version)


def _kind_and_files(words: list[str]) -> tuple[ModelKind, list[Path]]:
    kind, *names = words if len(words) > 1 else [ModelKind.TOPICS.value, *words]
    known = [each.value for each in ModelKind]
    if kind not in known:
        raise ConfigurationError(
            f'train {" ".join(words)}: "{kind}" is no kind of model{nearest(kind, known)}'
            f" (huiying train [{'|'.join(known)}] FILE)"
        )
    if len(names) > 1 and kind not in _OF_SEVERAL_FILES:
        raise ConfigurationError(
            f"train {kind}: {len(names)} files, it takes one ({' and '.join(_OF_SEVERAL_FILES)} take several)"
        )
    return ModelKind(kind), [existing(Path(name)) for name in names]


def _trainer(kind: ModelKind) -> Callable[..., Mapping[str, Any]]:
    from nlp.training import train as train_topics
    from nlp.training_others import train_matter, train_readings_of, train_replies

    trainers: dict[ModelKind, Callable[..., Mapping[str, Any]]] = {
        ModelKind.TOPICS: train_topics,
        ModelKind.READINGS: train_readings_of,
        ModelKind.REPLIES: train_replies,
        ModelKind.MATTER: train_matter,
        ModelKind.OWN: _train_own,
    }
    return trainers[kind]


def _train_own(file: Path, messages: list[Path], data_dir: Path | None, out: Path) -> Mapping[str, Any]:
    from app.models import ordinary_messages, trained_topics
    from crawler.masking import mask
    from nlp.own_topics_training import train_own
    from nlp.training_data import read_texts

    settings = load_settings(data_dir)
    ordinary = [mask(text) for path in messages for text in read_texts(path)] or ordinary_messages(settings)
    trained = trained_topics(ModelShelf(settings.models_dir))
    return train_own(file, out, ordinary=ordinary, trained=trained, mask=mask)
