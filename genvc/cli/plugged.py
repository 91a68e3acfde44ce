"""Commands that packages bring through entry points: genvc.commands, and genvc.trainings for `train`."""

from importlib.metadata import EntryPoint
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..plugins import COMMANDS, TRAININGS, installed, summary

__all__ = ["Commands", "Trainings"]


class Commands(TyperGroup):
    """The command group: genvc's own commands, then the installed ones by name."""

    brought = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        own = list(self.commands)
        return own + [name for name in installed(self.brought) if name not in own]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = installed(self.brought).get(cmd_name)
        return None if point is None else Plugged(point)


class Trainings(Commands):
    """The commands that train the models of a codec each."""

    brought = TRAININGS


class Plugged(TyperCommand):
    """A command that is imported when it runs; until then its help is its module's first line.

    The entry point is a function with typer's annotations, or a typer.Typer.
    """

    def __init__(self, point: EntryPoint) -> None:
        text = summary(point)
        super().__init__(point.name, help=f"{text[:1].upper()}{text[1:]}.")
        self.point = point

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the real command, so that it parses its own arguments."""
        brought = self.point.load()
        if not isinstance(brought, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(self.point.name)(brought)
            brought = alone
        command: Any = typer.main.get_command(brought)
        return command.make_context(info_name, args, parent=parent, **extra)
