"""One or two foreign URDFs → two measured hands."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from robots.add.anatomy import find_anatomy, find_palms
from robots.add.measure import SIDES, Measures, measure_hand
from robots.add.mirror import mirrored
from robots.add.tree import Tree, read_tree
from robots.errors import RobotError

RESERVED = ("base",)
"""Links that the simulation has a body of its own for; they get another name."""


def measure_hands(
    paths: Sequence[Path],
    side: str | None = None,
    palm: str | None = None,
    fingers: Mapping[str, str] | None = None,
    package: Path | None = None,
) -> dict[str, Measures]:
    """Both hands of a robot.

    Args:
        paths: One URDF of a hand (the other hand becomes its mirror image) or of a
            robot with two hands, or one URDF per side.
        side: The hand's side, where its shape leaves it open.
        palm: The palm's link, likewise.
        fingers: Finger → a link or joint of it, likewise.
        package: Folder that meshes may not leave; each URDF's own by default.

    Raises:
        RobotError: Names the file, the part and the option that would help.
    """
    if not 1 <= len(paths) <= 2:
        raise RobotError("robots add", "URDF", f"{len(paths)} files", "give one or two")
    found = []
    for path in paths:
        tree = read_tree(path)
        names = {
            link: _free_name(link, tree) for link in RESERVED if link in tree.links
        }
        tree = tree.renamed(names)
        palm = names.get(palm, palm) if palm is not None else None
        palms = [palm] if palm is not None else find_palms(tree)
        if len(palms) != 2 or len(paths) == 2:
            palms = [palm]
        for each in palms:
            anatomy = find_anatomy(tree, each, fingers)
            given = side if len(paths) == 1 and len(palms) == 1 else None
            found.append(measure_hand(anatomy, package or path.parent, given))
    hands = {hand.side: hand for hand in found}
    if len(found) == 2 and len(hands) == 1:
        raise RobotError(
            paths[-1], "side", f"both files describe a {found[0].side} hand",
            "give one of them; the other hand becomes its mirror image",
        )  # fmt: skip
    if len(hands) == 1:
        other = mirrored(found[0])
        hands[other.side] = other
    if set(hands["left"].anatomy.chains) != set(hands["right"].anatomy.chains):
        raise RobotError(paths[-1], "fingers", "the two hands differ in their fingers")
    return {each: hands[each] for each in SIDES}


def _free_name(link: str, tree: Tree) -> str:
    name = f"hand_{link}"
    while name in tree.links:
        name += "_"
    return name
