"""Which link is the palm, which chains are fingers, and which of them is the thumb.

A finger is a chain of moving links without branches that hangs on the palm (a joint
that two fingers share belongs to the palm). Names are believed where they name every
finger; else the thumb is the chain that does not run and bend like the others, and the
others are ordered across the palm from the thumb's side.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from robots.add.tree import Tree
from robots.errors import RobotError

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
PATTERNS = {
    "thumb": r"thumb|^(lh_|rh_)?th(?![a-z]*[aeiou]{2})",
    "index": r"index|fore_?finger|(^|_)ff",
    "middle": r"middle(?!_phalan)|(^|_)mf",
    "ring": r"(^|[^a-z])ring|(^|_)rf",
    "pinky": r"pinky|pinkie|little|(^|_)lf",
}
"""What a finger's joints and links are called."""
SHORTEST = 0.02
"""A chain shorter than this is no finger [m]."""
LONGEST = 0.45
"""Nor is one longer than this; it is an arm or a leg."""
CLEAR = 1.3
"""The thumb's score must be so many times the runner-up's."""
WRIST_JOINTS = 3
"""Moving joints between the root and the palm that still belong to the hand."""


@dataclass(frozen=True)
class Chain:
    """A finger's moving links, proximal to distal, and their joints.

    Attributes:
        links: Child links of the joints.
        joints: Joint names.
        end: The last link of the chain, welded ones included.
    """

    links: tuple[str, ...]
    joints: tuple[str, ...]
    end: str


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is what in a hand.

    Attributes:
        tree: The hand alone (an arm above it is cut off).
        palm: Top link of the palm's body.
        chains: Finger name → chain, thumb first.
        how: How each decision was taken, for the report.
    """

    tree: Tree
    palm: str
    chains: Mapping[str, Chain]
    how: tuple[str, ...]


def find_anatomy(
    tree: Tree,
    palm: str | None = None,
    fingers: Mapping[str, str] | None = None,
) -> Anatomy:
    """Find palm and fingers.

    Args:
        tree: The URDF; may hold an arm above the hand.
        palm: The palm's link, where the caller knows it.
        fingers: Finger name → a link or joint of that finger, likewise.

    Raises:
        RobotError: There is no hand in it, or the choice is truly open; the fix names
            the option that answers.
    """
    how = []
    found = _palms(tree)
    if palm is not None:
        if palm not in tree.links:
            raise RobotError(
                tree.path, palm, "no such link", f"--palm: one of {sorted(tree.links)}"
            )
        palm = tree.body(palm)[0]
        chains = found.get(palm) or _chains(tree, palm)
        how.append(f"palm {palm}: given")
    elif len(found) == 1:
        palm, chains = next(iter(found.items()))
        how.append(f"palm {palm}: the link that {len(chains)} fingers hang on")
    elif not found:
        raise RobotError(
            tree.path, "palm", "no link that 3 to 5 fingers hang on",
            "name the palm's link with --palm",
        )  # fmt: skip
    else:
        raise RobotError(
            tree.path, "palm", f"several hands: {', '.join(sorted(found))}",
            "name one with --palm",
        )  # fmt: skip
    if not 3 <= len(chains) <= 5:
        raise RobotError(
            tree.path, palm, f"{len(chains)} fingers hang on it; 3 to 5 are supported",
            "name another link with --palm",
        )  # fmt: skip
    hand = _cut_arm(tree, palm)
    if hand is not tree:
        how.append(f"everything above {hand.root} is left out")
    named = _given(tree, chains, fingers) if fingers else _by_name(chains)
    if named is not None:
        how.append(f"fingers: {'given' if fingers else 'by their names'}")
    else:
        named = _by_shape(hand, palm, chains)
        how.append("fingers: by their shape")
    return Anatomy(hand, palm, {f: named[f] for f in FINGERS if f in named}, tuple(how))


def find_palms(tree: Tree) -> list[str]:
    """Every link in a URDF that could be a palm."""
    return sorted(_palms(tree))


def _palms(tree: Tree) -> dict[str, list[Chain]]:
    """Bodies that 3 to 5 fingers hang on → the fingers."""
    tops = {tree.body(link)[0] for link in tree.links}
    found = {}
    for top in sorted(tops):
        chains = _chains(tree, top)
        if 3 <= len(chains) <= 5:
            found[top] = chains
    # A metacarpal that carries some of a palm's fingers is no palm, nor is a wrist that
    # carries a palm.
    ends = {top: {chain.end for chain in chains} for top, chains in found.items()}
    return {
        top: chains
        for top, chains in found.items()
        if not any(
            ends[top] < ends[other]
            or (ends[top] == ends[other] and _is_above(tree, top, other))
            for other in found
            if other != top
        )
    }


def _is_above(tree: Tree, upper: str, lower: str) -> bool:
    at: str | None = lower
    while at is not None and at != upper:
        joint = tree.joint_of(at)
        at = None if joint is None else joint.urdf.parent
    return at == upper


def _chains(tree: Tree, palm: str) -> list[Chain]:
    """Fingers on a body: unbranched chains, a shared first joint left to the palm."""
    found = []
    for joint in _moving_children(tree, palm):
        chain = _follow(tree, joint)
        if chain is not None:
            found.append(chain)
            continue
        # A metacarpal that carries several fingers.
        for inner in _moving_children(tree, joint):
            if (deeper := _follow(tree, inner)) is not None:
                found.append(deeper)
    return [c for c in found if SHORTEST < _length(tree, c) < LONGEST]


def _moving_children(tree: Tree, link: str) -> list[str]:
    """Links that moving joints hang on the body of `link`."""
    return [
        joint.urdf.child
        for part in tree.body(link)
        for joint in tree.children(part)
        if joint.moves
    ]


def _follow(tree: Tree, link: str) -> Chain | None:
    """The unbranched chain that starts with `link`; None where it branches.

    A branch that is no longer than a fingertip's fixtures is not followed.
    """
    links = [link]
    while True:
        further = _moving_children(tree, links[-1])
        if len(further) > 1:
            further = [f for f in further if _moving_children(tree, f)] or further[:1]
        if len(further) > 1:
            return None
        if not further:
            break
        links.append(further[0])
    joints = [joint.name for x in links if (joint := tree.joint_of(x)) is not None]
    return Chain(tuple(links), tuple(joints), tree.body(links[-1])[-1])


def _length(tree: Tree, chain: Chain) -> float:
    """Sum of the bones of a chain [m]."""
    poses = tree.forward({})
    points = [poses[link][:3, 3] for link in (*chain.links, chain.end)]
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def _cut_arm(tree: Tree, palm: str) -> Tree:
    """The hand alone: from the root if nothing but a wrist is above the palm."""
    above, at = 0, palm
    while (joint := tree.joint_of(at)) is not None:
        siblings = [c for c in tree.children(joint.urdf.parent) if c is not joint]
        if any(_moves_below(tree, c.urdf.child) or c.moves for c in siblings):
            break
        above += joint.moves
        at = joint.urdf.parent
    if at == tree.root and above <= WRIST_JOINTS:
        return tree
    top = tree.body(palm)[0]
    return tree if top == tree.root else tree.subtree(top)


def _moves_below(tree: Tree, link: str) -> bool:
    return bool(_moving_children(tree, link))


def _by_name(chains: Sequence[Chain]) -> dict[str, Chain] | None:
    """Fingers by what their joints and links are called, if that names them all."""
    found: dict[str, Chain] = {}
    for chain in chains:
        words = [*chain.joints, *chain.links]
        score = {
            finger: sum(bool(re.search(p, word.lower())) for word in words)
            for finger, p in PATTERNS.items()
        }
        best = max(score, key=lambda finger: score[finger])
        if score[best] < len(words) / 2 or best in found:
            return None
        found[best] = chain
    return found if "thumb" in found else None


def _given(
    tree: Tree, chains: Sequence[Chain], fingers: Mapping[str, str]
) -> dict[str, Chain]:
    """Fingers as the caller names them."""
    found = {}
    for finger, part in fingers.items():
        if finger not in FINGERS:
            raise RobotError(
                tree.path, finger, "no such finger", f"--fingers: {', '.join(FINGERS)}"
            )
        match = [c for c in chains if part in (*c.joints, *c.links, c.end)]
        if not match:
            raise RobotError(
                tree.path, f"--fingers {finger}", f"no finger has a part {part!r}",
                f"name one of {', '.join(c.links[-1] for c in chains)}",
            )  # fmt: skip
        found[finger] = match[0]
    if len(found) != len(chains) or len({c.end for c in found.values()}) != len(found):
        raise RobotError(
            tree.path, "--fingers", f"must name each of the {len(chains)} fingers once",
            f"their ends are {', '.join(c.links[-1] for c in chains)}",
        )  # fmt: skip
    if "thumb" not in found:
        raise RobotError(tree.path, "--fingers", "names no thumb")
    return found


def _by_shape(tree: Tree, palm: str, chains: Sequence[Chain]) -> dict[str, Chain]:
    """The thumb is the odd one out; the others follow across the palm."""
    bones = [chain_bones(tree, palm, chain) for chain in chains]
    scores = np.array([_oddness(bones, k) for k in range(len(chains))])
    order = np.argsort(-scores)
    if scores[order[0]] < CLEAR * scores[order[1]]:
        raise RobotError(
            tree.path, "fingers",
            f"{chains[order[0]].links[0]} and {chains[order[1]].links[0]} may both be "
            "the thumb",
            "say which with --fingers thumb=LINK index=LINK …",
        )  # fmt: skip
    thumb = int(order[0])
    rest = [k for k in range(len(chains)) if k != thumb]
    bases = np.array([bones[k][0] for k in rest])
    across = np.linalg.svd(bases - bases.mean(0))[2][0]
    place = (bases - bases.mean(0)) @ across
    at = (bones[thumb][0] - bases.mean(0)) @ across
    # The thumb hangs on the index's side; a thumb in the middle leaves it open.
    if abs(at) < 0.15 * np.ptp(place):
        tip = (bones[thumb][1] - bases.mean(0)) @ across
        if abs(tip) < 0.15 * np.ptp(place):
            raise RobotError(
                tree.path, "fingers", "the thumb stands opposite the middle of the others",
                "say which finger is which with --fingers thumb=LINK index=LINK …",
            )  # fmt: skip
        at = tip
    ranked = [rest[i] for i in np.argsort(place if at < 0 else -place)]
    names = FINGERS[1 : 1 + len(ranked)]
    return {"thumb": chains[thumb]} | {
        name: chains[k] for name, k in zip(names, ranked, strict=True)
    }


def chain_bones(
    tree: Tree, palm: str, chain: Chain
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Base, end and the mean bending axis of a chain at zero, in the palm's frame."""
    poses = tree.forward({})
    T = np.linalg.inv(poses[palm])
    base, end = ((T @ poses[link])[:3, 3] for link in (chain.links[0], chain.end))
    axes = []
    for link in chain.links:
        joint = tree.joint_of(link)
        if joint is not None:
            axes.append((T @ poses[link])[:3, :3] @ joint.axis)
    # The last joints bend; the first may spread.
    return base, end, np.mean(axes[-2:], axis=0)


def _oddness(
    bones: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], k: int
) -> float:
    """How much more alike the others are without finger k."""

    def unlike(which: Sequence[int]) -> float:
        along = np.array([bones[i][1] - bones[i][0] for i in which])
        along /= np.linalg.norm(along, axis=1, keepdims=True).clip(1e-9)
        bend = np.array([bones[i][2] for i in which])
        bend /= np.linalg.norm(bend, axis=1, keepdims=True).clip(1e-9)
        spread = 0.0
        for rows in (along, bend):
            cosine = rows @ rows.T
            spread += float(1 - cosine[np.triu_indices(len(rows), 1)].mean())
        return spread

    rest = [i for i in range(len(bones)) if i != k]
    return 1e-3 + unlike(range(len(bones))) / (0.05 + unlike(rest))
