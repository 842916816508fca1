"""Unitree G1, upper body: the table that `body.urdf` is written from.

Joint origins, axes, limits, efforts, speeds, masses and inertias are those of
`g1_description` in Unitree's unitree_ros (BSD-3-Clause). The legs are left out, the pelvis
stands still; the head is part of the torso. The vendor's right side is the left one
mirrored in y but for the shoulder's y, which differs by 0.01 mm.
"""

from robots.authoring.description import Description, Joint, Link, Vector

NOTE = (
    "Unitree G1, pelvis, waist and arms. Written by `python -m robots.authoring {name}`; "
    "sources in README.md."
)
Moments = tuple[float, float, float, float, float, float]
Row = tuple[str, float, Vector, Moments]

# link, mass [kg], centre of mass [m], ixx iyy izz ixy ixz iyz [kg·m²]
TRUNK: tuple[Row, ...] = (
    ("pelvis", 3.813, (0.0, 0.0, -0.07605),
     (0.010549, 0.0093089, 0.0079184, 0.0, 2.1e-06, 0.0)),
    ("waist_yaw_link", 0.214, (0.003494, 0.000233, 0.018034),
     (0.00010673, 0.00010422, 0.0001625, 2.703e-06, -7.631e-06, -2.01e-07)),
    ("waist_roll_link", 0.086, (0.0, 2.3e-05, 0.0),
     (7.079e-06, 6.339e-06, 8.245e-06, 0.0, 0.0, 0.0)),
    ("torso_link", 6.78, (0.000931, 0.000346, 0.15082),
     (0.05905, 0.047014, 0.025652, 3.3302e-05, -0.0017715, -2.2399e-05)),
    ("head_link", 1.036, (0.005267, 0.000299, 0.449869),
     (0.004085051, 0.004185212, 0.001807911, -2.543e-06, -6.9455e-05, -3.726e-06)),
)  # fmt: skip
LEFT_ARM: tuple[Row, ...] = (
    ("shoulder_pitch_link", 0.718, (0.0, 0.035892, -0.011628),
     (0.0004291, 0.000453, 0.000423, -9.2e-06, 6.4e-06, 2.26e-05)),
    ("shoulder_roll_link", 0.643, (-0.000227, 0.00727, -0.063243),
     (0.0006177, 0.0006912, 0.0003894, -1e-06, 8.7e-06, -5.3e-06)),
    ("shoulder_yaw_link", 0.734, (0.010773, -0.002949, -0.072009),
     (0.0009988, 0.0010605, 0.0004354, 7.9e-06, 0.0001412, -2.86e-05)),
    ("elbow_link", 0.6, (0.064956, 0.004454, -0.010062),
     (0.0002891, 0.0004152, 0.0004197, 6.53e-05, 1.72e-05, -5.6e-06)),
    ("wrist_roll_link", 0.08544498, (0.01713944778, 0.00053759094, 4.8864e-07),
     (4.821544023e-05, 3.722899093e-05, 5.482106541e-05, -4.24511021e-06, 5.10599e-09,
      -1.23525e-09)),
    ("wrist_pitch_link", 0.48404956, (0.02299989837, -0.00111685314, -0.00111658096),
     (0.00016579646273, 0.0004295405741, 0.00042953697654, -1.231206746e-05,
      1.231699194e-05, 8.1417712e-07)),
    ("wrist_yaw_link", 0.08457647, (0.02200381568, 0.00049485096, 0.00053861123),
     (4.929128828e-05, 5.973338134e-05, 3.928083826e-05, -4.5735494e-07, 4.45867591e-06,
      4.3217198e-07)),
)  # fmt: skip

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
WRIST_PITCH, WRIST_ROLL = 1.614429558, 1.972222054
# joint of a left arm: origin [m], rpy [rad], axis, lower, upper [rad], effort, speed
ARM: tuple[tuple[str, Vector, Vector, Vector, tuple[float, ...]], ...] = (
    ("shoulder_pitch", (0.0039563, 0.10022, 0.24778), (0.27931, 5.4949e-05, -0.00019159),
     Y, (-3.0892, 2.6704, 25.0, 37.0)),
    ("shoulder_roll", (0.0, 0.038, -0.013831), (-0.27925, 0.0, 0.0), X,
     (-1.5882, 2.2515, 25.0, 37.0)),
    ("shoulder_yaw", (0.0, 0.00624, -0.1032), (0.0, 0.0, 0.0), Z,
     (-2.618, 2.618, 25.0, 37.0)),
    ("elbow", (0.015783, 0.0, -0.080518), (0.0, 0.0, 0.0), Y,
     (-1.0472, 2.0944, 25.0, 37.0)),
    ("wrist_roll", (0.1, 0.00188791, -0.01), (0.0, 0.0, 0.0), X,
     (-WRIST_ROLL, WRIST_ROLL, 25.0, 37.0)),
    ("wrist_pitch", (0.038, 0.0, 0.0), (0.0, 0.0, 0.0), Y,
     (-WRIST_PITCH, WRIST_PITCH, 5.0, 22.0)),
    ("wrist_yaw", (0.046, 0.0, 0.0), (0.0, 0.0, 0.0), Z,
     (-WRIST_PITCH, WRIST_PITCH, 5.0, 22.0)),
)  # fmt: skip
RIGHT_SHOULDER: Vector = (0.0039563, -0.10021, 0.24778)


def description(name: str) -> Description:
    """Pelvis, waist, torso with head, and both arms.

    Args:
        name: The robot it is written for.
    """
    links = [Link(*row) for row in TRUNK]
    joints = [
        Joint("waist_yaw_joint", "pelvis", "waist_yaw_link", axis=Z,
              limits=(-2.618, 2.618, 88.0, 32.0)),
        Joint("waist_roll_joint", "waist_yaw_link", "waist_roll_link",
              (-0.0039635, 0.0, 0.044), axis=X, limits=(-0.52, 0.52, 35.0, 30.0)),
        Joint("waist_pitch_joint", "waist_roll_link", "torso_link", axis=Y,
              limits=(-0.52, 0.52, 35.0, 30.0)),
        Joint("head_joint", "torso_link", "head_link", (0.0039635, 0.0, -0.044)),
    ]  # fmt: skip
    for side in ("left", "right"):
        s = 1.0 if side == "left" else -1.0
        parent = "torso_link"
        for (short, mass, (x, y, z), moments), (joint, xyz, rpy, axis, box) in zip(
            LEFT_ARM, ARM, strict=True
        ):
            xx, yy, zz, xy, xz, yz = moments
            child = f"{side}_{short}"
            links.append(
                Link(child, mass, (x, s * y, z), (xx, yy, zz, s * xy, xz, s * yz))
            )
            place: Vector = (xyz[0], s * xyz[1], xyz[2])
            if side == "right" and joint == "shoulder_pitch":
                place = RIGHT_SHOULDER
            # Under y → −y a turn about y keeps its sense, others reverse.
            turn: Vector = (s * rpy[0], rpy[1], s * rpy[2])
            low, high, effort, speed = box
            if s < 0 and axis != Y:
                low, high = -high, -low
            joints.append(
                Joint(
                    f"{side}_{joint}_joint", parent, child, place, turn, axis,
                    (low, high, effort, speed),
                )
            )  # fmt: skip
            parent = child
    return Description("g1_body", NOTE.format(name=name), links, joints)
