"""Allegro Hand: the table its URDFs are written from.

Joint origins, axes, limits, efforts, speeds, masses and inertias are those of Wonik
Robotics' description (SimLab's allegro_hand_ros, BSD-2-Clause, in dexsuite/dex-urdf). Its
products of inertia are left out: with them the moments are those of no body.
The vendor numbers the left hand's fingers from the other side: its index is
`link_8.0` … `link_11.0`.

`link_<n>.0_tip` are the vendor's tip frames, on the skin; `<finger>_pad` are ours: the
centre of the tip's ball.
"""

from robots.authoring.description import Description, Joint, Link, Vector

NOTE = (
    "Allegro Hand, {side}. Written by `python -m robots.authoring allegro`; sources in "
    "README.md."
)
EFFORT, SPEED = 10.0, 3.14
FLEXION = ((-0.196, 1.61), (-0.174, 1.709), (-0.227, 1.618))
TILT = 0.08726646255
"""The outer fingers are splayed by 5° [rad]."""

Moments = tuple[float, float, float]
# mass [kg], height of the centre of mass [m], ixx iyy izz [kg·m²]
SPREADER = (
    0.0119, 0.0,
    (1.01666658333e-06, 6.47677333333e-07, 1.01666658333e-06),
)  # fmt: skip
SPREADER_INNER = (0.005, 0.0, (5.1458e-05, 5.1458e-05, 6.125e-05))
PROXIMAL = (
    0.065, 0.0,
    (7.95654166667e-05, 2.47088833333e-05, 7.95654166667e-05),
)  # fmt: skip
MIDDLE = (
    0.0355, 0.0,
    (2.63979183333e-05, 1.34948516667e-05, 2.63979183333e-05),
)  # fmt: skip
LONG = (
    0.0388, 0.0,
    (3.29223173333e-05, 1.47493026667e-05, 3.29223173333e-05),
)  # fmt: skip
SHORT = (
    0.0096, 0.0,
    (4.701248e-06, 3.649312e-06, 4.701248e-06),
)  # fmt: skip
FIRST = (0.02, 0.01335, (1e-05, 2e-05, 2e-05))
BALL = (0.0168, 0.0, (9.68e-07, 9.68e-07, 9.68e-07))
ROOT = (
    0.0176, 0.0,
    (1.89273333333e-05, 1.43008213333e-05, 1.89273333333e-05),
)  # fmt: skip
TURNER = (
    0.0119, 0.0,
    (4.24250866667e-06, 4.52362633333e-06, 4.24250866667e-06),
)  # fmt: skip
METACARPAL = (
    0.038, 0.0,
    (4.30439933333e-05, 1.44451933333e-05, 4.30439933333e-05),
)  # fmt: skip
Mass = tuple[float, float, Moments]

FINGERS: tuple[tuple[int, Vector, float, Mass, Mass, Mass], ...] = (
    # first number, knuckle [m], its roll [rad], spreader, distal link, tip
    (0, (0.0, 0.0435, -0.001542), -TILT, SPREADER, FIRST, BALL),
    (4, (0.0, 0.0, 0.0007), 0.0, SPREADER_INNER, LONG, SHORT),
    (8, (0.0, -0.0435, -0.001542), TILT, SPREADER_INNER, SHORT, BALL),
)
ORDER = {"right": ("index", "middle", "ring"), "left": ("ring", "middle", "index")}
PAD, THUMB_PAD = 0.0267, 0.0423
"""Height of the pad's centre in the distal link [m]."""


def description(side: str) -> Description:
    """The left or the right hand; they differ in the thumb's root and the order."""
    s = 1.0 if side == "right" else -1.0
    links = [
        Link("base_link", 0.4154, inertia=(1e-4, 1e-4, 1e-4, 0, 0, 0)),
        Link("palm"),
        Link("wrist"),
    ]
    joints = [
        Joint("palm_joint", "base_link", "palm", (0, 0, -0.065)),
        Joint("wrist_joint", "palm", "wrist", (0, 0, -0.03)),
    ]
    for (first, xyz, roll, spreader, distal, tip), name in zip(
        FINGERS, ORDER[side], strict=True
    ):
        masses = (spreader, PROXIMAL, MIDDLE, distal)
        steps = ((xyz, (roll, 0.0, 0.0)), *(((0.0, 0.0, z), (0.0, 0.0, 0.0))
                 for z in (0.0164, 0.054, 0.0384)))  # fmt: skip
        axes = ((0.0, 0.0, 1.0), *((0.0, 1.0, 0.0),) * 3)
        boxes = ((-0.47, 0.47), *FLEXION)
        _chain(first, masses, steps, axes, boxes, links, joints)
        _ends(first + 3, 0.0387, tip, f"{name}_pad", PAD, links, joints)
    _chain(
        12,
        (ROOT, TURNER, METACARPAL, LONG),
        (
            ((-0.0182, s * 0.019333, -0.045987), (0.0, -1.65806278845, -s * 1.5707963259)),
            ((-0.027, 0.005, 0.0399), (0.0, 0.0, 0.0)),
            ((0.0, 0.0, 0.0177), (0.0, 0.0, 0.0)),
            ((0.0, 0.0, 0.0514), (0.0, 0.0, 0.0)),
        ),
        ((-s, 0.0, 0.0), (0.0, 0.0, s), (0.0, 1.0, 0.0), (0.0, 1.0, 0.0)),
        ((0.263, 1.396), (-0.105, 1.163), (-0.189, 1.644), (-0.162, 1.719)),
        links, joints,
    )  # fmt: skip
    _ends(15, 0.0543, BALL, "thumb_pad", THUMB_PAD, links, joints)
    return Description(f"allegro_{side}", NOTE.format(side=side), links, joints)


def _chain(
    first: int,
    masses: tuple[Mass, ...],
    steps: tuple[tuple[Vector, Vector], ...],
    axes: tuple[Vector, ...],
    boxes: tuple[tuple[float, float], ...],
    links: list[Link],
    joints: list[Joint],
) -> None:
    """Append four links and their joints, numbered from `first`."""
    parent = "base_link"
    for k, ((mass, height, moments), (xyz, rpy), axis, box) in enumerate(
        zip(masses, steps, axes, boxes, strict=True)
    ):
        child = f"link_{first + k}.0"
        links.append(Link(child, mass, (0.0, 0.0, height), (*moments, 0, 0, 0)))
        joints.append(
            Joint(
                f"joint_{first + k}.0", parent, child, xyz, rpy, axis,
                (*box, EFFORT, SPEED),
            )
        )  # fmt: skip
        parent = child


def _ends(
    number: int,
    height: float,
    tip: Mass,
    pad: str,
    pad_height: float,
    links: list[Link],
    joints: list[Joint],
) -> None:
    """Append the vendor's tip link and our pad's centre."""
    last, name = f"link_{number}.0", f"link_{number}.0_tip"
    links += [Link(name, tip[0], (0.0, 0.0, tip[1]), (*tip[2], 0, 0, 0)), Link(pad)]
    joints += [
        Joint(f"joint_{number}.0_tip", last, name, (0.0, 0.0, height)),
        Joint(f"{pad}_joint", last, pad, (0.0, 0.0, pad_height)),
    ]
