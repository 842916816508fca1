"""Inspire RH56 DFQ hand: the table its URDFs are written from.

Joint origins, axes, limits and mimic laws, masses and inertias are those of Unitree's
`inspire_hand` description (unitree_ros, BSD-3-Clause). The vendor's left hand is not an
exact mirror image of the right one at the thumb, so both sides' joints are listed;
inertias of the left hand are the right hand's, mirrored (they differ by < 0.5 %).

`<finger>_tip` are the fingertip points that Unitree's xr_teleoperate (Apache-2.0) uses:
they lie on the pad's skin. `<finger>_pad` are ours: the centre of the largest ball that
fills the pad, which is what a pad radius can be measured from.
"""

from robots.authoring.description import Description, Joint, Link, Vector

NOTE = (
    "Inspire RH56 DFQ hand, {side}. Written by `python -m robots.authoring inspire`; "
    "sources in README.md."
)

FINGERS = ("index", "middle", "ring", "pinky")
YAW = (-0.1, 1.3, 1.0, 0.5)
PITCH = (-0.1, 0.6, 1.0, 0.5)
THUMB_INTERMEDIATE = (0.0, 0.8, 1.0, 0.5)
THUMB_DISTAL = (0.0, 1.2, 1.0, 0.5)
FLEXION = (0.0, 1.7, 1.0, 0.5)

# Knuckles in the base link: right xyz and roll, left roll (left xyz has z mirrored).
KNUCKLES = {
    "index": ((0.00028533, -0.13653, -0.032268), -3.1067, -0.034907),
    "middle": ((0.00028533, -0.1371, -0.01295), -3.1416, 0.0),
    "ring": ((0.00028533, -0.13691, 0.0062872), 3.0892, 0.05236),
    "pinky": ((0.00028533, -0.13571, 0.025488), 3.0369, 0.10472),
}
# The middle joint of the right index finger differs from the seven others'.
MIDDLE_JOINT = (-0.0024229, 0.032041, -0.001)
MIDDLE_JOINT_RIGHT_INDEX = (-0.0026138, 0.032026, -0.001)

TIPS = {
    "thumb": (0.015, 0.013, -0.004),
    "index": (-0.005, 0.040, -0.004),
    "middle": (-0.005, 0.045, -0.004),
    "ring": (-0.002, 0.040, -0.004),
    "pinky": (-0.002, 0.032, -0.004),
}
PADS = {
    "thumb": (0.0145, 0.0090, -0.0060),
    "index": (-0.0011, 0.0390, -0.0050),
    "middle": (-0.0014, 0.0425, -0.0050),
    "ring": (-0.0009, 0.0390, -0.0050),
    "pinky": (0.0001, 0.0315, -0.0050),
}

# Right hand: link → mass [kg], centre of mass [m], ixx iyy izz ixy ixz iyz [kg·m²], and
# the axis along which the link frame is mirrored on the left hand.
INERTIAS = {
    "hand_base_link": (
        0.14143, (-0.0025264, -0.066047, 0.0019598),
        (1.2281e-4, 8.3832e-5, 7.6663e-5, 2.1711e-6, 1.7709e-6, -1.6551e-6), "z",
    ),
    "thumb_proximal_base": (
        0.0018869, (-0.0048064, 0.0009382, -0.00757),
        (5.816e-8, 7.9161e-8, 6.7433e-8, 1.4539e-8, 4.491e-9, -1.8727e-9), "x",
    ),
    "thumb_proximal": (
        0.0066075, (0.021932, 0.012785, -0.0080386),
        (1.5686e-6, 1.7353e-6, 2.786e-6, -7.8296e-7, 8.9143e-10, -1.0191e-9), "y",
    ),
    "thumb_intermediate": (
        0.0037847, (0.0095544, -0.0016282, -0.0071997),
        (3.6981e-7, 3.2394e-7, 4.6531e-7, -9.8581e-8, -4.7469e-12, 1.0939e-12), "y",
    ),
    "thumb_distal": (
        0.0033441, (0.0092888, 0.0049529, -0.0060033),
        (1.3632e-7, 1.4052e-7, 2.0026e-7, -5.6788e-8, -9.2764e-11, -1.2283e-10), "y",
    ),
    "index_proximal": (
        0.0042403, (0.0012259, 0.011942, -0.0060001),
        (6.6232e-7, 2.1146e-7, 6.9398e-7, -1.5775e-8, 1.8515e-12, -5.0828e-12), "y",
    ),
    "index_intermediate": (
        0.0045683, (0.0019697, 0.019589, -0.005),
        (7.6111e-7, 9.6076e-8, 7.8179e-7, 8.7637e-8, -3.7751e-13, 9.9444e-13), "y",
    ),
    "middle_proximal": (
        0.0042403, (0.001297, 0.011934, -0.0060001),
        (6.6211e-7, 2.1167e-7, 6.9397e-7, -1.8461e-8, 1.8002e-12, -6.6808e-12), "y",
    ),
    "middle_intermediate": (
        0.0050396, (0.001921, 0.020796, -0.005),
        (9.5822e-7, 1.0646e-7, 9.8384e-7, 1.1425e-7, -2.4791e-12, 5.9173e-12), "y",
    ),
    "ring_proximal": (
        0.0042403, (0.001297, 0.011934, -0.0060002),
        (6.6211e-7, 2.1167e-7, 6.9397e-7, -1.8461e-8, 1.5793e-12, -6.6868e-12), "y",
    ),
    "ring_intermediate": (
        0.0045683, (0.0021753, 0.019567, -0.005),
        (7.6286e-7, 9.431e-8, 7.8177e-7, 8.0635e-8, -6.1562e-13, 5.8619e-13), "y",
    ),
    "pinky_proximal": (
        0.0042403, (0.001297, 0.011934, -0.0060001),
        (6.6211e-7, 2.1167e-7, 6.9397e-7, -1.8461e-8, 1.6907e-12, -6.9334e-12), "y",
    ),
    "pinky_intermediate": (
        0.0035996, (0.0024748, 0.016203, -0.0050031),
        (4.3913e-7, 7.0247e-8, 4.4867e-7, 4.1418e-8, 3.7168e-11, 5.8613e-11), "y",
    ),
}  # fmt: skip


