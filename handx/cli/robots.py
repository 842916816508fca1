"""`handx robots`: who can do it, what each cannot reach, and how to add one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from robots.errors import RobotError

Words = Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="WORDS")]


@dataclass(frozen=True)
class Robots:
    """List the robots, show one, or add one from its URDF.

    A joint that is not driven follows another one. "cannot reach" lists the thumb
    pinches and the touches between the hands that the kinematics cannot close, and by
    how many millimetres they miss.

      handx robots
      handx robots show leap --picture leap.png
      handx robots add path/to/hand_right.urdf path/to/hand_left.urdf --name mine
      handx robots add robot_descriptions:ability_hand_description --name ability

    `add` finds palm, fingers, thumb, side, fingertips and sizes by itself and draws a
    picture to check them; the options below answer what it cannot tell. One URDF is
    enough: the other hand becomes its mirror image. The robot goes into the first folder
    of HANDX_ROBOTS_PATH, or the user's data folder.
    """

    words: Words = ()
    """Nothing, `show NAME`, `add URDF [URDF]`, or a robot's name."""
    name: str | None = None
    """add: what the robot is loaded by; by default the URDF's name."""
    title: str | None = None
    """add: what the robot is called."""
    side: Literal["left", "right"] | None = None
    """add: which hand the URDF is."""
    palm: str | None = None
    """add: the palm's link."""
    fingers: tuple[str, ...] = ()
    """add: which finger is which, thumb=LINK index=LINK …; a joint will do."""
    package: Path | None = None
    """add: the folder that meshes may lie in; by default the URDF's own."""
    replace: bool = False
    """add: overwrite a robot of that name."""
    picture: Path | None = None
    """show, add: where the picture goes; `add` writes NAME.png here by default."""

    def execute(self) -> int:
        """Do what the words say."""
        action, *rest = self.words or ("list",)
        if action == "list" and not rest:
            return _list()
        if action == "add":
            from handx.cli.robots_add import add

            return add(self, rest)
        if action == "show" and len(rest) == 1:
            return _show(rest[0], self.picture)
        if not rest:
            return _show(action, self.picture)
        raise RobotError(
            " ".join(self.words), "", "is no command",
            "handx robots, handx robots show NAME, or handx robots add URDF",
        )  # fmt: skip


def _list() -> int:
    from handx.cli import console, summaries
    from robots import load_robot
    from robots.registry import robot_names

    specs = [load_robot(name) for name in robot_names()]
    console.console().print(summaries.robots(specs))
    return 0


def _show(name: str, picture: Path | None) -> int:
    """Print a robot's card, and draw it if asked."""
    from handx.cli import console
    from handx.cli.robots_card import card, contacts
    from robots import load_robot

    robot = load_robot(name)
    terminal = console.console()
    terminal.print(card(robot))
    terminal.print(contacts(robot))
    if picture is not None:
        from handx.cli.robots_picture import draw_robot

        terminal.print(f"picture: {draw_robot(robot, picture)}")
    return 0
