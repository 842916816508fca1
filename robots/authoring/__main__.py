"""`python -m robots.authoring [robot …]`: write the shipped URDFs."""

import sys

from robots.authoring import allegro, dex3, inspire, leap, shadow
from robots.hand_file import read_capsules, read_toml
from robots.registry import SHIPPED

TABLES = {
    "allegro": allegro,
    "dex3": dex3,
    "inspire": inspire,
    "leap": leap,
    "shadow": shadow,
}


def urdf(name: str, side: str) -> str:
    """The URDF text of one side of a shipped robot."""
    capsules = read_capsules(read_toml(SHIPPED / name), side)
    return TABLES[name].description(side).to_urdf(capsules)


if __name__ == "__main__":
    for robot in sys.argv[1:] or TABLES:
        for hand in ("left", "right"):
            (SHIPPED / robot / f"{hand}.urdf").write_text(urdf(robot, hand))
