"""`python -m robots.authoring [robot …]`: write the shipped URDFs."""

import sys

from robots.authoring import allegro, dex3, g1, inspire, leap, shadow
from robots.hand_file import capsule_rows, read_capsules, read_toml
from robots.registry import SHIPPED

TABLES = {
    "allegro": allegro,
    "dex3": dex3,
    "inspire": inspire,
    "leap": leap,
    "shadow": shadow,
}


BODIES = ("g1-dex3", "g1-inspire")
"""Robots with arms; they carry the hands of another one."""


def urdf(name: str, side: str) -> str:
    """The URDF text of one side of a shipped robot."""
    capsules = read_capsules(read_toml(SHIPPED / name), side)
    return TABLES[name].description(side).to_urdf(capsules)


def body_urdf(name: str) -> str:
    """The URDF text of a shipped robot's waist and arms."""
    capsules = capsule_rows(read_toml(SHIPPED / name).table("body"), "")
    return g1.description(name).to_urdf(capsules)


if __name__ == "__main__":
    for robot in sys.argv[1:] or (*TABLES, *BODIES):
        if robot in BODIES:
            (SHIPPED / robot / "body.urdf").write_text(body_urdf(robot))
            continue
        for hand in ("left", "right"):
            (SHIPPED / robot / f"{hand}.urdf").write_text(urdf(robot, hand))
