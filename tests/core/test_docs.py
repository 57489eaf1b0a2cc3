"""The words around the code tell the truth: whatever README and docs name is there, and is called that."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import cast

import click
import pytest
from click.testing import CliRunner

import core
from core import hookspecs, hookspecs_events
from core.cli import kith
from core.commands.context import FOLDER
from core.federation import (
    collection_routes,
    entry_handlers,
    forwarded,
    forwarding,
    handlers,
    handles,
    hosts,
    keys_store,
    objects,
    pins,
    queue,
    quote_activities,
    reactions,
    reply_activities,
    synchronization,
)
from core.federation.outbox import LARGEST_FOR_ALL
from core.hook_shapes import BUDGET, Spec, specs_in
from core.metrics import registry
from core.oauth.tokens import ACCESS, PERSONAL, REFRESH, SECRET
from core.plugin_imports import PRIVATE
from core.reading import drafts, files
from core.settings import SECTIONS, Limits
from core.testing import TestInstance
from plugins import moderation
from plugins.posts import federation as posts
from tests.core.kith_process import kith_in

ROOT = Path(__file__).resolve().parents[2]
_SUFFIXES = {".py", ".html", ".md", ".yaml", ".template", ".toml"}
README, FEDERATION = ROOT / "README.md", ROOT / "FEDERATION.md"
PAGES = [README, FEDERATION, *sorted((ROOT / "docs").glob("*.md"))]
PLUGINS = ROOT / "docs" / "plugins.md"
SOURCES = [path for folder in ("core", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@cache
def code() -> str:
    """All of it, to look names up in."""
    return "\n".join(path.read_text("utf-8") for path in SOURCES)


def between(page: Path, name: str) -> str:
    """What stands between two marks of a page."""
    found = re.search(rf"<!-- {name}: [^\n]*-->\n(.*?)<!-- end of {name} -->", page.read_text("utf-8"), re.DOTALL)
    assert found, f"{page.name} has no place for {name}"
    return found[1].strip()


def specs() -> Iterator[tuple[Spec, str]]:
    """Every hook of the core with its docstring."""
    for module in (hookspecs, hookspecs_events):
        for name, spec in specs_in(module, "core").items():
            yield spec, inspect.getdoc(getattr(module, name)) or ""


def hook_table() -> str:
    """The table of hooks, as their docstrings have it."""
    lines = ["| hook | shape | when | what to return |", "| --- | --- | --- | --- |"]
    for spec, page in specs():
        arguments = ", ".join(map(_argument, inspect.signature(_function(spec)).parameters.values()))
        returned = re.search(r"^Return: (.*?)(?=^\w[^\n]*: |\Z)", page, re.MULTILINE | re.DOTALL)
        assert returned
        when = re.split(r"^\w+: ", page, maxsplit=1, flags=re.MULTILINE)[0]
        mark = "" if _is_asked(spec.name) else " †"
        cells = [f"`{spec.name}({arguments})`{mark}", _shape(spec), _one_line(when), _one_line(returned[1])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _argument(parameter: inspect.Parameter) -> str:
    return f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name


def _function(spec: Spec) -> Callable[..., object]:
    return getattr(hookspecs, spec.name, None) or getattr(hookspecs_events, spec.name)


def _shape(spec: Spec) -> str:
    shape, words = spec.shape, [spec.shape.name]
    if shape.sync and shape.name != "collect":
        words.append("plain")
    if shape.budget is None:
        words.append("no limit")
    elif shape.budget != BUDGET:
        words.append(f"{shape.budget:g} s")
    return ", ".join(words)


def _is_asked(name: str) -> bool:
    return re.search(rf'hooks\.{name}\b|collected\("{name}"\)', code()) is not None


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def test_the_manual_has_every_hook_as_its_docstring_has_it() -> None:
    assert between(PLUGINS, "hooks") == hook_table(), f"write this into docs/plugins.md:\n{hook_table()}"


def test_the_manual_has_every_name_that_plugins_may_import_and_no_other() -> None:
    names = re.findall(r"`([A-Za-z_]+)`", between(PLUGINS, "names"))
    assert sorted(names) == sorted(core.__all__)


def test_the_manual_names_what_plugins_may_not_import() -> None:
    told = re.search(r"Not these, which.*?\.\n\n", PLUGINS.read_text("utf-8"), re.DOTALL)
    assert told
    assert set(re.findall(r"`([a-z_]+)`", told[0])) == PRIVATE


def test_the_manual_names_the_places_that_slot_is_asked_for() -> None:
    [told] = re.findall(r"^`slot` is asked for these places: ((?:.+\n)+)", PLUGINS.read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"`([a-z.]+)` \(", told)) == set(re.findall(r'filled\("([a-z.]+)"', code()))


def test_the_manual_walks_through_every_file_of_the_example() -> None:
    manual, example = PLUGINS.read_text("utf-8"), ROOT / "tests" / "example_plugin" / "recipes"
    for path in [*example.glob("*.py"), *example.glob("*/*/*.html")]:
        folder = path.relative_to(example).parent
        assert f"recipes/{folder / path.name}" in manual or str(folder) in manual, path


def spans(page: Path) -> Iterator[str]:
    """What stands in backticks within sentences."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", text)


