"""Find, load and lint robot folders: `load_robot("shadow")`.

A robot is a folder `{hand.toml, left.urdf, right.urdf, capability.json, README.md,
LICENSE}`; one with arms has `body.urdf` and names in `hands` the robot whose hands it
carries. Folders are looked for in `HANDX_ROBOTS_PATH`, then in the user's data folder
(`$XDG_DATA_HOME/handx/robots`), then among those shipped here.

"shadow+inspire" is the left hand of the first and the right hand of the second.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from robots.body_file import FILE_NAME as BODY
from robots.body_file import read_body, read_body_controllers
from robots.capability import read_capability
from robots.errors import RobotError
from robots.hand import HandSpec
from robots.hand_file import SIDES, Table, read_controller, read_hand, read_toml
from robots.robot import RobotSpec
from robots.urdf import Urdf, read_urdf

SHIPPED = Path(__file__).parent
HASHED = ("hand.toml", "left.urdf", "right.urdf")
"""What the robot's sha256 is taken of: everything that decides how it moves."""
FILES = (*HASHED, "capability.json", "README.md", "LICENSE")
MIN_RADIUS, MAX_RADIUS = 0.002, 0.030
"""A pad radius outside these is a mistake of units [m]."""
RESERVED = "base"
"""A link of that name would meet the simulation's own body of a hand's base."""
BASE_KINDS = ("free", "arm")
JOIN = "+"
"""Between the names of two robots that are put together."""
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
    """Hash of the folder's hand.toml and URDFs; line ends do not matter.

    A robot that carries another one's hands has their hash in its own.
    """
    digest = hashlib.sha256()
    table = read_toml(folder)
    names: tuple[str, ...] = HASHED
    if "hands" in table.values:
        names = ("hand.toml", BODY)
        digest.update(folder_sha256(_hands_folder(folder, table)).encode())
    for name in names:
        data = (folder / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _hands_folder(folder: Path, table: Table) -> Path:
    """The folder whose hands a robot carries, its own by default.

    Raises:
        RobotError: `hands` names no robot, or one that has no hands of its own.
    """
    if "hands" not in table.values:
        return folder
    carried = find_robot(table.text("hands"))
    if "hands" in read_toml(carried).values:
        raise table.error("hands", f"{carried.name} has no hands of its own")
    return carried


def load_robot(name_or_path: str | Path) -> RobotSpec:
    """Load a robot by name, or from its folder.

    Args:
        name_or_path: One of `robot_names()`, two of them with a "+" between (the left
            hand of the first, the right hand of the second), or a folder with a
            hand.toml.

    Raises:
        RobotError: Unknown robot (lists the choices), or a file of the folder that
            cannot be used (names file and field).
    """
    if JOIN in str(name_or_path) and not Path(name_or_path).is_dir():
        return _put_together(str(name_or_path))
    folder = find_robot(name_or_path)
    table = read_toml(folder)
    base_kind = table.text("base_kind")
    if base_kind not in BASE_KINDS:
        raise table.error("base_kind", f"{base_kind!r} is none of {BASE_KINDS}")
    name = folder.resolve().name
    carried = _hands_folder(folder, table)
    theirs = read_toml(carried)
    hands = {side: read_hand(carried, name, side, theirs) for side in SIDES}
    controllers = tuple(read_controller(theirs, hand) for hand in hands.values())
    body, groups = None, {}
    if base_kind == "arm":
        body = read_body(folder, name, table)
        groups = dict(body.groups)
        controllers += read_body_controllers(table, body)
    sources = table.table("sources")
    return RobotSpec(
        name=name,
        title=table.text("title"),
        folder=folder,
        hands=hands,
        groups=groups,
        base_kind=base_kind,
        controllers=controllers,
        licence=table.text("licence"),
        sources={key: sources.text(key) for key in sources.values},
        sha256=folder_sha256(folder),
        body=body,
        thresholds=_thresholds(theirs) | _thresholds(table),
    )


def _thresholds(table: Table) -> dict[str, float]:
    """Bounds of the simulation's checks that the robot has to itself."""
    if "thresholds" not in table.values:
        return {}
    own = table.table("thresholds")
    return {name: own.positive(name) for name in own.values}


def _tighter(robots: Iterable[RobotSpec]) -> dict[str, float]:
    """For two hands together: the tighter bound of each, upper bounds all."""
    found: dict[str, float] = {}
    for robot in robots:
        for name, value in robot.thresholds.items():
            found[name] = min(value, found.get(name, value))
    return found


def _put_together(name: str) -> RobotSpec:
    """The left hand of one robot and the right hand of another, on free bases.

    Raises:
        RobotError: Not two names, an unknown one, or one whose hands are another's.
    """
    names = name.split(JOIN)
    if len(names) != len(SIDES):
        raise RobotError(
            name, "robot", f"names {len(names)} robots", "give two: LEFT+RIGHT"
        )
    origins = {side: load_robot(part) for side, part in zip(SIDES, names)}
    for origin in origins.values():
        if origin.body is not None:
            carried = read_toml(origin.folder).text("hands")
            raise RobotError(
                name, "robot", f"{origin.name} has arms, which carry both hands",
                f"take its hands alone: {carried}",
            )  # fmt: skip
    hands = {side: origin.hands[side] for side, origin in origins.items()}
    digest = hashlib.sha256("\0".join(r.sha256 for r in origins.values()).encode())
    kinds = dict.fromkeys(kind for r in origins.values() for kind in r.sources)
    return RobotSpec(
        name=name,
        title=" | ".join(f"{side}: {r.title}" for side, r in origins.items()),
        folder=Path(name),
        hands=hands,
        groups={},
        base_kind="free",
        controllers=tuple(
            controller
            for side, origin in origins.items()
            for controller in origin.controllers
            if set(controller.joints) <= set(hands[side].wire_names)
        ),
        licence=" AND ".join(dict.fromkeys(r.licence for r in origins.values())),
        sources={
            kind: " | ".join(
                f"{side}: {r.sources.get(kind, 'not said')}"
                for side, r in origins.items()
            )
            for kind in kinds
        },
        sha256=digest.hexdigest(),
        thresholds=_tighter(origins.values()),
        origins=origins,
    )


def lint(folder: str | Path) -> list[str]:
    """What is wrong with a robot folder, as one line per finding; empty if nothing.

    Beyond what `load_robot` needs it asks for the files a reader needs, a source for
    each kind of number, masses on moving links, fingers that hang together, sane radii
    and the same hand on both sides.
    """
    folder = Path(folder)
    files = FILES
    if (folder / BODY).is_file():
        files = tuple(name for name in FILES if not name.endswith(".urdf"))
    findings = [
        f"{folder / name}: missing" for name in files if not (folder / name).is_file()
    ]
    try:
        robot = load_robot(folder.resolve())
    except RobotError as error:
        return [*findings, str(error)]
    findings += [
        f"{folder / 'hand.toml'} [sources.{kind}]: say where these numbers come from"
        for kind in SOURCES
        if not robot.sources.get(kind)
    ]
    for hand in robot.hands.values():
        urdf = read_urdf(hand.urdf)
        findings += [f"{hand.urdf}: {text}" for text in _hand_findings(hand, urdf)]
    try:
        read_capability(robot)
    except RobotError as error:
        findings.append(str(error))
    left, right = (robot.hands[side] for side in SIDES)
    if len(left.actuated) != len(right.actuated) or set(left.fingers) != set(
        right.fingers
    ):
        findings.append(f"{folder}: the two sides differ in joints or fingers")
    return findings


def _hand_findings(hand: HandSpec, urdf: Urdf) -> list[str]:
    findings = []
    parent = {joint.child: joint.parent for joint in urdf.joints.values()}
    if RESERVED in urdf.links:
        findings.append(
            f"a link must not be called {RESERVED!r}: the simulation has one"
        )
    for name in hand.joint_names:
        link = urdf.joints[name].child
        if link not in urdf.massive:
            findings.append(f"link {link} moves but has no mass")
        if urdf.joints[name].effort <= 0:
            findings.append(f"joint {name} has no effort limit")
    for finger in hand.fingers.values():
        for joint in finger.joints:
            if joint not in hand.joint_names:
                findings.append(f"{finger.name}: {joint} is no moving joint")
        for upper, lower in zip(finger.links, finger.links[1:]):
            if parent.get(lower) != upper:
                findings.append(f"{finger.name}: {lower} does not hang on {upper}")
        if parent.get(finger.tip_link) not in finger.links:
            findings.append(f"{finger.name}: {finger.tip_link} is not on the finger")
        if finger.middle_link not in finger.links:
            findings.append(f"{finger.name}: {finger.middle_link} is not on the finger")
        if not MIN_RADIUS <= finger.pad_radius <= MAX_RADIUS:
            findings.append(f"{finger.name}: pad radius {finger.pad_radius} m")
    if "thumb" not in hand.fingers or len(hand.fingers) < 3:
        findings.append("needs a thumb and at least two fingers")
    return findings
