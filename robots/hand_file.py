"""`hand.toml` + URDF → `HandSpec`: the reader of a robot folder's data.

Names in `hand.toml` are written without the side's `prefix`, so that one table serves
both hands; where the sides' names differ by more than that, `palm_link`, `joints` and
`fingers` stand in each side's own table. The format is described in `robots/README.md`.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robots.errors import RobotError
from robots.hand import Box, Capsule, Finger, Gains, HandSpec, Mimic
from robots.robot import ControllerSpec
from robots.urdf import Urdf, UrdfJoint, read_urdf

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SIDES = ("left", "right")
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
INTERFACES = ("joint_trajectory", "joint_state", "float64_multi_array")


class Table:
    """A TOML table that names its file and key in every complaint."""

    def __init__(self, path: Path, values: Mapping[str, Any], where: str = "") -> None:
        self.path, self.values, self.where = path, values, where

    def _key(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def error(self, key: str, problem: str, fix: str = "") -> RobotError:
        """The error to raise about one key."""
        return RobotError(self.path, self._key(key), problem, fix)

    def table(self, key: str) -> "Table":
        """A table within this one."""
        return Table(self.path, self._get(key, dict, "a table"), self._key(key))

    def tables(self, key: str) -> list["Table"]:
        """An array of tables."""
        rows = self._get(key, list, "an array of tables")
        if not all(isinstance(row, dict) for row in rows):
            raise self.error(key, "must be an array of tables")
        return [
            Table(self.path, row, f"{self._key(key)}[{i}]")
            for i, row in enumerate(rows)
        ]

    def sided(self, side: str, key: str) -> "Table":
        """The table that holds `key` for a side: the side's own, else this one."""
        own = self.table(side)
        return own if key in own.values else self

    def rows(self, key: str) -> list[Any]:
        """A list, its items unchecked."""
        return self._get(key, list, "a list of rows")

    def text(self, key: str) -> str:
        """A string."""
        return self._get(key, str, "a string")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        values = self._get(key, list, "a list of strings")
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, "must be a list of strings")
        return tuple(values)

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._get(key, (int, float), "a number")
        if isinstance(value, bool) or not np.isfinite(value):
            raise self.error(key, f"{value!r} is not a finite number")
        return float(value)

    def positive(self, key: str) -> float:
        """A number above zero."""
        value = self.number(key)
        if value <= 0:
            raise self.error(key, f"{value:g} must be above 0")
        return value

    def array(self, key: str, width: int) -> np.ndarray:
        """(N, width) finite numbers, or (width,) where the value is one row."""
        values = self._get(key, list, "a list of numbers")
        try:
            array = np.array(values, float)
        except (TypeError, ValueError):
            raise self.error(key, "must be numbers") from None
        if array.ndim == 0 or array.shape[-1] != width or not np.isfinite(array).all():
            raise self.error(key, f"needs finite rows of {width} numbers")
        return array

    def _get(self, key: str, kind: type | tuple[type, ...], name: str) -> Any:
        if key not in self.values:
            raise self.error(key, "is missing", f"add {key} = … ({name})")
        if not isinstance(self.values[key], kind):
            raise self.error(key, f"must be {name}")
        return self.values[key]