def blocks(page: Path, language: str = r"\w*") -> Iterator[str]:
    """The blocks of code in a language, or in any."""
    yield from re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def commands_in(page: Path) -> Iterator[list[str]]:
    """The words behind `kith` wherever it is called; `a|b` stands for a call of each."""
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    for text in [*spans(page), *lines]:
        if called := re.search(r"(?<!-u )(?:^|(?<=\s)|/bin/)kith ([a-z-][^#;)]*)", text):
            words = called[1].split()
        elif re.match(r"[a-z]+ [a-z-]+(\|[a-z-]+)+$", text):
            words = text.split()
        else:
            continue
        choices = [word.split("|") for word in words]
        for number in range(max(map(len, choices))):
            yield [choice[min(number, len(choice) - 1)] for choice in choices]


@each_page
def test_every_command_and_option_that_is_named_exists(page: Path, tmp_path: Path) -> None:
    for words in commands_in(page):
        path, command = [], cast(click.Command, kith)
        context = click.Context(command)
        context.meta[FOLDER] = tmp_path
        for word in words:
            if word.startswith("-"):
                known = [name for level in (command, kith) for option in level.params for name in option.opts]
                assert word.partition("=")[0] in known, f"{page.name}: kith {' '.join(words)}: {word}"
            elif isinstance(command, click.Group) and re.fullmatch("[a-z-]+", word):
                found = command.get_command(context, word)
                assert found is not None, f"{page.name}: there is no kith {' '.join([*path, word])}"
                path, command = [*path, word], found
        helped = CliRunner().invoke(kith, ["--instance", str(tmp_path), *path, "--help"])
        assert helped.exit_code == 0, helped.output


@each_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for text in [*spans(page), *blocks(page, "sh")]:
        assert set(re.findall(r"(?:^|\s)make ([a-z]+)", text)) <= set(targets), text


