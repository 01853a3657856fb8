from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.conftest import Huiying

WATER = "临江区滨河路从昨天早上开始停水，到现在没有人通知什么时候恢复，家里有老人和孩子。"
AGAIN = "滨河路停水两天了，水厂电话打不通，希望尽快恢复供水。"
LAMP = "望山路的路灯坏了一个月，晚上走路很不安全，请派人修理。"
MESSAGES = [
    {"id": "1", "title": "滨河路停水", "text": WATER, "asked_at": "2026/3/1 8:30:00"},
    {"id": "2", "title": "滨河路又停水", "text": AGAIN, "asked_at": "2026/3/1 9:00:00"},
    {"id": "3", "title": "望山路路灯不亮", "text": LAMP, "asked_at": "2026/3/2 21:00:00"},
]


def write_jsonl(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "town.jsonl", MESSAGES)


def test_a_file_becomes_searchable_posts_and_problems(huiying: Huiying, messages: Path) -> None:
    imported = huiying("import", messages, "--format", "json")
    assert (imported.code, json.loads(imported.out)["stored"]) == (0, 3)
    found = huiying("search", "停水", "--format", "jsonl")
    assert {row["id"] for row in found.rows} == {"town/1", "town/2"}
    problems = huiying("problems", "list", "--format", "jsonl").rows
    assert sorted(post_id for problem in problems for post_id in problem["post_ids"]) == [
        "town/1",
        "town/2",
        "town/3",
    ]
    assert {"id", "title", "place", "topic", "n_posts", "n_voices", "state", "post_ids"} <= problems[0].keys()


def test_the_same_file_again_changes_nothing(huiying: Huiying, messages: Path) -> None:
    huiying("import", messages)
    again = json.loads(huiying("import", messages, "--format", "json").out)
    assert (again["stored"], again["updated"], again["unchanged"]) == (0, 0, 3)
    assert len(huiying("problems", "list", "--format", "jsonl").rows) == len(
        huiying("problems", "list", "--format", "jsonl").rows
    )


def test_rows_that_cannot_be_taken_are_named_and_the_rest_is_kept(huiying: Huiying, tmp_path: Path) -> None:
    rows = [
        *MESSAGES,
        {"id": "4", "text": "", "asked_at": "2026/3/1"},
        {"id": "5", "text": "路", "asked_at": "2026/2/30"},
    ]
    result = huiying("import", write_jsonl(tmp_path / "town.jsonl", rows), "--format", "json")
    counts = json.loads(result.out)
    assert (counts["fetched"], counts["stored"], sum(counts["rejected"].values())) == (5, 3, 2)
    assert "第 5 行未收（bad_date）" in result.err
    assert "town.jsonl.rejected.csv" in result.err
    assert "5,,bad_date," in (tmp_path / "town.jsonl.rejected.csv").read_text("utf-8-sig")
    huiying("import", write_jsonl(tmp_path / "town.jsonl", MESSAGES))
    assert not (tmp_path / "town.jsonl.rejected.csv").exists()
    assert result.code == 0


def test_personal_details_are_masked_before_they_are_stored(huiying: Huiying, tmp_path: Path) -> None:
    rows = [{"id": "1", "text": "路灯坏了，请打我电话13912345678，微信lampost_99。", "asked_at": "2026/3/1"}]
    huiying("import", write_jsonl(tmp_path / "town.jsonl", rows))
    [row] = huiying("search", "路灯", "--format", "jsonl").rows
    assert "〔电话〕" in row["text"]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"13912345678" not in stored
    assert b"lampost_99" not in stored


def test_why_tells_the_whole_way(huiying: Huiying, messages: Path) -> None:
    huiying("import", messages)
    steps = huiying("why", "town/1", "--format", "jsonl").rows
    assert [step["stage"] for step in steps][:5] == ["抓取", "脱敏", "入库", "分析", "归并"]
    assert huiying("why", "town/99").err.startswith('huiying: post "town/99": not stored here')


def test_reindex_finds_everything_again(huiying: Huiying, messages: Path) -> None:
    huiying("import", messages)
    before = huiying("search", "", "--format", "jsonl").out
    assert huiying("reindex").code == 0
    assert huiying("search", "", "--format", "jsonl").out == before
    assert "故障" not in huiying("doctor").out


@pytest.mark.parametrize("query", ["((", "*a", "topic:", "tpoic:x", '"停水', "asked:昨天", "停水 AND AND"])
def test_a_query_that_cannot_be_read_is_one_line(huiying: Huiying, messages: Path, query: str) -> None:
    result = huiying("search", query)
    assert result.code == 1
    assert result.err.startswith("huiying: ")
    assert len(result.err.splitlines()) == 1


def test_full_width_quotes_and_colons_are_read(huiying: Huiying, messages: Path) -> None:
    huiying("import", messages)
    assert len(huiying("search", "text：“滨河路停水”", "--format", "jsonl").rows) == 1


def test_every_format_tells_the_same(huiying: Huiying, messages: Path) -> None:
    huiying("import", messages)
    as_json = json.loads(huiying("problems", "list", "--format", "json").out)
    assert as_json == huiying("problems", "list", "--format", "jsonl").rows
    as_csv = list(csv.DictReader(io.StringIO(huiying("problems", "list", "--format", "csv").out)))
    assert [row["id"] for row in as_csv] == [row["id"] for row in as_json]
    assert as_json[0]["title"] in huiying("problems", "list").out