def description(side: str) -> Description:
    """The left or the right hand, rooted at its base link (the wrist flange)."""
    right = side == "right"
    p = "R_" if right else "L_"
    s = 1.0 if right else -1.0
    axis = (0.0, 0.0, s)
    links = [_link(p, name, right) for name in INERTIAS]
    joints = [
        Joint(
            f"{p}thumb_proximal_yaw_joint", f"{p}hand_base_link",
            f"{p}thumb_proximal_base", (-0.01696, -0.0691, -s * 0.02045),
            (1.5708, -1.5708, 0.0), (0.0, 0.0, -s), YAW,
        ),
        Joint(
            f"{p}thumb_proximal_pitch_joint", f"{p}thumb_proximal_base",
            f"{p}thumb_proximal",
            (-0.0088099, 0.010892, -0.00925) if right else (0.0099867, 0.0098242, -0.0089),
            (1.5708, 0.0, 2.8587) if right else (-1.5708, 0.0, 0.16939),
            axis, PITCH,
        ),
        Joint(
            f"{p}thumb_intermediate_joint", f"{p}thumb_proximal",
            f"{p}thumb_intermediate", (0.04407, s * 0.034553, -0.0008), (0, 0, 0), axis,
            THUMB_INTERMEDIATE, (f"{p}thumb_proximal_pitch_joint", 1.6),
        ),
        Joint(
            f"{p}thumb_distal_joint", f"{p}thumb_intermediate", f"{p}thumb_distal",
            (0.020248, s * 0.010156, -0.0012), (0, 0, 0), axis,
            THUMB_DISTAL, (f"{p}thumb_proximal_pitch_joint", 2.4),
        ),
    ]  # fmt: skip
    for finger in FINGERS:
        (x, y, z), roll_right, roll_left = KNUCKLES[finger]
        special = right and finger == "index"
        mx, my, mz = MIDDLE_JOINT_RIGHT_INDEX if special else MIDDLE_JOINT
        joints += [
            Joint(
                f"{p}{finger}_proximal_joint", f"{p}hand_base_link",
                f"{p}{finger}_proximal", (x, y, s * z),
                (roll_right if right else roll_left, 0.0, 0.0), axis, FLEXION,
            ),
            Joint(
                f"{p}{finger}_intermediate_joint", f"{p}{finger}_proximal",
                f"{p}{finger}_intermediate", (mx, s * my, mz), (0, 0, 0), axis, FLEXION,
                (f"{p}{finger}_proximal_joint", 1.0),
            ),
        ]  # fmt: skip
    for finger, tip in TIPS.items():
        last = f"{p}thumb_distal" if finger == "thumb" else f"{p}{finger}_intermediate"
        for kind, (x, y, z) in (("tip", tip), ("pad", PADS[finger])):
            name = f"{p}{finger}_{kind}"
            links.append(Link(name))
            joints.append(Joint(f"{name}_joint", last, name, (x, s * y, z)))
    return Description(f"inspire_{side}", NOTE.format(side=side), links, joints)


def _link(prefix: str, name: str, right: bool) -> Link:
    mass, com, moments, mirrored = INERTIAS[name]
    if not right:
        com, moments = _mirror(com, moments, "xyz".index(mirrored))
    return Link(prefix + name, mass, com, moments)


def _mirror(
    com: Vector, moments: tuple[float, ...], axis: int
) -> tuple[Vector, tuple[float, float, float, float, float, float]]:
    """Centre of mass and inertia under a sign change of one axis."""
    sign = [1.0, 1.0, 1.0]
    sign[axis] = -1.0
    x, y, z = sign
    ixx, iyy, izz, ixy, ixz, iyz = moments
    flipped = (ixx, iyy, izz, x * y * ixy, x * z * ixz, y * z * iyz)
    return (x * com[0], y * com[1], z * com[2]), flipped
