"""The command line: `kith`. Nothing of the server is imported before a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from core.commands.context import FOLDER, Failed
from core.config import ConfigError

# What stands in `kith --help`; the command is an attribute of the module in core.commands.
COMMANDS = {
    "serve": ("serve", "Serve the instance: pages, API, federation, and the jobs behind them."),
    "worker": ("worker", "Do jobs only, beside a server that shares Redis."),
    "migrate": ("migrate", "Bring the database up to date."),
    "account": ("account", "Make, list and look after accounts."),
    "invite": ("invite", "Make, list and revoke invites."),
    "emoji": ("emoji", "Add, list and take away the small pictures of this server."),
    "files": ("files", "Check the files people uploaded, and delete what nobody uses."),
    "keys": ("keys", "Copy out, or change, the keys that open what is stored secretly."),
    "mail": ("mail", "Send a mail now, to see whether mail leaves."),
    "plugin": ("plugin", "List, switch on and off, and check plugins."),
    "config": ("config", "Show the settings in force, or check them."),
    "doctor": ("doctor", "Look for what is broken or weak, and say how to mend it."),
    "demo": ("demo", "Two servers with sample content that federate with each other."),
    "shell": ("shell", "A Python prompt inside the instance."),
}


class Commands(click.Group):
    """Finds a command where it is, without importing the others: the server's own first, then those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            command: click.Command = getattr(import_module(f"core.commands.{COMMANDS[name][0]}"), name)
            return command
        found: click.Command | None = import_module("core.commands.of_plugins").command(ctx.meta[FOLDER], name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Plugins bring commands of their own: `kith plugin list` names them.",
)
@click.option(
    "--instance",
    metavar="DIR",
    default="instance",
    show_default=True,
    envvar="KITH_INSTANCE",
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    callback=lambda ctx, _, folder: ctx.meta.update({FOLDER: folder}),
    is_eager=True,
    expose_value=False,
    help="The folder of the instance; made where it is missing. May stand behind the command as well.",
)
@click.version_option(package_name="kith", message="%(prog)s %(version)s")
def kith() -> None:
    """Kith, a community server."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 wrong usage; errors are plain lines on standard error."""
    try:
        given = _instance_first(sys.argv[1:] if arguments is None else arguments)
        code = kith.main(given, prog_name="kith", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ConfigError as error:
        failed = Failed(str(error))
        failed.show()
        sys.exit(failed.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("kith: stopped", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # whoever read has read enough
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _instance_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--instance DIR` before the command, where it must stand to be known to all of them."""
    rest, moved = list(arguments), list[str]()
    end = rest.index("--") if "--" in rest else len(rest)
    for place in range(end - 1, -1, -1):
        if rest[place].startswith("--instance="):
            moved[:0] = [rest.pop(place)]
        elif rest[place] == "--instance" and place + 1 < len(rest):
            moved[:0] = [rest.pop(place), rest.pop(place)]
    return moved + rest
