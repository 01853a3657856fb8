from __future__ import annotations

from pathlib import Path

import pytest

from app.installation import FOLDER_FORMAT, ensure_installation, example_settings
from app.settings import Settings, load_settings
from records.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "huiying.toml").write_text('port = 1111\ntitle = "从文件"\n', encoding="utf-8")
    settings = load_settings(tmp_path, environment={"HUIYING_PORT": "2222"})
    assert (settings.port, settings.title) == (2222, "从文件")
    assert load_settings(tmp_path, environment={"HUIYING_PORT": "2222"}, port=3333).port == 3333


@pytest.mark.parametrize(
    ("content", "environment", "message"),
    [
        ('prot = 1\n', {}, r'huiying.toml: unknown setting "prot" \(did you mean "port"\?\)'),
        ("port = \n", {}, "huiying.toml: not readable as TOML"),
        ('briefing_at = "7"\n', {}, r'huiying.toml: setting "briefing_at" = "7"'),
        ("", {"HUIYING_PROT": "1"}, 'unknown variable "HUIYING_PROT".*"HUIYING_PORT"'),
        ("", {"HUIYING_PORT": "x"}, 'the environment: setting "port" = "x"'),
        ('timezone = "Asia/Shanghia"\n', {}, "did you mean"),
    ],
)  # fmt: skip
def test_a_typo_names_file_key_and_fix(
    tmp_path: Path, content: str, environment: dict[str, str], message: str
) -> None:
    (tmp_path / "huiying.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_settings(tmp_path, environment=environment)


def test_test_variables_are_not_settings(tmp_path: Path) -> None:
    assert load_settings(tmp_path, environment={"HUIYING_TEST_DATABASE_URL": "x"}).port == 8731


def test_the_example_file_is_generated_and_loads(tmp_path: Path) -> None:
    assert (ROOT / "huiying.example.toml").read_text(encoding="utf-8") == example_settings()
    (tmp_path / "huiying.toml").write_text(
        example_settings().replace("# port = 8731", "port = 8731"), encoding="utf-8"
    )
    assert load_settings(tmp_path, environment={}) == Settings(data_dir=tmp_path)


def test_an_empty_folder_is_set_up_once(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "new", environment={})
    ensure_installation(settings)
    settings.catalogue_file.write_text("sources: []\n# mine\n", encoding="utf-8")
    ensure_installation(settings)
    assert "# mine" in settings.catalogue_file.read_text(encoding="utf-8")
    assert list(settings.rules_dir.glob("*.yaml"))


def test_a_half_made_folder_is_finished(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environment={})
    (tmp_path / "models").mkdir()
    (tmp_path / ".rules-new").mkdir()
    ensure_installation(settings)
    assert (tmp_path / "installation.json").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("installation.json", f'{{"format": {FOLDER_FORMAT + 1}}}', "comes from a newer huiying"),
        ("installation.json", "{", "damaged"),
        ("thesis.docx", "", r'not empty and not an installation of huiying \(it holds "thesis.docx"'),
    ],
)
def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        ensure_installation(load_settings(tmp_path, environment={}))
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not a folder"):
        ensure_installation(load_settings(tmp_path / "file", environment={}))
