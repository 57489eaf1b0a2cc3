"""kith emoji."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import click

from core.accounts import emojis
from core.accounts.audit import done_by_command_line
from core.accounts.emoji_routes import form_of
from core.commands.context import Failed
from core.commands.output import json_option, print_list, print_thing
from core.commands.running import in_instance
from core.errors import Invalid, KithError

AT_MOST = 10_000
SUFFIXES = (".png", ".gif", ".webp", ".jpg", ".jpeg", ".avif", ".apng")


@click.group()
def emoji() -> None:
    """Add, list and take away the small pictures of this server."""


@emoji.command()
@click.argument("shortcode")
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", default="", help="Under what it is listed.")
@json_option
@in_instance
async def add(shortcode: str, picture: Path, category: str, as_json: bool) -> None:
    """Offer PICTURE as :SHORTCODE:."""
    with done_by_command_line():
        try:
            made = await emojis.add(None, shortcode, _content(picture), category=category)
        except KithError as error:
            raise Failed(_reason(error)) from None
    print_thing(form_of(made), as_json=as_json)


@emoji.command("list")
@json_option
@in_instance
async def list_emojis(as_json: bool) -> None:
    """List the pictures with the hidden ones."""
    columns = {"shortcode": "SHORTCODE", "category": "CATEGORY", "isHidden": "HIDDEN", "url": "ADDRESS"}
    print_list([form_of(one) for one in await emojis.all_of_them()], columns, as_json=as_json)


@emoji.command()
@click.argument("shortcode")
@click.option("--shortcode", "renamed", help="What it is called from now on.")
@click.option("--category", help="Under what it is listed.")
@click.option("--hide/--show", "is_hidden", default=None, help="Whether it is offered.")
@in_instance
async def change(shortcode: str, renamed: str | None, category: str | None, is_hidden: bool | None) -> None:
    """Call a picture otherwise, sort or hide it."""
    with done_by_command_line():
        try:
            found = await emojis.named(shortcode)
            await emojis.change(None, found.id, shortcode=renamed, category=category, is_hidden=is_hidden)
        except KithError as error:
            raise Failed(_reason(error)) from None
    print("It is changed.")


@emoji.command()
@click.argument("shortcode")
@in_instance
async def remove(shortcode: str) -> None:
    """Take a picture away: where it stood, its shortcode stands."""
    with done_by_command_line():
        try:
            await emojis.remove(None, (await emojis.named(shortcode)).id)
        except KithError as error:
            raise Failed(_reason(error)) from None
    print("It is taken away.")


@emoji.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--category", default="", help="Under what they are listed.")
@click.option("--prefix", default="", help="What their shortcodes begin with.")
@json_option
@in_instance
async def import_emojis(source: Path, category: str, prefix: str, as_json: bool) -> None:
    """Add every picture of SOURCE, a folder, ZIP or TAR file, as its file is called; what there is already stays."""
    counts, refused = {"added": 0, "known": 0, "refused": 0}, {}
    known = {one.shortcode for one in await emojis.all_of_them()}
    with done_by_command_line():
        for name, content in _pictures(source):
            shortcode = f"{prefix}{name}"
            if shortcode in known:
                counts["known"] += 1
                continue
            try:
                await emojis.add(None, shortcode, content, category=category)
            except KithError as error:
                counts["refused"] += 1
                refused[shortcode] = _reason(error)
            else:
                known.add(shortcode)
                counts["added"] += 1
    for shortcode, reason in refused.items():
        click.echo(f"{shortcode}: {reason}", err=True)
    print_thing(counts, as_json=as_json)


def _reason(error: KithError) -> str:
    return next(iter(error.errors.values())) if isinstance(error, Invalid) else error.sentence


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(emojis.BYTES_AT_MOST + 1)


def _pictures(source: Path) -> Iterator[tuple[str, bytes]]:
    """The name without its ending and the content of each picture, no more of it than may be. Raises Failed."""
    room = emojis.BYTES_AT_MOST + 1
    if source.is_dir():
        for path in sorted(path for path in source.iterdir() if path.is_file() and _is_picture(path.name))[:AT_MOST]:
            yield path.stem, _content(path)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for member in [one for one in archive.infolist() if _is_picture(one.filename)][:AT_MOST]:
                with archive.open(member) as file:
                    yield PurePosixPath(member.filename).stem, file.read(room)
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as packed:
            for number, entry in enumerate(one for one in packed if one.isfile() and _is_picture(one.name)):
                if number < AT_MOST and (stream := packed.extractfile(entry)):
                    yield PurePosixPath(entry.name).stem, stream.read(room)
    else:
        raise Failed("This is no folder, and no ZIP or TAR file.")


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
