from __future__ import annotations

from pathlib import Path

import pytest

from crawler.decoding import file_encoding, find_encoding

TEXT = "湖区路灯坏了三天，㐂里小区居民晚上看不清路。"


@pytest.mark.parametrize(
    ("body", "declared", "encoding"),
    [
        (TEXT.encode("utf-8"), "utf-8", "utf-8"),
        (TEXT.encode("gb18030"), "gb2312", "gb18030"),
        (TEXT.encode("gb18030"), "utf-8", "gb18030"),  # mislabelled
        (TEXT.encode("utf-8"), "gbk", "utf-8"),  # mislabelled the other way
        (TEXT.encode("gb18030"), None, "gb18030"),
        (TEXT.encode("gb18030"), "ISO-8859-1", "gb18030"),  # a server's default
        (TEXT.encode("utf-8-sig"), None, "utf-8-sig"),
        (TEXT.encode("utf-16"), None, "utf-16"),
        ("臺北市政府".encode("big5"), "big5", "big5hkscs"),
        (b"plain", None, "utf-8"),
        (b"", "no-such-encoding", "utf-8"),
    ],
)
def test_the_encoding_is_that_of_the_bytes(body: bytes, declared: str | None, encoding: str) -> None:
    assert find_encoding(body, declared) == encoding


def test_stray_bytes_cost_few_characters() -> None:
    assert find_encoding(TEXT.encode("utf-8") + b"\xff", "utf-8") == "utf-8"
    assert find_encoding(TEXT.encode("gb18030") * 3 + b"\xff\xff", "gbk") == "gb18030"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_whole_before_its_encoding_is_said(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(("id,text\n" * 200_000 + f"1,{TEXT}\n").encode(encoding))
    assert path.read_text(file_encoding(path)).endswith(f"1,{TEXT}\n")
