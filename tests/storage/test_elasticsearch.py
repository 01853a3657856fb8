"""The index on a real cluster: aliases, rebuilding under readers, versions, and what a person is told."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from nlp.segment import words
from records.errors import ConfigurationError, Rejected, Retryable
from records.times import DEFAULT_ZONE
from storage import elasticsearch_bulk, elasticsearch_client, elasticsearch_generations
from storage.elasticsearch_client import read_address
from storage.elasticsearch_index import ElasticsearchIndex
from storage.elasticsearch_schema import SCHEMA_VERSION, build_mapping
from storage.search_engines import open_index
from storage.tantivy_index import TantivyIndex
from tests.servers import free_port
from tests.storage.clusters import dropped, unused_name
from tests.storage.indexed import document


def opened(url: str) -> ElasticsearchIndex:
    index = open_index(url, segment=words, zone=DEFAULT_ZONE)
    assert isinstance(index, ElasticsearchIndex)
    return index


@pytest.fixture
def url(elasticsearch_server: str) -> Iterator[str]:
    where = f"{elasticsearch_server}/{unused_name()}"
    with dropped(where):
        yield where


@pytest.fixture
def index(url: str) -> Iterator[ElasticsearchIndex]:
    index = opened(url)
    yield index
    index.close()


@pytest.fixture
def raw(elasticsearch_server: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_server) as client:
        yield client


def test_readers_see_the_old_index_until_the_new_one_is_published(
    index: ElasticsearchIndex, url: str
) -> None:
    reader = opened(url)
    index.add([document(1), document(2)])
    index.refresh(watermark=5)
    index.begin_rebuild()
    assert (index.watermark(), reader.count()) == (0, 2)
    index.add([document(3)])
    index.refresh(watermark=9)
    assert (reader.watermark(), reader.count()) == (9, 2)
    reader.publish()  # whoever comes to the end publishes
    assert [hit.post_id for hit in reader.search().hits] == ["mailbox/3"]
    index.publish()
    assert index.count() == 1
    reader.close()


def test_a_rebuild_that_was_given_up_is_begun_anew(
    index: ElasticsearchIndex, raw: Elasticsearch, url: str
) -> None:
    index.add([document(1)])
    index.refresh()
    index.begin_rebuild()
    index.add([document(2)])
    again = opened(url)
    again.begin_rebuild()
    again.add([document(3)])
    again.refresh()
    again.publish()
    assert [hit.post_id for hit in index.search().hits] == ["mailbox/3"]
    assert len(raw.indices.get(index=f"{read_address(url).name}-v*")) == 1
    again.close()


def test_who_wrote_before_a_rebuild_has_to_try_again(index: ElasticsearchIndex, url: str) -> None:
    other = opened(url)
    with index.writing():
        index.add([document(1)])
        other.begin_rebuild()
        with pytest.raises(Retryable, match="began to rebuild"):
            index.refresh(watermark=3)
    assert other.watermark() == 0
    other.close()


def test_a_late_write_never_replaces_a_newer_one(index: ElasticsearchIndex) -> None:
    index.add([document(1, text="新的")], version=7)
    assert index.add([document(1, text="旧的"), document(2)], version=6) == 2
    index.delete(["mailbox/1"], version=6)
    index.refresh()
    assert (index.count("新的"), index.count("旧的"), index.count()) == (1, 0, 2)
    index.delete(["mailbox/1"], version=8)
    index.add([document(1)], version=7)
    index.refresh()
    assert index.count() == 1


def test_one_refused_document_does_not_stop_the_others(
    index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = elasticsearch_bulk.document_fields
    monkeypatch.setattr(
        elasticsearch_bulk,
        "document_fields",
        lambda one: build(one) | ({"author": "某人"} if one.id == "mailbox/2" else {}),
    )
    with pytest.raises(Rejected, match=r'1 documents refused, the first is "mailbox/2".*author') as raised:
        index.add(document(number) for number in (1, 2, 3))
    assert "\n" not in str(raised.value)
    index.refresh()
    assert index.count() == 2


def test_the_mapping_is_strict_and_no_text_is_kept(
    index: ElasticsearchIndex, raw: Elasticsearch, url: str
) -> None:
    index.add([document(1)])
    index.refresh()
    name = read_address(url).name
    with pytest.raises(BadRequestError, match="strict_dynamic_mapping"):
        raw.index(index=name, document={"id": "x", "author": "某人"})
    (hit,) = raw.search(index=name)["hits"]["hits"]
    assert not {key for key in hit["_source"] if key.startswith(("title", "text", "reply"))}


def test_an_id_of_any_length_is_kept_whole(index: ElasticsearchIndex) -> None:
    long = document(1, native_id="号" * 600)
    index.add([long])
    index.add([long])
    index.refresh()
    assert [hit.post_id for hit in index.search().hits] == [long.id]
    index.delete([long.id])
    index.refresh()
    assert index.count() == 0


def test_an_index_of_an_older_version_is_built_anew_beside(
    index: ElasticsearchIndex, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add([document(1)])
    index.refresh(watermark=4)
    monkeypatch.setattr(
        elasticsearch_generations, "SCHEMA_VERSION", elasticsearch_generations.SCHEMA_VERSION + 1
    )
    newer = opened(url)
    assert (newer.watermark(), newer.count()) == (0, 1)
    monkeypatch.undo()
    with pytest.raises(ConfigurationError, match=r"newer than this version knows .*upgrade"):
        index.watermark()
    newer.close()


def test_names_that_are_taken_are_left_alone(url: str, raw: Elasticsearch) -> None:
    name = read_address(url).name
    raw.indices.create(index=f"{name}-v7x", aliases={name: {}, f"{name}-write": {}})
    with pytest.raises(ConfigurationError, match="belongs to something else"):
        opened(url).count()
    raw.indices.create(index=f"{name}-v8", aliases={name: {}})
    with pytest.raises(ConfigurationError, match="do not name one index each"):
        opened(url).count()
    raw.indices.delete(index=[f"{name}-v7x", f"{name}-v8"])
    raw.indices.create(index=name)
    with pytest.raises(ConfigurationError, match="something else has an index of this name"):
        opened(url).count()
    raw.indices.delete(index=name)


def test_an_index_that_is_lost_is_made_anew(index: ElasticsearchIndex, raw: Elasticsearch, url: str) -> None:
    index.add([document(1)])
    index.refresh(watermark=4)
    for use in (index.count, index.watermark, lambda: index.add([document(1)])):
        raw.indices.delete(index=list(raw.indices.get(index=f"{read_address(url).name}-v*")))
        with pytest.raises(Retryable, match="the index is gone"):
            use()
        assert (index.watermark(), index.count()) == (0, 0)


def test_a_server_that_is_away_is_retryable_at_each_use(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(elasticsearch_client, "MAX_RETRIES", 1)
    index = opened(f"http://huiying:geheim@127.0.0.1:{free_port()}")
    for ask in (index.count, index.watermark, lambda: index.add([document(1)]), index.begin_rebuild):
        with pytest.raises(Retryable, match="no answer") as raised:
            ask()
        assert "geheim" not in str(raised.value)
    index.close()
    assert [record.name for record in caplog.records if record.name.startswith("elastic_transport")] == []


class _Answers(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *values: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (200, ConfigurationError, "not Elasticsearch"),
        (404, ConfigurationError, "not Elasticsearch"),
        (401, ConfigurationError, "password or API key is not accepted"),
        (429, Retryable, "busy"),
    ],
)
def test_what_another_server_answers_is_told_in_one_line(
    status: int, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elasticsearch_client, "MAX_RETRIES", 1)
    answers = type("Answers", (_Answers,), {"status": status})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        index = opened(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(error, match=said) as raised:
            index.count()
        assert "\n" not in str(raised.value)
        index.close()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://localhost/x", "not a URL of Elasticsearch"),
        ("http://", "not a URL of Elasticsearch"),
        ("http://localhost:abc/", "not a URL of Elasticsearch"),
        ("http://localhost/Upper", "not a name of an index"),
        ("http://localhost/a/b", "not a name of an index"),
        ("http://localhost/_x", "not a name of an index"),
    ],
)
def test_a_url_that_cannot_serve_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        opened(url)


def test_signing_in_is_one_of_two_and_the_ca_file_is_there(tmp_path: Path) -> None:
    options = {"segment": words, "zone": DEFAULT_ZONE}
    with pytest.raises(ConfigurationError, match="both an API key and a user"):
        open_index("https://a:b@localhost", api_key="k", **options)
    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        open_index("https://localhost", ca_file=tmp_path / "ca.pem", **options)


def test_an_address_says_hosts_name_and_user() -> None:
    found = read_address("https://a:p%40ss@one,https://two:9201,https://[::1]/town")
    assert found.hosts == ("https://one:9200", "https://two:9201", "https://[::1]:9200")
    assert (found.name, found.user) == ("town", ("a", "p@ss"))
    assert read_address("http://localhost").name == "huiying"


def test_a_folder_is_the_embedded_index(tmp_path: Path) -> None:
    for folder in (tmp_path, str(tmp_path)):
        index = open_index(folder, segment=words, zone=DEFAULT_ZONE)
        assert isinstance(index, TantivyIndex)
        index.close()


def test_an_index_that_is_well_has_no_faults(index: ElasticsearchIndex, raw: Elasticsearch, url: str) -> None:
    assert index.faults() == []
    assert not raw.indices.exists(index=read_address(url).name), "asking for faults makes nothing"
    index.add([document(1)])
    index.refresh()
    assert index.faults() == []


def test_faults_of_a_cluster_are_told_with_their_fix(
    index: ElasticsearchIndex, raw: Elasticsearch, url: str
) -> None:
    index.count()
    name = f"{read_address(url).name}-v1"
    raw.indices.put_mapping(index=name, properties={"author": {"type": "keyword"}}, dynamic="true")
    raw.indices.put_settings(index=name, settings={"index.blocks.read_only_allow_delete": True})
    mapping, block = index.faults()
    assert "author, dynamic (run huiying reindex)" in mapping
    assert "read_only_allow_delete (the disk was full: make room" in block
    raw.indices.put_settings(index=name, settings={"index.blocks.read_only_allow_delete": None})
    index.clear()
    assert index.faults() == []


def test_faults_never_raise(url: str, raw: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch_client, "MAX_RETRIES", 0)
    raw.indices.create(index=read_address(url).name)
    (taken,) = opened(url).faults()
    assert "something else has an index of this name (give another name)" in taken
    raw.indices.delete(index=read_address(url).name)
    (away,) = opened(f"http://127.0.0.1:{free_port()}").faults()
    assert "no answer" in away


def test_a_part_that_no_node_holds_is_a_fault(
    index: ElasticsearchIndex, raw: Elasticsearch, url: str
) -> None:
    name = read_address(url).name
    raw.indices.create(
        index=f"{name}-v1",
        mappings=build_mapping({"huiying": {"schema": SCHEMA_VERSION, "watermark": 0}}),
        settings={"index.routing.allocation.require._name": "nowhere"},
        aliases={name: {}, f"{name}-write": {}},
        wait_for_active_shards="0",
        timeout="1s",
    )
    (lost,) = index.faults()
    assert "is red, no node has some of its shards (start those nodes, or run huiying reindex)" in lost


def test_blocked_writing_is_a_setting_to_change_not_a_refused_document(
    index: ElasticsearchIndex, raw: Elasticsearch, url: str
) -> None:
    index.count()
    raw.indices.put_settings(index=f"{read_address(url).name}-v1", settings={"index.blocks.write": True})
    with pytest.raises(ConfigurationError, match=r"may not be written .*unblock") as raised:
        index.add([document(1)])
    assert "\n" not in str(raised.value)


def test_shards_are_those_of_the_next_physical_index(
    index: ElasticsearchIndex, raw: Elasticsearch, url: str
) -> None:
    index.count()
    wider = open_index(url, segment=words, zone=DEFAULT_ZONE, shards=3)
    wider.clear()
    name = f"{read_address(url).name}-v2"
    assert raw.indices.get_settings(index=name)[name]["settings"]["index"]["number_of_shards"] == "3"
    wider.add([document(number) for number in range(9)])
    wider.refresh()
    assert len(wider.search(limit=9).hits) == 9
    wider.close()
