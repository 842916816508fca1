"""`handx robots add`: from a URDF to a robot that `handx run` takes."""

import re
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from robots.errors import RobotError
from robots.robot import RobotSpec

if TYPE_CHECKING:
    from handx.cli.robots import Robots

DESCRIPTION = "robot_descriptions:"
"""What a name of the package robot_descriptions begins with."""


def add(given: "Robots", words: list[str]) -> int:
    """Measure, write, draw, and say what was found."""
    from handx.cli import console
    from handx.cli.robots_card import fit_rows
    from robots.add.folder import write_folder
    from robots.add.hands import measure_hands
    from robots.registry import load_robot

    began = time.perf_counter()
    if not words:
        raise RobotError("robots add", "URDF", "no file given", "name one or two URDFs")
    paths = [resolve(word) for word in words]
    name = given.name or re.sub(r"[^a-z0-9_-]+", "-", paths[0].stem.lower()).strip("-_")
    hands = measure_hands(
        paths, given.side, given.palm, _fingers(given.fingers), given.package
    )
    folder = write_folder(
        hands, name, given.title or name, given.package or paths[0].parent,
        given.replace, _measure if find_spec("pinocchio") else None,
    )  # fmt: skip
    robot = load_robot(folder)
    terminal = console.console()
    rows: list[tuple[str, object]] = []
    for side, hand in hands.items():
        for note in hand.notes:
            what, colon, how = note.partition(": ")
            rows.append((f"{side} {what}", how) if colon else (side, note))
        for finger, chain in hand.anatomy.chains.items():
            rows.append(
                (
                    f"{side} {finger}",
                    f"{' → '.join(chain.joints)}, pad radius "
                    f"{1000 * hand.pads[finger].radius:.1f} mm",
                )
            )
    rows += fit_rows(robot)
    if not find_spec("pinocchio"):
        rows.append(("contacts", "not measured: pip install 'handx[retarget]'"))
    picture = given.picture or folder / f"{name}.png"
    if find_spec("PIL") and find_spec("mujoco"):
        from handx.cli.robots_picture import draw_robot

        rows.append(("picture", draw_robot(robot, picture)))
    rows += [
        ("folder", folder),
        ("time", f"{time.perf_counter() - began:.1f} s"),
        ("now", f'handx run "wave with both hands" --robot {name}'),
    ]
    terminal.print(console.facts(f"added {name}", rows))
    return 0


def _measure(robot: RobotSpec) -> None:
    """Write the capability of a robot that is not in its place yet."""
    from retarget import capability

    capability.write(robot)


def _fingers(given: tuple[str, ...]) -> dict[str, str] | None:
    """`("thumb=link_12", …)` → finger → part; None where nothing was given."""
    found = {}
    for word in given:
        finger, equals, part = word.partition("=")
        if not equals or not part:
            raise RobotError(
                word,
                "--fingers",
                "is not FINGER=LINK",
                "e.g. --fingers thumb=link_12 …",
            )
        found[finger] = part
    return found or None


def resolve(word: str) -> Path:
    """A path, or the URDF of a description of the package robot_descriptions.

    Raises:
        RobotError: The package is not there, or has no such description with a URDF.
    """
    if not word.startswith(DESCRIPTION):
        return Path(word).expanduser()
    name = word.removeprefix(DESCRIPTION)
    if find_spec("robot_descriptions") is None:
        raise RobotError(
            word, "", "the package robot_descriptions is not installed",
            "pip install robot_descriptions, or give the path of a URDF",
        )  # fmt: skip
    if not re.fullmatch(r"[a-z0-9_]+", name) or not find_spec(
        f"robot_descriptions.{name}"
    ):
        raise RobotError(
            word, "", "robot_descriptions has no such description",
            "see `python -m robot_descriptions list`",
        )  # fmt: skip
    path = getattr(import_module(f"robot_descriptions.{name}"), "URDF_PATH", None)
    if path is None:
        raise RobotError(word, "", "has no URDF", "choose a description with a URDF")
    return Path(path)
