"""What stands around the code: locks, image, compose, make and scripts, each tried or held together with the rest."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.config import load

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text()


def pins(name: str) -> dict[str, str]:
    """Each package of a lock file with its version; every one must carry at least one hash."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    found = {}
    for entry in re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^\s*#.*\n?", "", text)):
        match = re.match(r"([a-z0-9-]+)==([\w.+]+)(?: ; [^\\]+)? \\\n\s+--hash=sha256:[0-9a-f]{64}", entry)
        assert match, f"requirements/{name}.txt: {entry[:60]!r} is not pinned with a hash"
        found[match[1]] = match[2]
    return found


def asked_for(name: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    return {re.match(r"[a-z0-9-]+", line)[0] for line in lines if re.match("[a-z]", line)}  # type: ignore[index]


def needs_of(package: str) -> list[Requirement]:
    """What an installed package says it needs; nothing of one that this Python goes without."""
    try:
        return [Requirement(line) for line in requires(package) or ()]
    except PackageNotFoundError:
        return []


@pytest.mark.parametrize("version", ["3.11.2", "3.12.3", "3.13.5", "3.14.0"])  # Debian 12, Ubuntu 24.04, Debian 13
def test_the_lock_holds_what_its_packages_need_on_every_python_that_may_run_it(version: str) -> None:
    pinned = {canonicalize_name(name) for name in pins("runtime")}
    on = {"python_full_version": version, "python_version": version.rpartition(".")[0], "extra": ""}
    wanted = {
        canonicalize_name(needed.name): package
        for package in pinned
        for needed in needs_of(package)
        if needed.marker is None or needed.marker.evaluate(on)
    }
    assert {name: by for name, by in wanted.items() if name not in pinned} == {}


def a_copy(folder: Path, *names: str) -> Path:
    """A project that holds only these files of ours."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return folder


def docker_steps(folder: Path, dockerfile: str) -> subprocess.CompletedProcess[str]:
    a_copy(folder, "scripts/docker_steps", ".dockerignore")
    (folder / "Dockerfile").write_text(dockerfile)
    return ran(sys.executable, "scripts/docker_steps", cwd=folder)


def ran(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KITH_", "MAKE", "CI"))}
    return subprocess.run(command, cwd=cwd, env=kept | environment, capture_output=True, text=True, timeout=120)


def a_python(folder: Path, *, lacks: str) -> str:
    """A python3 on which every one-liner that mentions `lacks` fails."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\ncase "$*" in *{lacks}*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["runtime", "dev", "node"])
def test_a_lock_holds_all_that_is_asked_for_with_hashes_and_no_address(name: str) -> None:
    assert asked_for(name) <= set(pins(name))
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not re.search(r"://|(?m:^\s*-[a-z-]*(index|find|trusted))", text)


def test_the_lock_for_tests_never_moves_what_a_server_runs_on() -> None:
    runtime, dev = pins("runtime"), pins("dev")
    assert {name: dev[name] for name in dev.keys() & runtime.keys()} == {
        name: runtime[name] for name in dev.keys() & runtime.keys()
    }
    assert runtime["tortoise-orm"] == "1.1.9"


def test_the_project_installs_the_kith_command_and_what_the_lock_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"kith": "core.cli:main"}
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements/runtime.in"]}


def test_the_image_runs_without_root_and_says_whether_it_is_healthy() -> None:
    instructions = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if re.match("[A-Z]+ ", line)]
    users = [rest for word, rest in instructions if word == "USER"]
    assert users == ["10001:10001"]
    after_user = DOCKERFILE.partition("\nUSER ")[2]
    assert "RUN " not in after_user and "COPY " not in after_user
    (health,) = re.findall(r"HEALTHCHECK .*\\\n +CMD (\[.*\])\n", DOCKERFILE)
    program, _, script = json.loads(health)
    assert program == "python" and "/healthz" in script


def test_every_package_in_the_image_comes_from_a_lock() -> None:
    installs = re.findall(r"pip install ([^\n&]*)", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation" in line for line in installs)
    assert re.findall(r"npm (\S+)", DOCKERFILE) == ["ci"]


def test_the_settings_that_image_and_compose_bring_are_known_and_safe_in_production(tmp_path: Path) -> None:
    set_in_image = dict(re.findall(r"\b(KITH_\w+|PORT)=(\S+)", DOCKERFILE))
    set_by_compose = dict(re.findall(r"(?m)^ {6}((?:KITH_\w+|DATABASE_URL|REDIS_URL|SMTP_URL)): (.+)$", COMPOSE))
    given = {"BASE_URL": "https://kith.example", "POSTGRES_PASSWORD": "secret"}
    filled = {
        name: re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda found: given.get(found[1], found[2]), value)
        for name, value in set_by_compose.items()
    }
    settings = load(tmp_path, set_in_image | filled, overrides={"server.workers": 2})
    assert settings.production
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8080)
    assert settings.database.url == "postgres://kith:secret@postgres/kith"


