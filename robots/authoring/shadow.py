"""Shadow Dexterous Hand E3M5: the table its URDFs are written from.

Joint origins, axes, limits, efforts and speeds are Shadow Robot's published figures
(sr_description, model E3M5); masses and inertias are those of MuJoCo Menagerie's
`shadow_hand` (Apache-2.0, commit 0498058), whose origins, axes and ranges agree with
the vendor's.
"""

import math

from robots.authoring.description import Description, Joint, Link, Vector

NOTE = (
    "Shadow Dexterous Hand E3M5, {side}. Written by `python -m robots.authoring "
    "shadow`; sources in README.md."
)

# Figures the vendor rounded to 12 decimals of radians.
KNUCKLE = (-0.349065850399, 0.349065850399, 2.0, 2.0)
PROXIMAL = (-0.261799387799, 1.57079632679, 2.0, 2.0)
FLEXION = (0.0, 1.57079632679, 2.0, 2.0)
TILT = 0.9599
"""The little finger's metacarpal axis lies 55° off the palm's x axis [rad]."""

FINGERS = {
    # prefix: knuckle in the palm of a right hand [m], sign of the J4 axis along y
    "ff": ((0.033, 0.0, 0.095), -1.0),
    "mf": ((0.011, 0.0, 0.099), -1.0),
    "rf": ((-0.011, 0.0, 0.095), 1.0),
}


def description(side: str) -> Description:
    """The left or the right hand; the left is the right one mirrored in x.

    Under x → −x a turn about x keeps its sense, turns about y and z reverse; so
    the same joint values give the mirrored pose.
    """
    s = 1.0 if side == "right" else -1.0

    def point(x: float, y: float, z: float) -> Vector:
        return (s * x, y, z)

    def turn(x: float, y: float, z: float) -> Vector:
        return (x, s * y, s * z)

    links = [
        Link("forearm", 3.0, (0, 0, 0.09), (0.0138, 0.0138, 0.00744, 0, 0, 0)),
        Link("wrist", 0.1, (0, 0, 0.029), (3.5e-5, 6.4e-5, 4.38e-5, 0, 0, 0)),
        Link("palm", 0.3, (0, 0, 0.035), (3.581e-4, 5.287e-4, 1.91e-4, 0, 0, 0)),
    ]
    joints = [
        Joint(
            "WRJ2", "forearm", "wrist", point(0, -0.010, 0.21301), axis=turn(0, 1, 0),
            limits=(-0.523598775598, 0.174532925199, 10.0, 2.0),
        ),
        Joint(
            "WRJ1", "wrist", "palm", point(0, 0, 0.034), axis=turn(1, 0, 0),
            limits=(-0.698131700798, 0.488692190558, 30.0, 2.0),
        ),
    ]  # fmt: skip
    for prefix, (knuckle, sense) in FINGERS.items():
        _finger(
            prefix, "palm", point(*knuckle), (0, 0, 0), turn(0, sense, 0), links, joints
        )

    # Centre of mass and inertia axes of the metacarpal are along the finger.
    com = point(0.04 * math.sin(TILT), 0, 0.04 * math.cos(TILT))
    links.append(
        Link(
            "lfmetacarpal", 0.03, com, (1.45e-5, 1.638e-5, 4.272e-6, 0, 0, 0),
            turn(0, TILT, 0),
        )
    )  # fmt: skip
    joints.append(
        Joint(
            "LFJ5", "palm", "lfmetacarpal", point(-0.033, 0, 0.02071),
            turn(0, -TILT, 0), turn(1, 0, 0), (0.0, 0.785398163397, 2.0, 2.0),
        )
    )  # fmt: skip
    _finger(
        "lf", "lfmetacarpal", point(0.05397275, 0, 0.03779463), turn(0, TILT, 0),
        turn(0, 1, 0), links, joints,
    )  # fmt: skip

    links += [
        Link("thbase", 0.01, (0, 0, 0), (1.6e-7, 1.6e-7, 1.6e-7, 0, 0, 0)),
        Link("thproximal", 0.04, (0, 0, 0.019), (1.36e-5, 1.36e-5, 3.13e-6, 0, 0, 0)),
        Link("thhub", 0.005, (0, 0, 0), (1e-6, 1e-6, 3e-7, 0, 0, 0)),
        Link("thmiddle", 0.02, (0, 0, 0.016), (5.1e-6, 5.1e-6, 1.21e-6, 0, 0, 0)),
        Link(
            "thdistal",
            0.017,
            (0, 0, 0.0145588),
            (2.27794e-6, 2.37794e-6, 1e-6, 0, 0, 0),
        ),
        Link("thtip"),
    ]
    joints += [
        Joint(
            "THJ5", "palm", "thbase", point(0.034, -0.00858, 0.029),
            turn(-0.785398163397, 0, -1.57079632679), turn(0, 0, -1),
            (-1.0471975512, 1.0471975512, 5.0, 4.0),
        ),
        Joint(
            "THJ4", "thbase", "thproximal", axis=turn(0, 1, 0),
            limits=(0.0, 1.2217304764, 3.0, 4.0),
        ),
        Joint(
            "THJ3", "thproximal", "thhub", point(0, 0, 0.038), axis=turn(0, 1, 0),
            limits=(-0.209439510239, 0.209439510239, 2.0, 4.0),
        ),
        Joint(
            "THJ2", "thhub", "thmiddle", axis=turn(1, 0, 0),
            limits=(-0.698131700798, 0.698131700798, 2.0, 2.0),
        ),
        Joint(
            "THJ1", "thmiddle", "thdistal", point(0, 0, 0.032), axis=turn(1, 0, 0),
            limits=(-0.261799387799, 1.57079632679, 1.0, 4.0),
        ),
        Joint("THtip", "thdistal", "thtip", point(0, 0, 0.0275)),
    ]  # fmt: skip
    return Description(f"shadow_{side}", NOTE.format(side=side), links, joints)


