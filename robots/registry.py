"""Find, load and lint robot folders: `load_robot("shadow")`.

A robot is a folder `{hand.toml, left.urdf, right.urdf, capability.json, README.md,
LICENSE}`. Folders are looked for in `HANDX_ROBOTS_PATH`, then in the user's data folder
(`$XDG_DATA_HOME/handx/robots`), then among those shipped here.
"""

import hashlib
import os
from pathlib import Path

from robots.errors import RobotError
from robots.hand import Capsule
from robots.hand_file import (
    FINGERS,
    SIDES,
    read_controller,
    read_hand,
    read_toml,
)
from robots.hand_file import read_capsules as _read_capsules
from robots.robot import RobotSpec
from robots.urdf import read_urdf

SHIPPED = Path(__file__).parent
HASHED = ("hand.toml", "left.urdf", "right.urdf")
"""What the robot's sha256 is taken of: everything that decides how it moves."""
FILES = (*HASHED, "capability.json", "README.md", "LICENSE")
BASE_KINDS = ("free", "arm")
SOURCES = ("kinematics", "limits", "velocity", "acceleration", "inertia", "capsules")
"""Kinds of number whose origin a folder must state."""


def search_paths() -> tuple[Path, ...]:
    """Folders that may hold robots, the first match wins."""
    extra = os.environ.get("HANDX_ROBOTS_PATH", "")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    given = [Path(part).expanduser() for part in extra.split(os.pathsep) if part]
    return (*given, Path(data) / "handx" / "robots", SHIPPED)


def robot_names() -> tuple[str, ...]:
    """Names that `load_robot` knows, sorted."""
    found = {
        child.parent.name
        for folder in search_paths()
        if folder.is_dir()
        for child in folder.glob("*/hand.toml")
    }
    return tuple(sorted(found))


def find_robot(name_or_path: str | Path) -> Path:
    """The folder of a robot.

    Raises:
        RobotError: No such robot; lists the choices.
    """
    for folder in search_paths():
        if str(name_or_path) in _children(folder):
            return folder / name_or_path
    path = Path(name_or_path).expanduser()
    if (path / "hand.toml").is_file():
        return path
    raise RobotError(
        name_or_path, "robot", "unknown robot",
        f"choose one of {', '.join(robot_names())}, or give a folder with a hand.toml",
    )  # fmt: skip


def _children(folder: Path) -> set[str]:
    return {child.parent.name for child in folder.glob("*/hand.toml")}


def folder_sha256(folder: Path) -> str:
    """Hash of the folder's hand.toml and URDFs; line ends do not matter."""
    digest = hashlib.sha256()
    for name in HASHED:
        data = (folder / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def read_capsules(folder: Path) -> dict[str, tuple[Capsule, ...]]:
    """ "left"/"right" → capsules, from hand.toml alone."""
    table = read_toml(folder)
    return {side: _read_capsules(table, side) for side in SIDES}


def load_robot(name_or_path: str | Path) -> RobotSpec:
    """Load a robot by name, or from its folder.

    Args:
        name_or_path: One of `robot_names()`, or a folder with a hand.toml.

    Raises:
        RobotError: Unknown robot (lists the choices), or a file of the folder that
            cannot be used (names file and field).
    """
    folder = find_robot(name_or_path)
    table = read_toml(folder)
    base_kind = table.text("base_kind")
    if base_kind not in BASE_KINDS:
        raise table.error("base_kind", f"{base_kind!r} is none of {BASE_KINDS}")
    name = folder.resolve().name
    hands = {side: read_hand(folder, name, side, table) for side in SIDES}
    sources = table.table("sources")
    return RobotSpec(
        name=name,
        title=table.text("title"),
        folder=folder,
        hands=hands,
        groups={},
        base_kind=base_kind,
        controllers=tuple(read_controller(table, hand) for hand in hands.values()),
        licence=table.text("licence"),
        sources={key: sources.text(key) for key in sources.values},
        sha256=folder_sha256(folder),
    )
