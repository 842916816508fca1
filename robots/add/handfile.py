"""Two measured hands → the text of their hand.toml."""

import json
from collections.abc import Callable, Mapping

import numpy as np

from robots.add.inertia import bodies, moved_inertia
from robots.add.measure import SIDES, Measures

FREQUENCY, DAMPING_RATIO = 80.0, 2.0
"""Servos: natural frequency [rad/s] and damping ratio that `sim.servo_identification` found
good for most shipped hands."""
TIME_TO_SPEED = 0.05
"""A joint is at full speed within so many seconds."""
SPEED, EFFORT = 2.0, 1.0
"""Placeholders where a URDF states no speed [rad/s] or effort [N·m]."""
GAINS = (
    f"ours: {FREQUENCY:g} rad/s and damping ratio {DAMPING_RATIO:g} for the inertia moved "
    "in the rest pose, with a rotor of 0.0001 kg·m² (robots/add/inertia.py)"
)


def pad_link(hand: Measures, prefix: str, finger: str) -> str:
    """Name of the link whose origin is a fingertip's centre."""
    name = f"{prefix}{finger}_pad"
    while name in hand.anatomy.tree.links:
        name += "_"
    return name


def common_prefixes(hands: Mapping[str, Measures]) -> dict[str, str]:
    """Side → what its names begin with, where the rest is the same on both sides."""
    names = {
        side: {
            *(j.name for j in hand.anatomy.tree.joints if j.moves),
            *(x for c in hand.anatomy.chains.values() for x in c.links),
            hand.palm_link,
        }
        for side, hand in hands.items()
    }
    if names["left"] != names["right"]:
        found = {side: _beginning(given) for side, given in names.items()}
        cut = [{n.removeprefix(found[s]) for n in names[s]} for s in SIDES]
        if cut[0] == cut[1] and "" not in cut[0]:
            return found
    return dict.fromkeys(SIDES, "")