def _finger(
    prefix: str,
    parent: str,
    xyz: Vector,
    rpy: Vector,
    knuckle_axis: Vector,
    links: list[Link],
    joints: list[Joint],
) -> None:
    """Append knuckle, three phalanges and the tip point of one finger."""
    links += [
        Link(f"{prefix}knuckle", 0.008, (0, 0, 0), (2.6e-7, 2.6e-7, 3.2e-7, 0, 0, 0)),
        Link(f"{prefix}proximal", 0.03, (0, 0, 0.0225), (9.8e-6, 1e-5, 1.8e-6, 0, 0, 0)),
        Link(
            f"{prefix}middle", 0.017, (0, 0, 0.0125), (2.6e-6, 2.7e-6, 8.7e-7, 0, 0, 0)
        ),
        Link(
            f"{prefix}distal", 0.013, (0, 0, 0.0130769),
            (1.12092e-6, 1.28092e-6, 5.3e-7, 0, 0, 0),
        ),
        Link(f"{prefix}tip"),
    ]  # fmt: skip
    name = prefix.upper()
    flexion = (1.0, 0.0, 0.0)
    joints += [
        Joint(f"{name}J4", parent, f"{prefix}knuckle", xyz, rpy, knuckle_axis, KNUCKLE),
        Joint(
            f"{name}J3", f"{prefix}knuckle", f"{prefix}proximal", axis=flexion,
            limits=PROXIMAL,
        ),
        Joint(
            f"{name}J2", f"{prefix}proximal", f"{prefix}middle", (0, 0, 0.045),
            axis=flexion, limits=FLEXION,
        ),
        Joint(
            f"{name}J1", f"{prefix}middle", f"{prefix}distal", (0, 0, 0.025),
            axis=flexion, limits=FLEXION,
        ),
        Joint(f"{name}tip", f"{prefix}distal", f"{prefix}tip", (0, 0, 0.026)),
    ]  # fmt: skip