def test_the_federation_document_has_every_activity_that_is_acted_on_and_every_type_of_object() -> None:
    text, handled = (
        FEDERATION.read_text("utf-8"),
        {
            **handlers.INBOX,
            **entry_handlers.INBOX,
            **reactions.INBOX,
            **quote_activities.INBOX,
            **reply_activities.INBOX,
            **pins.INBOX,
            **moderation.inbox(),
        },
    )
    table = dict(re.findall(r"^\| (`[A-Z][^|]*`) \| ([^|]*) \|", text.partition("## Activities")[2], re.MULTILINE))
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} == {key.split()[0] for key in handled}
    assert set(re.findall(r"`(\w+)`", table["`Undo`"])) == {key.split()[1] for key in handled if key[:5] == "Undo "}
    [understood] = re.findall(r"Understood: (.*?);", text, re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", understood)) == posts.TYPES


def test_the_federation_document_has_the_numbers_of_the_code() -> None:
    text = " ".join(FEDERATION.read_text("utf-8").split())
    settings = SECTIONS["federation"]()
    for said in (
        f"{settings.fetches_per_activity} requests for one activity",
        f"{settings.delivery_attempts} times, for at most a week",
        f"{objects.DEEPEST_THREAD} posts up at most",
        f"pages of {collection_routes.OUTBOX_PAGE} `Create`",
        f"pages of {collection_routes.THREAD_PAGE} ids",
        f"the first {files.FILES_AT_MOST}; also `image`",
        f"{drafts.MENTIONS_AT_MOST} mentions, {drafts.TAGS_AT_MOST} hashtags, {files.FILES_AT_MOST} attachments",
        f"At most {queue.AT_A_HOST} at once to one host",
        f"After {hosts.FAILURES} failures within {hosts.WINDOW.seconds // 60} minutes",
        f"up to {synchronization.FOLLOWERS_AT_MOST:,} followers",
        f"{keys_store.FETCHES_PER_MINUTE} key fetches a minute and {handles.NEW_ACTORS} new actors in five minutes",
        f"{handles.NEW_HOSTS} new hosts in five minutes",
        f"over {LARGEST_FOR_ALL // 1024} KiB lose",
        f"{forwarding.PASSED_ON_PER_HOUR} an hour of one server",
        f"At most {forwarded.LOOKED_UP_PER_HOUR} an hour are looked up for one server that passes on,"
        f" {forwarded.ASKED_PER_HOUR} of one origin",
    ):
        assert said in text, said


# -- Settings, files, addresses, names -----------------------------------------------------------------------------

KEYS = {f"{name}.{known.name}" for name, section in SECTIONS.items() for known in fields(section)}


def keys_in(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    for block in blocks(page, "toml"):
        yield from (f"{name}.{key}" for name, section in tomllib.loads(block).items() for key in section)
    yield from (found for found in spans(page) if re.fullmatch(rf"({'|'.join(SECTIONS)})\.[a-z_]+", found))
    yield from (f"{section}.{key}" for key, section in re.findall(r"`(\w+)`\s+of\s+`\[(\w+)\]`", text))
    for section, key in re.findall(r"KITH_([A-Z]+)__([A-Z_]+)", text):
        if not key.startswith("TIDE_TABLES"):  # the plugin that the manual writes
            yield f"{section}.{key}".lower()


@each_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    named = {key for key in keys_in(page) if not key.endswith((".py", ".md"))}
    assert named <= KEYS, named - KEYS


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@each_page
def test_every_file_of_the_repository_that_is_named_exists(page: Path) -> None:
    tops = "core|plugins|tests|docs|deploy|templates|static|scripts|requirements"
    for found in spans(page):
        if re.fullmatch(rf"({tops})/[a-z0-9_./-]+", found) and "tide_tables" not in found:
            assert (ROOT / found).exists() or (ROOT / "tests/example_plugin/recipes" / found).exists(), found


@each_page
async def test_every_address_of_a_server_that_is_named_answers_something(page: Path, alpha: TestInstance) -> None:
    app, doors = alpha.instance.app, alpha.instance.asgi.doors
    adapter = app.url_map.bind("alpha.test")
    prefixes = ("", "/api/v1", "/actors/x", "/objects/x")
    for found in spans(page):
        named = re.fullmatch(r"(?:(GET|POST|PUT|DELETE) )?(/[^\s…]*)", found)
        if named and not named[2].startswith(("/etc/", "/srv/")):
            path = re.sub(r"\{\w+\}", "x", named[2].partition("?")[0]).replace("@name", "@x")
            methods = [named[1]] if named[1] else ["GET", "POST", "PUT", "DELETE"]
            tried = [(f"{prefix}{path}", method) for prefix in prefixes for method in methods]
            answered = any(
                adapter.test(path, method) or any(d.method == method and d.path.fullmatch(path) for d in doors)
                for path, method in tried
            )
            leads_on = any(rule.rule.startswith(path) for rule in app.url_map.iter_rules())
            assert answered or leads_on, f"{page.name}: {found}"


@each_page
def test_every_metric_that_is_named_is_measured(page: Path) -> None:
    measured = {family.name for family in registry.collect()}
    tokens = {ACCESS, PERSONAL, REFRESH, SECRET}  # they begin so, and are none
    for name in set(re.findall(r"`(kith_[a-z_]+)`", page.read_text("utf-8"))) - tokens:
        assert name.removesuffix("_total") in measured, name


def test_the_server_in_front_lets_through_whatever_is_taken_at_once() -> None:
    text = (ROOT / "docs" / "admin.md").read_text("utf-8")
    limits, room = Limits(), 1_048_576  # for the form around the file
    largest = max(limits.image_bytes, limits.video_bytes, limits.import_bytes) + room
    (allowed,) = re.findall(r"client_max_body_size (\d+)m;", text)
    (said,) = re.findall(r"bodies of at least\s(\d+)\sMiB", text)
    assert int(allowed) * 1_048_576 >= largest and allowed == said


# What belongs to other software, to the examples, and to the words of standards that no line of ours has to say.
ELSEWHERE = set(
    """
    KITH_PLUGINS__TIDE_TABLES__STATION NAME PLUGINS adduser backup caddy curl days_ahead dbname dump exclude git heights
    journalctl nginx pg_dump pg_restore sudo
    postgresql reverse_proxy systemctl systemd tide_tables timedatectl wal shm TideSettings publish_tables
    look_at_the_gauge dish_cooked dish station PropertyValue http https example name host uuid spam since March
    """.split()
)


@each_page
def test_every_name_in_backticks_is_a_name_of_something_that_is_there(page: Path) -> None:
    known, text = words_of_the_repository(), page.read_text("utf-8")
    unspoken = text.partition("\n## Not spoken yet\n")[2]
    for found in spans(page):
        if f"`{found}`" in unspoken:
            continue
        named = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]{2,}", re.sub(r"(kith_\w+)_total\b", r"\1", found)))
        missing = named - known - ELSEWHERE
        assert not missing, f"{page.name}: `{found}`: {sorted(missing)}"


@cache
def words_of_the_repository() -> set[str]:
    """Every word of the code, its templates, its tests but this one, and what surrounds it."""
    folders = ("core", "plugins", "templates", "tests", "deploy", "scripts")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in _SUFFIXES]
    paths += [ROOT / name for name in ("Makefile", "config.toml", "pyproject.toml", ".gitignore")]
    text = "\n".join(path.read_text("utf-8") for path in paths if path != Path(__file__).resolve())
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]{2,}", text)) | {
        part for path in paths for part in (path.stem, path.parent.name)
    }


