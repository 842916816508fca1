"""LEAP Hand: the table its URDFs are written from.

Joint origins, axes, limits, efforts, speeds, masses and inertias are those of
leap-hand/LEAP_Hand_Sim (MIT, in dexsuite/dex-urdf). The vendor's left file calls two
links otherwise (`palm_lower_left`, `thumb_left_temp_base`); here both sides use the
right hand's names. The root is `hand_base`, not the vendor's `base`. Right angles are
the vendor's five digits of π/2.

`<finger>_tip_head` are the vendor's tip frames; `<finger>_pad` are ours: the centre of
the largest ball that fills the tip.
"""

from robots.authoring.description import Description, Joint, Link, Vector

NOTE = (
    "LEAP Hand, {side}. Written by `python -m robots.authoring leap`; sources in "
    "README.md."
)
QUARTER, HALF = 1.57079, 3.14159
EFFORT, SPEED = 0.95, 8.48
AXIS = (0.0, 0.0, -1.0)

Moments = tuple[float, float, float, float, float, float]
# link → mass [kg], ixx iyy izz ixy ixz iyz [kg·m²]; centres of mass are at the origin
PALM: dict[str, tuple[float, Moments]] = {
    "right": (
        0.237, (3.54094e-4, 2.60915e-4, 5.29257e-4, -1.193e-6, -2.445e-6, -2.905e-6)
    ),
    "left": (
        0.235, (3.51007e-4, 5.23205e-4, 2.56996e-4, -1.393e-6, -6.94e-7, -3.085e-6)
    ),
}  # fmt: skip
SERVO: tuple[float, Moments] = (
    0.032, (4.798e-6, 2.862e-6, 4.234e-6, 1.2e-8, 4e-9, 1.1e-8)
)  # fmt: skip
FINGER: dict[str, tuple[float, Moments]] = {
    "mcp_joint": (
        0.044, (1.1499e-5, 7.796e-6, 1.4759e-5, 3.049e-6, 1.21e-7, 1.12e-7)
    ),
    "pip": SERVO,
    "dip": (0.037, (5.542e-6, 5.727e-6, 6.682e-6, -6.07e-7, -1.7e-8, -2.3e-8)),
    "fingertip": (0.016, (3.368e-6, 1.556e-6, 2.863e-6, 1.15e-7, 0.0, 0.0)),
}  # fmt: skip
THUMB: dict[str, tuple[float, Moments]] = {
    "thumb_temp_base": SERVO,
    "thumb_pip": (0.003, (5.93e-7, 5.49e-7, 2.24e-7, 0.0, 0.0, 0.0)),
    "thumb_dip": (0.038, (8.474e-6, 3.841e-6, 7.679e-6, 2.41e-7, 2.6e-8, 2.5e-8)),
    "thumb_fingertip": (
        0.049, (2.0372e-5, 4.336e-6, 1.9845e-5, -4.89e-7, -3e-8, -9.7e-8)
    ),
}  # fmt: skip

# Joint numbers of the finger's base flexion, spread, and the two further flexions; the
# vendor rounds the ring finger's last bone to another digit.
FINGERS: dict[str, tuple[str, tuple[int, int, int, int], float]] = {
    "index": ("", (1, 0, 2, 3), -0.0361),
    "middle": ("_2", (5, 4, 6, 7), -0.0361),
    "ring": ("_3", (9, 8, 10, 11), -0.03609),
}
KNUCKLES: dict[str, tuple[Vector, Vector, Vector]] = {
    "right": (
        (-0.0070, 0.0230, -0.0187), (-0.0071, -0.0224, -0.0187),
        (-0.00709, -0.0678, -0.0187),
    ),
    "left": (
        (-0.0825, -0.0857, 0.0078), (-0.0825, -0.0403, 0.0078),
        (-0.0825, 0.0051, 0.0078),
    ),
}  # fmt: skip
BASE: dict[str, Vector] = {"right": (0.0, 0.038, 0.098), "left": (0.015, 0.055, 0.17)}
THUMB_ROOT: dict[str, Vector] = {
    "right": (-0.0693, -0.0012, -0.0216), "left": (-0.1448, -0.0900, 0.0049),
}  # fmt: skip
FLEXION = ((-0.314, 2.23), (-1.047, 1.047), (-0.506, 1.885), (-0.366, 2.042))
PAD: Vector = (-0.0011, -0.0388, 0.0167)
THUMB_PAD: Vector = (-0.0016, -0.0517, -0.0150)


