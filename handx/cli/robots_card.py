"""A robot's card: what it is, what it can touch, what of it is readable."""

import math

from rich.table import Table

from handx.cli.console import facts, listing
from handx.cli.summaries import pair_title, robot_facts
from robots.capability import READABLE, read_capability
from robots.hand import HandSpec
from robots.robot import RobotSpec


def card(robot: RobotSpec) -> Table:
    """What the robot is and where its numbers come from."""
    rows: list[tuple[str, object]] = [
        (what, value) for what, value in robot_facts(robot) if what != "cannot reach"
    ]
    for side, hand in robot.hands.items():
        names = ", ".join(hand.wire_names[i] for i in hand.actuated_index)
        rows.append((f"{side} joints", names))
    if robot.groups:
        rows += [(group, ", ".join(names)) for group, names in robot.groups.items()]
    rows += [(f"{chain.side} servos", servos(chain)) for chain in robot.chains]
    capability = read_capability(robot)
    rows += fit_rows(robot)
    if capability is not None and capability.handshapes:
        for side, readable in capability.handshapes.items():
            kept = [name for name, score in readable.items() if score >= READABLE]
            lost = [name for name, score in readable.items() if score < READABLE]
            rows.append(
                (
                    f"{side} handshapes",
                    f"{len(kept)} of {len(readable)} readable"
                    + (f"; not: {', '.join(lost)}" if lost else ""),
                )
            )
    rows.append(("folder", robot.folder))
    return facts(robot.name, rows)


def servos(chain: HandSpec) -> str:
    """Gains of a chain's servos, and how they were found."""
    kp, kv = chain.gains.kp, chain.gains.kv
    return (
        f"kp {kp.min():g} to {kp.max():g} N·m/rad, kv {kv.min():g} to {kv.max():g} "
        f"N·m·s/rad; {chain.gains.source}"
    )


def fit_rows(robot: RobotSpec) -> list[tuple[str, object]]:
    """How an average human hand lies on the robot's, where that was measured."""
    capability = read_capability(robot)
    if capability is None:
        return []
    return [
        (
            f"{side} fit",
            f"{fit.scale:.2f} of a human hand's size, turned {fit.turn:.0f}°, shifted "
            f"{1000 * math.hypot(*fit.offset):.0f} mm; human-size error "
            f"{1000 * fit.residual:.1f} mm",
        )
        for side, fit in capability.fits.items()
    ]


def contacts(robot: RobotSpec) -> Table:
    """Every pinch, and the touches between the hands that something is in the way of."""
    capability = read_capability(robot)
    if capability is None:
        return facts("contacts", [("measured", "no: python -m retarget.capability")])
    rows = []
    across = {"free": 0, "blocked": 0}
    for pair, reach in capability.pairs.items():
        if reach.point_distance is None:
            across["blocked" if reach.overlap > 0 else "free"] += 1
            continue
        reached = reach.short_by <= capability.contact_gap
        rows.append(
            (
                pair_title(pair),
                "yes" if reached else f"short by {1000 * reach.short_by:.1f} mm",
                f"{1000 * reach.overlap:.1f} mm" if reach.overlap > 0 else "",
            )
        )
    rows.append(
        (
            "between the hands",
            f"{across['free']} of {sum(across.values())} touches with nothing in the way",
            "",
        )
    )
    return listing("contacts", ("contact", "can close", "other links overlap by"), rows)
