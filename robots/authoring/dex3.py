"""Unitree Dex3-1: the table its URDFs are written from.

Joint origins, axes, limits, efforts, speeds, masses and inertias are those of
`unitree_hand` in Unitree's xr_teleoperate (Apache-2.0), which agree with `g1_description`
in unitree_ros (BSD-3-Clause). The left hand is the right one mirrored in y; the vendor's
right file turns the palm's inertia by a quarter where the left file does not, and the
left one is taken.

`…_tip` are the vendor's tip points, `…_pad` are ours: the centre of the largest ball
that fills the tip.
"""

from robots.authoring.description import Description, Joint, Link, Vector

NOTE = (
    "Unitree Dex3-1, {side}. Written by `python -m robots.authoring dex3`; sources in "
    "README.md."
)
Moments = tuple[float, float, float, float, float, float]
BONE: Vector = (0.0458, 0.0, 0.0)
TIP = 0.05
KNUCKLE = (0.0777, -0.0016, 0.0285)
"""The index's; the middle finger's lies at −z [m]."""
PAD: Vector = (0.04, 0.0, 0.0)
THUMB_PAD: Vector = (0.0, 0.04, 0.0)
SPEED, EFFORT = 12.0, 1.4

# Right hand: mass [kg], centre of mass [m], ixx iyy izz ixy ixz iyz [kg·m²]
PALM: tuple[float, Vector, Moments] = (
    0.37283854, (0.06214634836, 0.00050869656, -0.00058171093),
    (2.7535181027e-4, 5.3951827219e-4, 3.9623390907e-4, 1.595519465e-5,
     -2.4216189e-6, 4.2279435e-7),
)  # fmt: skip
THUMB: tuple[tuple[float, Vector, Moments], ...] = (
    (
        0.08623657, (-0.0008842458, 0.00863407079, 0.00094429336),
        (1.602919238e-5, 1.451795012e-5, 1.637877663e-5, -1.0683177e-7, 1.6728875e-7,
         5.1094752e-7),
    ),
    (
        0.0588507, (-0.00082788768, 0.03547435774, -0.0003808996),
        (1.274699945e-5, 6.01573947e-6, 1.234543582e-5, 5.0770784e-7, 1.608885e-7,
         2.7839003e-7),
    ),
    (
        0.02030626, (-0.00171735242, 0.02628192939, 0.00010778879),
        (4.61267817e-6, 1.53561368e-6, 3.86625776e-6, 3.42213e-8, -8.23881e-9,
         2.549885e-8),
    ),
)  # fmt: skip
FINGER: tuple[tuple[float, Vector, Moments], ...] = (
    (
        0.0588507, (0.03547435774, -0.00082788768, 0.0003808996),
        (6.01573947e-6, 1.274699945e-5, 1.234543582e-5, 5.0770784e-7, -2.7839003e-7,
         -1.608885e-7),
    ),
    (
        0.02030626, (0.02628192939, -0.00171735242, -0.00010778879),
        (1.53561368e-6, 4.61267817e-6, 3.86625776e-6, 3.42213e-8, -2.549885e-8,
         8.23881e-9),
    ),
)  # fmt: skip


def description(side: str) -> Description:
    """The left or the right hand, rooted at its palm."""
    links, joints = parts(side)
    return Description(f"dex3_{side}", NOTE.format(side=side), links, joints)


def parts(side: str) -> tuple[list[Link], list[Joint]]:
    """Links, the palm first, and joints of one hand."""
    s = 1.0 if side == "right" else -1.0
    p = f"{side}_hand_"

    def point(xyz: Vector) -> Vector:
        return (xyz[0], s * xyz[1], xyz[2])

    def body(name: str, row: tuple[float, Vector, Moments]) -> Link:
        mass, com, (xx, yy, zz, xy, xz, yz) = row
        return Link(p + name, mass, point(com), (xx, yy, zz, s * xy, xz, s * yz))

    def hinge(
        name: str, parent: str, xyz: Vector, box: tuple[float, float],
        axis: Vector = (0.0, 0.0, 1.0), effort: float = EFFORT, speed: float = SPEED,
    ) -> Joint:  # fmt: skip
        # Under y → −y turns about x and z reverse: same axes, mirrored limits.
        low, high = box if s > 0 or axis[1] else (-box[1], -box[0])
        return Joint(
            f"{p}{name}_joint", p + parent, f"{p}{name}_link", point(xyz), axis=axis,
            limits=(low, high, effort, speed),
        )  # fmt: skip

    links = [body("palm_link", PALM)]
    links += [body(f"thumb_{k}_link", row) for k, row in enumerate(THUMB)]
    joints = [
        hinge(
            "thumb_0", "palm_link", (0.0255, 0.0, 0.0), (-1.04719755, 1.04719755),
            (0.0, 1.0, 0.0), 2.45, 6.857,
        ),
        hinge("thumb_1", "thumb_0_link", (-0.0025, 0.0193, 0.0), (-0.92, 0.72431163)),
        hinge("thumb_2", "thumb_1_link", (0.0, 0.0458, 0.0), (-1.74532925, 0.0)),
    ]  # fmt: skip
    x, y, z = KNUCKLE
    for finger, side_of_palm in (("middle", -1.0), ("index", 1.0)):
        links += [body(f"{finger}_{k}_link", row) for k, row in enumerate(FINGER)]
        joints += [
            hinge(
                f"{finger}_0", "palm_link", (x, y, side_of_palm * z), (0.0, 1.57079632)
            ),
            hinge(f"{finger}_1", f"{finger}_0_link", BONE, (0.0, 1.74532925)),
        ]
    for name, last, tip, pad in (
        ("thumb", "thumb_2_link", (0.0, TIP, 0.0), THUMB_PAD),
        ("index", "index_1_link", (TIP, 0.0, 0.0), PAD),
        ("middle", "middle_1_link", (TIP, 0.0, 0.0), PAD),
    ):
        for kind, xyz in (("tip", tip), ("pad", pad)):
            link = f"{p}{name}_{kind}"
            links.append(Link(link))
            joints.append(Joint(f"{link}_joint", p + last, link, point(xyz)))
    return links, joints
