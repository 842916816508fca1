"""Message classes with ROS 2's own definitions and type checks, without ROS.

Standard messages come from the definitions that rosbags ships; ours, and those of actions
and services, are parsed from their files or from the text below. Setting a field checks
its type as strictly as rosidl's generated Python does with assertions on.
"""

import array
import sys
import types
from functools import cache
from pathlib import Path
from typing import ClassVar

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

ROOT = Path(__file__).resolve().parents[2]
INTERFACES = ROOT / "ros_ws" / "src" / "handx_interfaces"

# Of control_msgs (Apache-2.0): field names and types of the interface.
FOLLOW = """
trajectory_msgs/JointTrajectory trajectory
control_msgs/JointTolerance[] path_tolerance
control_msgs/JointTolerance[] goal_tolerance
builtin_interfaces/Duration goal_time_tolerance
---
int32 error_code
string error_string
---
std_msgs/Header header
string[] joint_names
trajectory_msgs/JointTrajectoryPoint desired
trajectory_msgs/JointTrajectoryPoint actual
trajectory_msgs/JointTrajectoryPoint error
"""
EXTRA = {
    "control_msgs/msg/JointTolerance": (
        "string name\nfloat64 position\nfloat64 velocity\nfloat64 acceleration"
    ),
}
ACTIONS = {
    "control_msgs/action/FollowJointTrajectory": FOLLOW,
    **{
        f"handx_interfaces/action/{path.stem}": path.read_text()
        for path in sorted(INTERFACES.glob("action/*.action"))
    },
}
SERVICES = {
    "std_srvs/srv/Trigger": "---\nbool success\nstring message",
    "std_srvs/srv/SetBool": "bool data\n---\nbool success\nstring message",
}
ACTION_PARTS, SERVICE_PARTS = ("Goal", "Result", "Feedback"), ("Request", "Response")
NUMBERS = {"float32": float, "float64": float, "bool": bool, "string": str}


@cache
def store():
    """All definitions in one store."""
    found = get_typestore(Stores.ROS2_JAZZY)
    texts = dict(EXTRA)
    for path in sorted(INTERFACES.glob("msg/*.msg")):
        texts[f"handx_interfaces/msg/{path.stem}"] = path.read_text()
    for table, parts in ((ACTIONS, ACTION_PARTS), (SERVICES, SERVICE_PARTS)):
        for name, text in table.items():
            package, _, kind = name.split("/")
            for part, body in zip(parts, text.split("---\n"), strict=True):
                texts[f"{package}/msg/{kind}_{part}"] = body
    definitions = {}
    for name, text in texts.items():
        definitions.update(get_types_from_msg(text, name))
    found.register(definitions)
    return found


class Message:
    """Base of every message: fields by keyword, checked when set."""

    __slots__ = ()
    FIELDS: ClassVar[dict] = {}

    def __init__(self, **values):
        for name, kind in self.FIELDS.items():
            object.__setattr__(self, name, default(kind))
        for name, value in values.items():
            setattr(self, name, value)

    def __setattr__(self, name, value):
        if name not in self.FIELDS:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")
        check(self.FIELDS[name], value, f"{type(self).__name__}.{name}")
        object.__setattr__(self, name, value)

    def __eq__(self, other):
        return type(self) is type(other) and all(
            getattr(self, n) == getattr(other, n) for n in self.FIELDS
        )

    __hash__ = object.__hash__

    def __repr__(self):
        inner = ", ".join(f"{n}={getattr(self, n)!r}" for n in self.FIELDS)
        return f"{type(self).__name__}({inner})"


def default(kind):
    node, detail = kind
    if node == Nodetype.NAME:
        return message_class(detail)()
    if node == Nodetype.BASE:
        if detail[0] in ("octet", "byte"):
            return b"\0"
        return NUMBERS.get(detail[0], int)()
    if node == Nodetype.ARRAY:
        return [default(detail[0]) for _ in range(detail[1])]
    return []


def check(kind, value, where):
    """Raise AssertionError where rosidl would."""
    node, detail = kind
    if node == Nodetype.NAME:
        assert isinstance(value, message_class(detail)), f"{where}: {type(value)}"
    elif node == Nodetype.BASE:
        wanted = (
            bytes if detail[0] in ("octet", "byte") else NUMBERS.get(detail[0], int)
        )
        # bool is an int to Python, but rosidl wants what it says.
        assert type(value) is wanted or (
            wanted in (int, float, str) and isinstance(value, wanted)
        ), f"{where}: {value!r} is a {type(value).__name__}, not {wanted.__name__}"
        if detail[0] == "uint32":
            assert 0 <= value < 2**32, where
    else:
        assert isinstance(value, list | tuple | array.array), f"{where}: {type(value)}"
        for item in value:
            check(detail[0], item, where)


@cache
def message_class(name):
    """The class of "package/msg/Name"."""
    fields = {
        field: kind
        for field, kind in store().fielddefs[name][1]
        if field != "structure_needs_at_least_one_member"
    }
    constants = {c[0]: c[2] for c in store().fielddefs[name][0]}
    short = name.rsplit("/", 1)[1]
    return type(short, (Message,), {"FIELDS": fields, "__slots__": tuple(fields),
                                    **constants})  # fmt: skip


def compound(name, parts):
    """The class of an action or service, holding those of its parts."""
    package, _, kind = name.split("/")
    own = {p: message_class(f"{package}/msg/{kind}_{p}") for p in parts}
    first = own[parts[0]]
    constants = {k: v for k, v in vars(first).items() if k.isupper() and k != "FIELDS"}
    for part in own.values():
        for key, value in constants.items():
            setattr(part, key, value)
    return type(kind, (), {"NAME": name, **own})


@cache
def message_modules():
    """Module name → module, for every message package that is used."""
    found = {}

    def module(name):
        for depth in range(1, name.count(".") + 2):
            part = ".".join(name.split(".")[:depth])
            if part not in found:
                found[part] = types.ModuleType(part)
        return found[name]

    for name in store().fielddefs:
        package, _, kind = name.split("/")
        if "_Goal" in kind or "_Re" in kind or "_Feedback" in kind:
            continue
        setattr(module(f"{package}.msg"), kind, message_class(name))
    for name in ACTIONS:
        package, _, kind = name.split("/")
        setattr(module(f"{package}.action"), kind, compound(name, ACTION_PARTS))
    for name in SERVICES:
        package, _, kind = name.split("/")
        setattr(module(f"{package}.srv"), kind, compound(name, SERVICE_PARTS))
    return found


def install():
    """Make `import sensor_msgs.msg` and its siblings work."""
    sys.modules.update(message_modules())