def read_toml(folder: Path) -> Table:
    """Parse `folder/hand.toml`.

    Raises:
        RobotError: It is missing, unreadable or not TOML.
    """
    path = folder / "hand.toml"
    try:
        return Table(path, tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise RobotError(path, "", f"cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RobotError(path, "", f"is not valid TOML ({error})") from None


def read_capsules(table: Table, side: str) -> tuple[Capsule, ...]:
    """The capsules of one side: rows [link, ax, ay, az, bx, by, bz, radius] [m]."""
    own = table.table(side)
    return capsule_rows(own, own.text("prefix"))


def capsule_rows(own: Table, prefix: str) -> tuple[Capsule, ...]:
    """The rows under `capsules` of a table, `prefix` put before each link's name."""
    capsules = []
    for i, row in enumerate(own.rows("capsules")):
        where = f"capsules[{i}]"
        if not isinstance(row, list) or len(row) != 8 or not isinstance(row[0], str):
            raise own.error(where, "needs [link, ax, ay, az, bx, by, bz, radius]")
        if not all(
            isinstance(v, (int, float)) and np.isfinite(v) for v in row[1:]
        ) or not (row[7] > 0):
            raise own.error(where, "needs seven finite numbers, the last above 0")
        numbers = [float(value) for value in row[1:]]
        a, b = (
            (numbers[0], numbers[1], numbers[2]),
            (numbers[3], numbers[4], numbers[5]),
        )
        capsules.append(Capsule(prefix + row[0], a, b, numbers[6]))
    return tuple(capsules)


def _keep_out(own: Table, prefix: str) -> tuple[Box, ...]:
    """The rows [link, x, y, z, roll, pitch, yaw, hx, hy, hz, radius] under `boxes`."""
    boxes = []
    for i, row in enumerate(own.rows("boxes") if "boxes" in own.values else ()):
        where = f"boxes[{i}]"
        if not isinstance(row, list) or len(row) != 11 or not isinstance(row[0], str):
            raise own.error(
                where, "needs [link, x, y, z, roll, pitch, yaw, hx, hy, hz, radius]"
            )
        if not all(isinstance(v, (int, float)) and np.isfinite(v) for v in row[1:]):
            raise own.error(where, "needs ten finite numbers")
        x, y, z, roll, pitch, yaw, *size = map(float, row[1:])
        if min(size) < 0 or max(size) == 0:
            raise own.error(
                where, "needs half edges and a radius that are not negative"
            )
        half, radius = (size[0], size[1], size[2]), size[3]
        boxes.append(Box(prefix + row[0], (x, y, z), (roll, pitch, yaw), half, radius))
    return tuple(boxes)


def read_controller(table: Table, hand: HandSpec) -> ControllerSpec:
    """The side's controller; it commands the actuated joints in canonical order."""
    row = table.table(hand.side).table("controller")
    interface = row.text("interface")
    if interface not in INTERFACES:
        raise row.error(
            "interface", f"{interface!r} is none of {', '.join(INTERFACES)}"
        )
    joints = tuple(hand.wire_prefix + name for name in hand.actuated)
    return ControllerSpec(row.text("name"), interface, joints, row.text("topic"))


def read_hand(folder: Path, name: str, side: str, table: Table) -> HandSpec:
    """One side of the robot.

    Raises:
        RobotError: Names the file and the field, joint or link at fault.
    """
    own = table.table(side)
    prefix = own.text("prefix")
    urdf = read_urdf(folder / f"{side}.urdf")
    rows = table.sided(side, "joints").tables("joints")
    joint_names = tuple(prefix + row.text("name") for row in rows)
    _check_names(table, urdf, joint_names)
    joints = [urdf.joints[joint] for joint in joint_names]
    mimic = {j.name: Mimic(*j.mimic) for j in joints if j.mimic is not None}
    driven = [(j.name, row) for j, row in zip(joints, rows) if j.mimic is None]
    lower, upper = _boxes(urdf, joints)
    velocity, rest, acceleration = _rates(joints, rows)
    gains = table.table("gains")
    palm_link = prefix + table.sided(side, "palm_link").text("palm_link")
    named = table.sided(side, "fingers").table("fingers")
    fingers = {
        finger: _finger(named.table(finger), finger, prefix)
        for finger in FINGERS
        if finger in named.values
    }
    capsules, boxes = read_capsules(table, side), _keep_out(own, prefix)
    needed = [palm_link, *(shape.link for shape in (*capsules, *boxes))]
    for finger in fingers.values():
        needed += [*finger.links, finger.tip_link, finger.middle_link]
    for link in needed:
        if link not in urdf.links:
            raise RobotError(
                urdf.path, link, "this link is missing",
                f"add it, or name the right one in {table.path.name}",
            )  # fmt: skip
    return HandSpec(
        name=name,
        side=side,
        urdf=urdf.path,
        joint_names=joint_names,
        actuated=tuple(joint for joint, _ in driven),
        mimic=mimic,
        lower=lower,
        upper=upper,
        velocity_limit_urdf=np.array([j.velocity for j in joints]),
        velocity_limit=velocity,
        velocity_source=table.table("sources").text("velocity"),
        acceleration_limit=acceleration,
        effort_limit=np.array([j.effort for j in joints]),
        fingers=fingers,
        palm_link=palm_link,
        T_palm_hand=_hand_frame(own),
        palm_points=own.array("palm_points", 3).reshape(-1, 3),
        capsules=capsules,
        boxes=boxes,
        rest_pose=rest,
        gains=Gains(
            np.array([row.positive("kp") for _, row in driven]),
            np.array([row.positive("kv") for _, row in driven]),
            gains.text("source"),
        ),
        wire_prefix=own.text("wire_prefix"),
    )


def _check_names(table: Table, urdf: Urdf, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise table.error("joints", "a joint is listed twice")
    for name in names:
        if name not in urdf.moving:
            raise RobotError(
                urdf.path, name, "this joint is missing or fixed",
                f"add it, or correct its name in {table.path.name}",
            )  # fmt: skip
    for name in urdf.moving:
        if name not in names:
            raise table.error("joints", f"{name} of {urdf.path.name} is not listed")


def _boxes(urdf: Urdf, joints: Sequence[UrdfJoint]) -> tuple[np.ndarray, np.ndarray]:
    """Position limits, a source's box cut down to what its mimic children allow."""
    lower = np.array([joint.lower for joint in joints])
    upper = np.array([joint.upper for joint in joints])
    for joint in joints:
        source, multiplier, offset = _to_source(joint, joints)
        ends = sorted(
            (bound - offset) / multiplier for bound in (joint.lower, joint.upper)
        )
        lower[source] = max(lower[source], ends[0])
        upper[source] = min(upper[source], ends[1])
        if lower[source] > upper[source]:
            raise RobotError(
                urdf.path, joint.name, "its limits and its mimic law allow no position"
            )
    return lower, upper


def _rates(
    joints: Sequence[UrdfJoint], rows: Sequence[Table]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Velocity limits, rest pose, acceleration limits of all joints.

    A source may move only as fast as its fastest-multiplied child; a mimic child
    follows its source.
    """
    velocity = np.array([row.positive("velocity") for row in rows])
    laws = [_to_source(joint, joints) for joint in joints]
    for own, (source, multiplier, _) in zip(velocity.copy(), laws):
        velocity[source] = min(velocity[source], own / abs(multiplier))
    rest, acceleration = np.zeros(len(rows)), np.zeros(len(rows))
    for i, (joint, row) in enumerate(zip(joints, rows)):
        if joint.mimic is None:
            rest[i], acceleration[i] = row.number("rest"), row.positive("acceleration")
    for i, (source, multiplier, offset) in enumerate(laws):
        velocity[i] = velocity[source] * abs(multiplier)
        acceleration[i] = acceleration[source] * abs(multiplier)
        rest[i] = rest[source] * multiplier + offset
    return velocity, rest, acceleration


def _to_source(
    joint: UrdfJoint, joints: Sequence[UrdfJoint]
) -> tuple[int, float, float]:
    """Index of the actuated joint behind `joint`, and q = multiplier · q_s + offset."""
    by_name = {j.name: i for i, j in enumerate(joints)}
    multiplier, offset = 1.0, 0.0
    while joint.mimic is not None:
        source, factor, shift = joint.mimic
        offset += multiplier * shift
        multiplier *= factor
        joint = joints[by_name[source]]
    return by_name[joint.name], multiplier, offset


def _finger(row: Table, name: str, prefix: str) -> Finger:
    return Finger(
        name=name,
        joints=tuple(prefix + joint for joint in row.texts("joints")),
        links=tuple(prefix + link for link in row.texts("links")),
        tip_link=prefix + row.text("tip_link"),
        middle_link=prefix + row.text("middle_link"),
        pad_radius=row.positive("pad_radius"),
    )


def _hand_frame(own: Table) -> np.ndarray:
    """(4, 4) hand frame in the palm link from three vectors given in that link.

    +y runs from `wrist` to `middle_knuckle`, +z is `dorsal` made perpendicular to it.
    """
    wrist, knuckle, dorsal = (
        own.array(key, 3).reshape(-1) for key in ("wrist", "middle_knuckle", "dorsal")
    )
    for key, value in (
        ("wrist", wrist),
        ("middle_knuckle", knuckle),
        ("dorsal", dorsal),
    ):
        if value.shape != (3,):
            raise own.error(key, "needs 3 numbers")
    y = knuckle - wrist
    if np.linalg.norm(np.cross(y, dorsal)) < 1e-6:
        raise own.error("dorsal", "must not be parallel to wrist → middle_knuckle")
    y /= np.linalg.norm(y)
    z = dorsal - y * (dorsal @ y)
    z /= np.linalg.norm(z)
    transform = np.eye(4)
    transform[:3] = np.column_stack([np.cross(y, z), y, z, wrist])
    return transform