def test_compose_publishes_nothing_but_the_server_and_that_on_this_machine_only() -> None:
    assert re.findall(r'^ +- "(\S+:8080)"$', COMPOSE, re.MULTILINE) == ["127.0.0.1:${PORT:-8080}:8080"]
    assert COMPOSE.count("ports:") == 1


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("RUN false", "RUN false: ended with 1"),
        ("ADD core .", "ADD: scripts/docker_steps does not know this instruction"),
        ("COPY nowhere .", "COPY nowhere: the build context or stage does not hold it"),
        ("COPY instance .", "COPY instance: the build context or stage does not hold it"),
        ('ENTRYPOINT ["false"]\nHEALTHCHECK CMD ["false"]', "CMD: ended with 1 before it was healthy"),
    ],
)
def test_a_step_of_the_image_that_fails_is_named(tmp_path: Path, step: str, complaint: str) -> None:
    (tmp_path / "instance").mkdir()
    done = docker_steps(tmp_path, f"FROM python:3.13-slim\nWORKDIR /srv/kith\n{step}\n")
    assert (done.returncode, done.stderr.strip()) == (1, f"FAILED: {complaint}")


def test_an_image_that_builds_starts_and_stops_passes_and_leaves_secrets_outside(tmp_path: Path) -> None:
    for name in ("core/kept.txt", "core/__pycache__/x.pyc", "instance/secrets/key", ".env", "tests/test_it.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    done = docker_steps(
        tmp_path,
        "FROM python:3.13-slim AS first\nWORKDIR /srv/kith\nCOPY . .\n"
        'RUN test "$(find . -type f)" = ./core/kept.txt \\\n    && mkdir /opt && echo found > /opt/note\n'
        "FROM python:3.13-slim\nWORKDIR /srv/kith\nCOPY --from=first --chown=1:1 /opt/note ./\n"
        'ENV NOTE=/srv/kith/note\nENTRYPOINT ["sh", "-c"]\n'
        'CMD ["grep found $NOTE && trap \'exit 0\' TERM && touch /srv/kith/up; while :; do sleep 0.1; done"]\n'
        'HEALTHCHECK --interval=1s CMD ["test", "-e", "/srv/kith/up"]\n',
    )
    assert done.stderr == ""
    assert done.stdout.endswith("The image starts, is healthy and stops.\n")


@pytest.mark.parametrize(
    ("lacks", "sentence"),
    [
        ("version_info", "Kith needs Python 3.11 or newer, and this is Python 3."),
        ("ensurepip", "Please install its package: apt install python3-venv"),
    ],
)
def test_make_says_in_one_line_what_the_machine_lacks(tmp_path: Path, lacks: str, sentence: str) -> None:
    project = a_copy(tmp_path, "Makefile", "pyproject.toml", "requirements/runtime.txt", "requirements/dev.txt")
    done = ran("make", "setup", f"PYTHON={a_python(tmp_path, lacks=lacks)}", cwd=project)
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[0]
    assert not (project / ".venv").exists()


def test_make_names_its_targets() -> None:
    text = ran("make").stdout
    assert all(f"make {target} " in text for target in ("run", "setup", "test", "check", "bench", "demo", "lock"))


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"KITH_TEST_DATABASE_URL": "postgres://127.0.0.1:1/none"}, "PostgreSQL: none at KITH_TEST_DATABASE_URL"),
        ({"KITH_TEST_REDIS_URL": "redis://127.0.0.1:1"}, "Redis: none answers at KITH_TEST_REDIS_URL"),
        ({"CI": "true", "PATH": "/nowhere"}, "Chromium: there is none on the PATH"),
    ],
)
def test_tests_fail_before_they_begin_where_a_server_that_was_asked_for_is_missing(
    environment: dict[str, str], sentence: str
) -> None:
    done = ran(sys.executable, "scripts/run_tests", "--collect-only", **environment)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stdout == ""


def test_the_continuous_integration_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert ran("sh", "-n", ".ci/run").returncode == 0
