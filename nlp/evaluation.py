"""How good the machine is on labelled rows, as plain numbers: what `huiying evaluate` prints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nlp.analyser import Analyser
from nlp.answers import AnswerModel
from nlp.figures import agreement, cohen_kappa, suggestion_figures, topic_figures
from nlp.places import find_places
from nlp.problems import merge_stream
from nlp.replies import rank_questions
from nlp.segment import normalise
from nlp.topics import TopicGuess
from records.analysis import PlaceKind
from records.errors import Rejected
from records.post import Channel, Post
from records.times import parse_time

# Dissatisfaction is 0-1; people label four levels: asks or thanks, inconvenience, failure, grave failure.
DISSATISFACTION_EDGES = (0.25, 0.5, 0.75)
# What was read when places were marked: the title and this many characters of the text.
MARKED_CHARACTERS = 600
_RARELY_MARKED = (PlaceKind.CITY, PlaceKind.PROVINCE)
_UNDATED = datetime(2020, 1, 1, tzinfo=UTC)  # topics and replies do not depend on the time


def evaluate_topics(rows: Iterable[Mapping[str, Any]], *, analyser: Analyser | None = None) -> dict[str, Any]:
    """Return the figures of `nlp.figures.topic_figures` for rows with `text`, `topic` and optional `title`.

    Raises Rejected("bad_row") for a row without them.
    """
    known = list(rows)
    posts = [_post(row, number, "topic") for number, row in enumerate(known, start=1)]
    analyses = (analyser or Analyser.load()).analyse(posts)
    guesses = [
        TopicGuess(topic=a.topic, guess=a.topic_guess, score=a.topic_score, runner_up=a.runner_up)
        for a in analyses
    ]
    return topic_figures(guesses, [row["topic"] for row in known])


def evaluate_replies(
    rows: Iterable[Mapping[str, Any]], *, model: AnswerModel | None = None
) -> dict[str, Any]:
    """Return rows, mrr and first (share ranked first) for rows with `text`, `reply` and optional `title`,
    `asked_at`, `replied_at`.

    Every reply is ranked against all questions of the rows. Raises Rejected("bad_row").
    """
    known = list(rows)
    questions = [_post(row, number, "reply").whole_text for number, row in enumerate(known, start=1)]
    if not known:
        return {"rows": 0, "mrr": 0.0, "first": 0.0}
    ranks = rank_questions(
        questions,
        [row["reply"] for row in known],
        asked=[_time(row.get("asked_at")) for row in known],
        replied=[_time(row.get("replied_at")) for row in known],
        model=model or AnswerModel.load(),
    )
    return {
        "rows": len(known),
        "mrr": round(float((1 / ranks).mean()), 4),
        "first": round(float(np.mean(ranks == 1)), 4),
    }


def evaluate_problems(
    messages: Iterable[Mapping[str, Any]], issues: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return mean_f1 and for each known issue its best F1 and the problem that gives it.

    `messages` (id, text, asked_at, optional title) are merged in order of time as the pipeline does; each of
    `issues` states `issue` and `ids`. Raises Rejected("bad_row").
    """
    posts = [_post(row, number, "asked_at") for number, row in enumerate(messages, start=1)]
    problems = {name: {i.split("/", 1)[1] for i in ids} for name, ids in merge_stream(posts).items()}
    found = []
    for row in issues:
        wanted = {str(i) for i in row["ids"]}
        f1 = {name: 2 * len(ids & wanted) / (len(ids) + len(wanted)) for name, ids in problems.items()}
        best = max(f1, key=lambda name: (f1[name], name), default=None)
        found.append({"issue": row["issue"], "problem": best, "best_f1": round(f1[best], 4) if best else 0.0})
    mean = round(float(np.mean([issue["best_f1"] for issue in found])), 4) if found else 0.0
    return {"messages": len(posts), "problems": len(problems), "mean_f1": mean, "issues": found}


def evaluate_readings(
    messages: Iterable[Mapping[str, Any]],
    labels: Iterable[Mapping[str, Any]],
    *,
    second: Iterable[Mapping[str, Any]] | None = None,
    analyser: Analyser | None = None,
) -> dict[str, Any]:
    """Return how far the machine agrees with one or two labellers on intent, dissatisfaction and urgency.

    Labels state id, sha1 of the text, intent, dissatisfaction and urgency (0-3); `second` are another
    labeller's of the same messages, in any order. Where some of `labels` are marked `held_out`, only these
    are measured: the others taught the shipped model. Raises Rejected("unknown_text") for a label whose text
    is not among `messages`, Rejected("unpaired_label") for one that only the first labeller gave.
    """
    texts = {text_key(row): row for row in messages}
    known = _held_out(labels)
    labellers = [known] if second is None else [known, _paired(known, second)]
    rows = [labelled_row(texts, label) for label in known]
    posts = [_post(row, number) for number, row in enumerate(rows, start=1)]
    found = (analyser or Analyser.load()).analyse(posts)
    machine: dict[str, list[Any]] = {
        "intent": [str(a.intent) for a in found],
        "dissatisfaction": [dissatisfaction_level(a.dissatisfaction) for a in found],
        "urgency": [a.urgency for a in found],
    }
    return {
        "rows": len(known),
        **{
            reading: agreement([[label[reading] for label in each] for each in labellers], guesses)
            for reading, guesses in machine.items()
        },
    }