def _beginning(names: set[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    same = [a == b for a, b in zip(first, last)]
    return first[: same.index(False) if False in same else len(same)]


def hand_toml(
    hands: Mapping[str, Measures],
    title: str,
    licence: str,
    sources: Mapping[str, str],
    wire_prefix: Mapping[str, str],
) -> str:
    """The file's text.

    Args:
        hands: Both sides' measures.
        title: What the robot is called.
        licence: SPDX of the description.
        sources: Kind of number → where it comes from.
        wire_prefix: Side → put before joint names on the wire.
    """
    prefix = common_prefixes(hands)
    gains = _gains(hands, prefix)
    parts: tuple[Callable[[str, str], list[str]], ...] = (
        lambda side, at: [
            f"palm_link = {_text(_cut(hands[side].palm_link, prefix[side]))}"
        ],
        lambda side, at: _joints(hands[side], prefix[side], gains),
        lambda side, at: _fingers(hands[side], prefix[side], at),
    )
    palm, joints, fingers = (
        (part("left", ""), part("right", ""), part) for part in parts
    )
    lines = [
        f"title = {_text(title)}", f"licence = {_text(licence)}", 'base_kind = "free"',
        *(right for left, right, _ in (palm,) if left == right for right in right),
        *(right for left, right, _ in (joints,) if left == right for right in ["", *right]),
        "", "[sources]", *(f"{kind} = {_text(words)}" for kind, words in sources.items()),
        "", "[gains]", f"source = {_text(GAINS)}",
    ]  # fmt: skip
    if fingers[0] == fingers[1]:
        lines += fingers[1]
    for side in SIDES:
        lines += ["", f"[{side}]", *_side(hands[side], prefix[side], wire_prefix[side])]
        for left, right, part in (palm, joints):
            if left != right:
                lines += part(side, "")
        if fingers[0] != fingers[1]:
            lines += fingers[2](side, f"{side}.")
    return "\n".join([*lines, ""])


def _cut(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _texts(values: tuple[str, ...], prefix: str) -> str:
    return "[" + ", ".join(_text(_cut(value, prefix)) for value in values) + "]"


def _numbers(values: np.ndarray) -> str:
    return "[" + ", ".join(f"{value + 0.0:.10g}" for value in values) + "]"


def joint_order(hand: Measures) -> list[str]:
    """Canonical order: joints of wrist and palm, then finger by finger, thumb first."""
    claimed = [joint for c in hand.anatomy.chains.values() for joint in c.joints]
    tree = hand.anatomy.tree
    return [j.name for j in tree.joints if j.moves and j.name not in claimed] + claimed


def _gains(
    hands: Mapping[str, Measures], prefix: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """Joint without prefix → kp [N·m/rad], kv [N·m·s/rad]; the larger of both sides."""
    moved: dict[str, float] = {}
    for side, hand in hands.items():
        rods: dict[str, list] = {}
        for link, rod in hand.rods:
            rods.setdefault(link, []).append(rod)
        tree = hand.anatomy.tree
        found = moved_inertia(tree, bodies(tree, rods)[0], hand.rest)
        for joint, inertia in found.items():
            name = _cut(joint, prefix[side])
            moved[name] = max(inertia, moved.get(name, 0.0))
    return {
        name: (inertia * FREQUENCY**2, 2 * DAMPING_RATIO * inertia * FREQUENCY)
        for name, inertia in moved.items()
    }


def _joints(
    hand: Measures, prefix: str, gains: Mapping[str, tuple[float, float]]
) -> list[str]:
    by_name = {joint.name: joint.urdf for joint in hand.anatomy.tree.joints}
    lines = ["joints = ["]
    for name in joint_order(hand):
        joint, short = by_name[name], _cut(name, prefix)
        speed = joint.velocity if joint.velocity > 0 else SPEED
        row = f"  {{ name = {_text(short)}, velocity = {speed:.10g}"
        if joint.mimic is None:
            kp, kv = gains[short]
            row += (
                f", acceleration = {speed / TIME_TO_SPEED:.4g}, "
                f"rest = {hand.rest[name]:.7g}, kp = {kp:.2g}, kv = {kv:.2g}"
            )
        lines.append(row + " },")
    return [*lines, "]"]


def _fingers(hand: Measures, prefix: str, at: str) -> list[str]:
    lines = []
    for name, chain in hand.anatomy.chains.items():
        lines += [
            "", f"[{at}fingers.{name}]",
            f"joints = {_texts(chain.joints, prefix)}",
            f"links = {_texts(chain.links, prefix)}",
            f"tip_link = {_text(_cut(pad_link(hand, prefix, name), prefix))}",
            f"middle_link = {_text(_cut(hand.middle_links[name], prefix))}",
            f"pad_radius = {hand.pads[name].radius:g}",
        ]  # fmt: skip
    return lines


def _side(hand: Measures, prefix: str, wire_prefix: str) -> list[str]:
    controller = (
        f'{{ name = "{hand.side}_hand_controller", interface = "joint_trajectory", '
        'topic = "joint_trajectory" }'
    )
    lines = [
        f"prefix = {_text(prefix)}", f"wire_prefix = {_text(wire_prefix)}",
        f"wrist = {_numbers(np.round(hand.wrist, 5))}",
        f"middle_knuckle = {_numbers(np.round(hand.knuckle, 8))}",
        f"dorsal = {_numbers(np.round(hand.dorsal, 6))}",
        f"controller = {controller}", "palm_points = [",
    ]  # fmt: skip
    points = [_numbers(point) for point in hand.palm_points]
    lines += [f"  {', '.join(points[i : i + 3])}," for i in range(0, len(points), 3)]
    lines += ["]", "capsules = ["]
    for link, rod in hand.rods:
        numbers = _numbers(np.array([*rod.a, *rod.b, rod.radius]))[1:]
        lines.append(f"  [{_text(_cut(link, prefix))}, {numbers},")
    lines.append("]")
    if hand.boxes:
        lines.append("boxes = [")
        for box in hand.boxes:
            sizes = np.array([*box.centre, *box.rpy, *box.half, box.radius])
            row = f"{_text(_cut(box.link, prefix))}, {_numbers(sizes)[1:]}"
            lines.append(f"  [{row},")
        lines.append("]")
    return lines
