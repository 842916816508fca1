"""Write a measured pair of hands as a robot folder, all of it or nothing.

The URDFs in it are our own text: placements, axes, limits and masses as read, capsules
for collision, no meshes; nothing else of the foreign files is taken over.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from robots.add.handfile import EFFORT, SPEED, common_prefixes, hand_toml, pad_link
from robots.add.inertia import bodies
from robots.add.measure import SIDES, Measures
from robots.authoring.description import Description, Joint, Link
from robots.errors import RobotError
from robots.hand import Capsule
from robots.registry import FILES, lint, load_robot, search_paths
from robots.robot import RobotSpec

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
LICENCES = {
    "Apache-2.0": "Apache License",
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Neither the name",
    "BSD-2-Clause": "Redistribution and use in source and binary",
    "GPL-3.0-only": "GNU GENERAL PUBLIC LICENSE",
}
"""SPDX → words that its text has; the first match wins."""
UNSTATED = "LicenseRef-Unstated"
LARGEST_LICENCE = 200_000


def user_folder() -> Path:
    """Where a user's robots go: the first folder of HANDX_ROBOTS_PATH, else the data folder."""
    return search_paths()[0]


def write_folder(
    hands: Mapping[str, Measures],
    name: str,
    title: str,
    package: Path,
    replace: bool = False,
    finish: Callable[[RobotSpec], None] | None = None,
) -> Path:
    """Write the folder of a robot.

    Args:
        hands: "left" and "right".
        name: What the robot is loaded by.
        title: What it is called.
        package: Where the vendor's licence is looked for.
        replace: Whether a robot of that name may be overwritten.
        finish: Called with the robot before it is put in place, e.g. to measure its
            capability into its folder.

    Returns:
        The folder.

    Raises:
        RobotError: The name is taken or no name, the folder cannot be written, or the
            result does not pass the lint.
    """
    if not NAME.fullmatch(name):
        raise RobotError(
            name, "--name", "must be lower-case letters, digits, - and _",
            "choose another with --name",
        )  # fmt: skip
    parent = user_folder()
    target = parent / name
    if target.exists() and not replace:
        raise RobotError(
            target,
            "--name",
            "is there already",
            "choose another --name, or --replace it",
        )
    try:
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".handx-", dir=parent))
    except OSError as error:
        raise RobotError(parent, "", f"cannot write here ({error.strerror})") from None
    try:
        folder = temporary / name
        folder.mkdir()
        licence, text = _licence(package)
        sources = _sources(hands, licence)
        wire = _wire_prefixes(hands)
        (folder / "hand.toml").write_text(
            hand_toml(hands, title, licence, sources, wire), "utf-8"
        )
        (folder / "LICENSE").write_text(text, "utf-8")
        (folder / "README.md").write_text(_readme(hands, title, licence), "utf-8")
        prefixes = common_prefixes(hands)
        for side in SIDES:
            (folder / f"{side}.urdf").write_text(
                description(hands[side], prefixes[side], f"{name}_{side}"), "utf-8"
            )
        robot = load_robot(folder)
        if finish is not None:
            finish(robot)
        missing = {f"{folder / file}: missing" for file in FILES}
        findings = [line for line in lint(folder) if line not in missing]
        if findings:
            raise RobotError(
                hands["right"].anatomy.tree.path,
                "",
                findings[0].replace(f"{folder}/", ""),
            )
        folder.chmod(0o755)
        old = temporary / "replaced"
        if target.exists():
            os.replace(target, old)
        os.replace(folder, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def description(hand: Measures, prefix: str, name: str) -> str:
    """The URDF text of one side."""
    tree = hand.anatomy.tree
    rods: dict[str, list] = {}
    for link, rod in hand.rods:
        rods.setdefault(link, []).append(rod)
    masses, _ = bodies(tree, rods)
    links = []
    for link in (tree.root, *(joint.urdf.child for joint in tree.joints)):
        mass, com, inertia = masses[link]
        links.append(
            Link(
                link, mass, (float(com[0]), float(com[1]), float(com[2])),
                (
                    float(inertia[0, 0]), float(inertia[1, 1]), float(inertia[2, 2]),
                    float(inertia[0, 1]), float(inertia[0, 2]), float(inertia[1, 2]),
                ),
            )
        )  # fmt: skip
    joints = []
    for joint in tree.joints:
        row = joint.urdf
        if not joint.moves:
            joints.append(Joint(row.name, row.parent, row.child, joint.xyz, joint.rpy))
            continue
        x, y, z = joint.axis
        law = row.mimic
        joints.append(
            Joint(
                row.name, row.parent, row.child, joint.xyz, joint.rpy,
                (float(x), float(y), float(z)),
                (row.lower, row.upper, row.effort if row.effort > 0 else EFFORT,
                 row.velocity if row.velocity > 0 else SPEED),
                None if law is None else (law[0], law[1]),
                0.0 if law is None else law[2],
            )
        )  # fmt: skip
    taken = {joint.name for joint in joints}
    for finger, pad in hand.pads.items():
        link = pad_link(hand, prefix, finger)
        links.append(Link(link))
        fixed = f"{link}_joint"
        while fixed in taken:
            fixed += "_"
        x, y, z = pad.centre
        joints.append(Joint(fixed, pad.link, link, (float(x), float(y), float(z))))
    capsules = [
        Capsule(
            link, (float(rod.a[0]), float(rod.a[1]), float(rod.a[2])),
            (float(rod.b[0]), float(rod.b[1]), float(rod.b[2])), rod.radius,
        )
        for link, rod in hand.rods
    ]  # fmt: skip
    note = f"{hand.side} hand, written by `handx robots add`; see README.md."
    return Description(name, note, links, joints).to_urdf(capsules)


def _wire_prefixes(hands: Mapping[str, Measures]) -> dict[str, str]:
    """Side → prefix, so that no name is used on both sides."""
    names = [
        {j.name for j in hands[side].anatomy.tree.joints if j.moves} for side in SIDES
    ]
    if names[0] & names[1]:
        return {side: f"{side}_" for side in SIDES}
    return dict.fromkeys(SIDES, "")


def _licence(package: Path) -> tuple[str, str]:
    """SPDX (a guess by its words) and text of the vendor's licence file."""
    for folder in (package, *list(package.parents)[:2]):
        for path in sorted(folder.glob("LICEN[CS]E*")):
            if path.is_file() and path.stat().st_size < LARGEST_LICENCE:
                text = path.read_text("utf-8", "replace")
                spdx = next(
                    (k for k, words in LICENCES.items() if words in text), UNSTATED
                )
                return spdx, text
    return UNSTATED, "The vendor's files came without a licence; ask the vendor.\n"


def _sources(hands: Mapping[str, Measures], licence: str) -> dict[str, str]:
    files = " and ".join(
        dict.fromkeys(hand.anatomy.tree.path.name for hand in hands.values())
    )
    joints = [j for h in hands.values() for j in h.anatomy.tree.joints if j.moves]
    placeholder = any(joint.urdf.velocity <= 0 for joint in joints)
    return {
        "kinematics": f"{files} ({licence})",
        "limits": f"{files} ({licence})",
        "velocity": f"placeholder of {SPEED:g} rad/s where {files} states none"
        if placeholder
        else f"{files}, as stated there",
        "acceleration": "full speed within 50 ms",
        "inertia": f"{files}; where it states no mass, from the capsules' volume",
        "capsules": "fitted inside the shapes by `handx robots add`",
    }


def _readme(hands: Mapping[str, Measures], title: str, licence: str) -> str:
    lines = [f"# {title}", "", "Written by `handx robots add`. What it found:", ""]
    for side in SIDES:
        hand = hands[side]
        lines += [f"- **{side}** ({hand.anatomy.tree.path.name})"]
        lines += [f"  - {note}" for note in hand.notes]
        for finger, pad in hand.pads.items():
            bones = " → ".join(hand.anatomy.chains[finger].links)
            lines += [f"  - {finger}: {bones}, pad radius {1000 * pad.radius:.1f} mm"]
    guessed = "" if licence != UNSTATED else " The vendor's files state none."
    return "\n".join([*lines, "", f"Licence: {licence}.{guessed}", ""])