def evaluate_subtopics(
    messages: Iterable[Mapping[str, Any]],
    labels: Iterable[Mapping[str, Any]],
    *,
    second: Iterable[Mapping[str, Any]] | None = None,
    analyser: Analyser | None = None,
) -> dict[str, Any]:
    """Return `nlp.figures.suggestion_figures` of the second level, below the topic that the machine gives.

    Labels state id, sha1 of the text and `subtopic` (null: none of the classes); `second` and `held_out` are
    as in `evaluate_readings`. With `second` there are also kappa_of_labellers and the figures by_second and
    by_both, by the labels that both gave.
    """
    texts = {text_key(row): row for row in messages}
    known = _held_out(labels)
    posts = [_post(labelled_row(texts, label), number) for number, label in enumerate(known, start=1)]
    found = [analysis.subtopic for analysis in (analyser or Analyser.load()).analyse(posts)]
    names = [label["subtopic"] for label in known]
    figures = suggestion_figures(found, names)
    if second is None:
        return figures
    others = [label["subtopic"] for label in _paired(known, second)]
    agreed = [at for at, (a, b) in enumerate(zip(names, others, strict=True)) if a == b]
    return {
        **figures,
        "kappa_of_labellers": round(cohen_kappa([a or "" for a in names], [b or "" for b in others]), 4),
        "by_second": suggestion_figures(found, others),
        "by_both": suggestion_figures([found[at] for at in agreed], [names[at] for at in agreed]),
    }


def evaluate_places(
    messages: Iterable[Mapping[str, Any]], labels: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return how many of the marked names are found (recall), how many of the found are marked (precision)
    and how often the main place is found; each exactly, and where one name holds the other.

    Labels state id, sha1 of the text, `places` and `main` (null if none) as start and end in title, newline
    and text. Names count once a message; a city or province that is found and not marked does not count, for
    it is marked only where nothing smaller is named. Where some labels are marked `held_out`, only these are
    measured. Raises Rejected("unknown_text") for a label whose text is not among `messages`.
    """
    texts = {text_key(row): row for row in messages}
    known = _held_out(labels)
    counts = {"marked": 0, "found": 0, "hit": 0, "touched": 0, "touching": 0}
    mains = {"main": 0, "main_hit": 0, "main_touched": 0}
    for label in known:
        row = labelled_row(texts, label)
        title = f"{row.get('title') or ''}\n"
        text = title + row["text"]
        marked = {_span(text, place) for place in label["places"]}
        mentions = find_places(text[: len(title) + MARKED_CHARACTERS])
        names = {m.name for m in mentions if m.kind not in _RARELY_MARKED or m.name in marked}
        for key, value in zip(counts, _matched(marked, names), strict=True):
            counts[key] += value
        if label["main"] is not None:
            _, _, hit, touched, _ = _matched({_span(text, label["main"])}, names)
            for key, value in zip(mains, (1, hit, touched), strict=True):
                mains[key] += value
    return {
        "rows": len(known),
        "recall": _share(counts["hit"], counts["marked"]),
        "precision": _share(counts["hit"], counts["found"]),
        "recall_overlapping": _share(counts["touched"], counts["marked"]),
        "precision_overlapping": _share(counts["touching"], counts["found"]),
        "main": _share(mains["main_hit"], mains["main"]),
        "main_overlapping": _share(mains["main_touched"], mains["main"]),
    }


def _matched(marked: set[str], found: set[str]) -> tuple[int, int, int, int, int]:
    """Return how many are marked, found, both; and how many of the marked, and of the found, touch one."""
    return (
        len(marked),
        len(found),
        len(marked & found),
        sum(any(name in other or other in name for other in found) for name in marked),
        sum(any(name in other or other in name for other in marked) for name in found),
    )


def _span(text: str, place: Mapping[str, int]) -> str:
    return normalise(text[place["start"] : place["end"]])


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _held_out(labels: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the labels that taught nothing; all of them where none is marked so."""
    known = list(labels)
    return [label for label in known if label.get("held_out")] or known


def dissatisfaction_level(value: float) -> int:
    """Return the level 0-3 of a dissatisfaction of 0-1."""
    return sum(value >= edge for edge in DISSATISFACTION_EDGES)


def text_key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return id and SHA-1 of the text: what joins labels, which hold no text, with messages."""
    text = str(row.get("text", "")).encode("utf-8", "surrogatepass")
    return str(row.get("id")), hashlib.sha1(text, usedforsecurity=False).hexdigest()


def labelled_row(
    texts: Mapping[tuple[str, str], Mapping[str, Any]], label: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the message that `label` is about. Raises Rejected("unknown_text") where it is not there."""
    row = texts.get((str(label["id"]), label["sha1"]))
    if row is None:
        raise Rejected("unknown_text", f'label of "{label["id"]}": that text is not among the messages')
    return row


def _paired(labels: Sequence[Mapping[str, Any]], others: Iterable[Mapping[str, Any]]) -> list[Any]:
    by_key = {(str(label["id"]), label["sha1"]): label for label in others}
    for label in labels:
        if (str(label["id"]), label["sha1"]) not in by_key:
            raise Rejected("unpaired_label", f'label of "{label["id"]}": the second labeller gave none')
    return [by_key[str(label["id"]), label["sha1"]] for label in labels]


def _post(row: Mapping[str, Any], number: int, *needed: str) -> Post:
    for key in ("text", *needed):
        if not isinstance(row.get(key), str):
            raise Rejected("bad_row", f'row {number}: "{key}" is missing or no string (each row needs it)')
    return Post(
        source="evaluation",
        channel=Channel.INBOX,
        native_id=str(row.get("id") or number),
        title=row.get("title") or "",
        text=row["text"],
        asked_at=_time(row.get("asked_at")) or _UNDATED,
        fetched_at=_UNDATED,
    )


def _time(text: str | None) -> datetime | None:
    return parse_time(text) if text else None