def test_every_example_in_python_can_be_read() -> None:
    for page in PAGES:
        for block in blocks(page, "python"):
            compile(block, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    text = README.read_text("utf-8")
    assert len(text.splitlines()) <= 100
    for page in PAGES[1:]:
        assert f"({page.relative_to(ROOT)})" in text, page.name


def test_the_map_shows_every_folder_of_the_code() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    folders = {path.parent for path in SOURCES if path.name == "__init__.py" and path.parent.parent.parent == ROOT}
    shown = {folder for folder in folders if f"](../{folder.relative_to(ROOT)})" in text}
    assert {folder.name for folder in folders - shown} == {"migrations"}


@each_page
def test_no_line_is_longer_than_an_editor_is_wide(page: Path) -> None:
    for line in page.read_text("utf-8").splitlines():
        assert len(line) <= 120 or line.startswith("|") or "](http" in line, line


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
async def test_every_example_of_the_api_works_as_it_is_written(tmp_path: Path) -> None:
    page = ROOT / "docs" / "api.md"
    examples = "\n".join(blocks(page, "sh"))
    for refusal in ("# 404 not_found", "# 403 insufficient_scope", "# 403 forbidden"):
        examples = examples.replace(refusal, "|| true #")
    async with kith_in(tmp_path) as instance:
        address = instance.serve().url
        guard = "set -euo pipefail\ncurl() { command curl --fail-with-body --noproxy '*' \"$@\"; }\n"
        script = guard + examples.replace("http://localhost:8080", address)
        command = ["bash", "-c", script]
        ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for said in ('"code":"not_found"', '"email":"ada@example.org"', '"revisions"', '"isLiked":true', ": ready"):
        assert said in ran.stdout, said
    assert "idempotent-replayed: true" in ran.stdout.lower()