def test_analyse_streams_in_order(huiying: Huiying) -> None:
    rows = [
        {"id": "b", "text": "小区停水三天了，老人孩子没水喝"},
        {"id": "a", "text": "😀"},
        {"id": "c", "text": ""},
    ]
    result = huiying("analyse", "-", stdin="".join(json.dumps(row) + "\n" for row in rows))
    assert [row["id"] for row in result.rows] == ["b", "a", "c"]
    assert {
        "topic",
        "topic_guess",
        "topic_score",
        "runner_up",
        "urgency",
        "reasons",
        "places",
    } <= result.rows[0].keys()
    assert all(0 <= row["topic_score"] <= 1 for row in result.rows)


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "line 2: not JSON"), ("[]", "line 2: not a JSON object"),
     ('{"id": 1}', 'line 2: "text" is missing'),
     ('{"text": "x", "asked_at": "2026-02-30"}', 'line 2: date "2026-02-30"')],
)  # fmt: skip
def test_analyse_names_the_line_that_is_wrong(huiying: Huiying, line: str, message: str) -> None:
    result = huiying("analyse", "-", stdin='{"text": "停水"}\n' + line + "\n")
    assert result.code == 1
    assert message in result.err


def test_mask_reads_lines(huiying: Huiying) -> None:
    result = huiying("mask", stdin="我的电话是13912345678\n12345没人接\n")
    assert result.out.splitlines()[0].endswith("〔电话〕")
    assert result.out.splitlines()[1] == "12345没人接"


def test_half_a_surrogate_breaks_nothing(huiying: Huiying) -> None:
    result = huiying("analyse", "-", stdin='{"id": "\\ud800", "text": "\\ud83d停水了"}\n')
    assert (result.code, result.rows[0]["reasons"][0]["words"]) == (0, "停水")
    assert huiying("mask", stdin="电话13912345678\n").out == "电话〔电话〕\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "/nowhere.csv"], "/nowhere.csv"),
        (["crawl", "nobody"], "nobody"),
        (["crawl"], "no enabled source"),
        (["evaluate", "topics", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["alerts", "ack", "a0"], "a0"),
        (["brief", "daily", "--date", "yesterday"], "yesterday"),
        (["up", "--host", "0.0.0.0"], "0.0.0.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_with_a_code(
    huiying: Huiying, arguments: list[str], message: str
) -> None:
    result = huiying(*arguments)
    assert result.code in (1, 2)
    assert message in result.err
    assert result.err.startswith("huiying: ")
    assert len(result.err.splitlines()) == 1


def test_typos_in_files_are_one_line_with_the_fix(huiying: Huiying, tmp_path: Path) -> None:
    assert huiying("doctor").code == 0
    data = tmp_path / "data"
    (data / "sources.yaml").write_text("sources:\n- {name: a, spider: feed, titel: x}\n", encoding="utf-8")
    assert '(did you mean "title"?)' in huiying("sources", "list").err
    (data / "sources.yaml").write_text("sources: []\n", encoding="utf-8")
    rule = next((data / "rules").glob("*.yaml"))
    rule.write_text(rule.read_text(encoding="utf-8").replace("description:", "descripton:"), encoding="utf-8")
    checked = huiying("rules", "check")
    assert checked.code == 2
    assert "description" in checked.err
    (data / "huiying.toml").write_text("prot = 1\n", encoding="utf-8")
    assert "port" in huiying("doctor").err


def test_a_read_only_folder_is_refused_in_one_line(huiying: Huiying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIYING_DATA_DIR", "/proc/huiying")  # not even root may write there
    result = huiying("search", "x")
    assert result.code == 2
    assert "cannot be written to" in result.err


def test_a_port_in_use_is_named(huiying: Huiying) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = huiying("up", "--port", str(port))
    assert result.code == 2
    assert f"port {port}: in use" in result.err


def test_help_is_chinese_first_and_english_complete(
    huiying: Huiying, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = huiying("--help").out
    assert "检索留言" in commands
    assert "..." not in commands.partition("Commands:")[2]
    monkeypatch.setenv("HUIYING_LANGUAGE", "en")
    for command in ((), ("search",), ("import",), ("alerts",), ("evaluate",), ("demo",)):
        text = huiying(*command, "--help").out.replace("停水 AND", "")
        assert not any("一" <= sign <= "鿿" for sign in text), text


def test_an_import_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"{WATER}第{n}次反映", "asked_at": "2026/3/1 8:30"} for n in range(3000)]
    file = write_jsonl(tmp_path / "town.jsonl", rows)
    environment = {**os.environ, "HUIYING_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "app", "import", str(file), "--format", "json"]
    for wait_s in (0.8, 1.6, 2.4):
        child = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.wait()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    counts = json.loads(done.stdout)
    assert counts["stored"] + counts["unchanged"] == 3000
    doctor = [sys.executable, "-m", "app", "doctor", "--format", "jsonl"]
    findings = subprocess.run(doctor, env=environment, capture_output=True, text=True, check=True).stdout
    assert "3000 posts indexed" in findings
