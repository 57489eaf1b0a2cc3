"""`kith plugin new`: what it writes works as it is."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core.plugin_manifest import PluginError
from core.scaffold import scaffold

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # A run of its own, whatever this one is told: coverage, plugins, options.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_new_plugin_passes_its_own_test_and_every_check(tmp_path: Path) -> None:
    kith = str(Path(sys.executable).with_name("kith"))
    made = run(kith, "plugin", "--help", cwd=ROOT)
    assert "new" in made.stdout
    made = run(kith, "plugin", "new", "tide_tables", cwd=ROOT, KITH_INSTANCE=str(tmp_path))
    assert made.returncode == 0, made.stderr
    (its_test,) = [line.partition("with: ")[2] for line in made.stdout.splitlines() if line.startswith("Run its test")]
    tested = run(*shlex.split(its_test), cwd=tmp_path)
    assert tested.returncode == 0, tested.stdout[-3000:]
    assert "6 passed" in tested.stdout
    enabled = run(kith, "plugin", "enable", "tide_tables", cwd=ROOT, KITH_INSTANCE=str(tmp_path))
    assert enabled.returncode == 0, enabled.stderr
    checked = run(kith, "plugin", "check", "tide_tables", cwd=ROOT, KITH_INSTANCE=str(tmp_path))
    assert checked.stdout.strip() == "tide_tables: fine"


def test_what_it_says_to_do_next_is_for_the_instance_the_plugin_lies_in(tmp_path: Path) -> None:
    kith, instance = str(Path(sys.executable).with_name("kith")), str(tmp_path / "our instance")
    said = run(kith, "plugin", "new", "tides", "--instance", instance, cwd=ROOT).stdout
    (switch_on,) = [line.partition(": ")[2] for line in said.splitlines() if line.startswith("Switch it on with")]
    assert "switched on" in run(*shlex.split(switch_on), cwd=tmp_path).stdout
    listed = json.loads(run(kith, "plugin", "list", "--json", "--instance", instance, cwd=ROOT).stdout)
    assert [one["state"] for one in listed if one["name"] == "tides"] == ["on"]


@pytest.mark.parametrize("name", ["", "Tide", "tide-tables", "../tide", "1tide", "tide tables"])
def test_a_name_that_cannot_be_a_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match="plugin's name"):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["posts", "federation"])
def test_a_name_that_another_plugin_has_is_refused_before_two_of_them_stop_every_start(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(PluginError, match=f"There is a plugin “{name}” already"):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["core", "class", "none" * 10])
def test_a_name_that_tables_or_imports_cannot_bear_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match="cannot be a plugin's name"):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    scaffold("tides", tmp_path)
    before = (tmp_path / "tides" / "service.py").read_text()
    with pytest.raises(PluginError, match="there already"):
        scaffold("tides", tmp_path)
    assert (tmp_path / "tides" / "service.py").read_text() == before
