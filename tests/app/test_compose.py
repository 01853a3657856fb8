"""compose.yaml and the Dockerfile fit the specification and the product."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_pydantic import ComposeSpecification
from pydantic import ValidationError

from app.roles import Role
from app.settings import load_settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "compose.yaml"


@pytest.fixture
def composed() -> dict[str, Any]:
    """What the file says, without what the specification leaves to its writer."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {key: value for key, value in content.items() if not key.startswith("x-")}


@pytest.fixture
def secrets(tmp_path: Path, composed: dict[str, Any]) -> Path:
    for name in composed["secrets"]:
        (tmp_path / name).write_text("postgresql+psycopg://huiying:x@postgresql/huiying\n", encoding="utf-8")
    return tmp_path


def test_it_fits_the_specification(composed: dict[str, Any]) -> None:
    ComposeSpecification.model_validate(composed)
    composed["services"]["worker"]["comand"] = ["up"]
    with pytest.raises(ValidationError, match="comand"):
        ComposeSpecification.model_validate(composed)


def compose_program() -> list[str]:
    """Return the command of Docker Compose 2, which may be a plugin or a program of its own."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
            if version.returncode == 0 and not version.stdout.startswith("1."):
                return command
    pytest.skip("Docker Compose 2 is not on this machine")


def test_docker_reads_it(secrets: Path) -> None:
    environment = {**os.environ, "SECRETS": str(secrets), "PROXIED_AS": "huiying.example.org"}
    command = [*compose_program(), "--file", str(FILE), "config", "--format", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    read = json.loads(done.stdout)
    assert read["name"] == "huiying"
    assert read["services"]["console"]["environment"]["HUIYING_PROXIED_AS"] == "huiying.example.org"
    assert {Path(secret["file"]).parent for secret in read["secrets"].values()} == {secrets}
    del environment["PROXIED_AS"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "the host name of the proxy that asks people to sign in" in refused.stderr


def test_every_role_has_a_service_and_two_of_them_work(composed: dict[str, Any]) -> None:
    commands = {name: service.get("command") for name, service in composed["services"].items()}
    assert {
        tuple(command)
        for name, command in commands.items()
        if command is not None and name in {role.value for role in Role}
    } == {("up", "--role", role.value) for role in Role if role is not Role.ALL}
    assert composed["services"]["worker"]["deploy"]["replicas"] == 2


def test_every_service_is_checked_kept_running_and_gets_only_secrets_that_exist(
    composed: dict[str, Any],
) -> None:
    for name, service in composed["services"].items():
        assert {"healthcheck", "restart", "secrets", "volumes"} <= set(service), name
        assert set(service["secrets"]) <= set(composed["secrets"]), name
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(composed["volumes"]), name


def test_what_it_sets_are_settings(composed: dict[str, Any], secrets: Path, tmp_path: Path) -> None:
    for role in ("scheduler", "worker", "console"):
        environment = {
            name: str(value).replace("/run/secrets", str(secrets)).replace(PROXY, "huiying.example.org")
            for name, value in composed["services"][role]["environment"].items()
        }
        settings = load_settings(tmp_path, environment=environment)
        assert settings.database_url.startswith("postgresql")
        assert settings.index_url
    assert settings.proxied_as == "huiying.example.org"


def test_no_password_stands_in_it_and_nothing_but_the_proxy_reaches_the_console(
    composed: dict[str, Any],
) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert "PASSWORD:" not in text
    assert all("ports" not in service for service in composed["services"].values())
    assert composed["services"]["console"]["environment"]["HUIYING_PROXIED_AS"] == PROXY


def test_the_container_runs_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "FROM python:3.11-slim" in lines
    assert lines.index("USER huiying") < lines.index('ENTRYPOINT ["huiying"]')


PROXY = "${PROXIED_AS:?the host name of the proxy that asks people to sign in}"