def description(side: str) -> Description:
    """The left or the right hand; fingers are the same, palm and thumb root differ."""
    s = 1.0 if side == "right" else -1.0
    mass, moments = PALM[side]
    links = [Link("hand_base"), Link("palm_lower", mass, inertia=moments)]
    joints = [
        Joint("base_joint", "hand_base", "palm_lower", BASE[side], (0, -QUARTER, 0))
    ]
    for (finger, (suffix, numbers, bone)), knuckle in zip(
        FINGERS.items(), KNUCKLES[side], strict=True
    ):
        steps = (
            (knuckle, (QUARTER, QUARTER, 0.0)),
            ((-0.0122, 0.0381, 0.0145), (-QUARTER, 0.0, QUARTER)),
            ((0.015, 0.0143, -0.013), (QUARTER, -QUARTER, 0.0)),
            ((0.0, bone, 0.0002), (0.0, 0.0, 0.0)),
        )
        rows = {f"{name}{suffix}": row for name, row in FINGER.items()}
        _chain(rows, numbers, steps, FLEXION, links, joints)
        _ends(finger, f"fingertip{suffix}", (0.0, -0.048, 0.015), PAD, links, joints)
    boxes = ((-0.349, 2.094), (-0.47, 2.443))
    _chain(
        THUMB,
        (12, 13, 14, 15),
        (
            (THUMB_ROOT[side], (0.0, QUARTER, 0.0)),
            ((0.0, s * 0.0143, -0.013), (s * QUARTER, -QUARTER, 0.0)),
            ((0.0, 0.0145, -0.017), (-QUARTER, 0.0, 0.0)),
            ((0.0, 0.0466, 0.0002), (0.0, 0.0, HALF)),
        ),
        (
            *(box if side == "right" else (-box[1], -box[0]) for box in boxes),
            (-1.20, 1.90), (-1.34, 1.88),
        ),
        links, joints,
    )  # fmt: skip
    _ends("thumb", "thumb_fingertip", (0.0, -0.06, -0.015), THUMB_PAD, links, joints)
    return Description(f"leap_{side}", NOTE.format(side=side), links, joints)


def _chain(
    rows: dict[str, tuple[float, Moments]],
    numbers: tuple[int, int, int, int],
    steps: tuple[tuple[Vector, Vector], ...],
    boxes: tuple[tuple[float, float], ...],
    links: list[Link],
    joints: list[Joint],
) -> None:
    """Append four links and their joints."""
    parent = "palm_lower"
    for (child, (mass, moments)), number, (xyz, rpy), box in zip(
        rows.items(), numbers, steps, boxes, strict=True
    ):
        links.append(Link(child, mass, inertia=moments))
        joints.append(
            Joint(str(number), parent, child, xyz, rpy, AXIS, (*box, EFFORT, SPEED))
        )
        parent = child


def _ends(
    finger: str,
    last: str,
    tip: Vector,
    pad: Vector,
    links: list[Link],
    joints: list[Joint],
) -> None:
    """Append the vendor's tip frame and our pad's centre."""
    for name, joint, xyz in (
        (f"{finger}_tip_head", f"{finger}_tip", tip),
        (f"{finger}_pad", f"{finger}_pad_joint", pad),
    ):
        links.append(Link(name))
        joints.append(Joint(joint, last, name, xyz))
