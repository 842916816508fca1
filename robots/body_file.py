"""`[body]` of a hand.toml + body.urdf → `Body`: the reader of a robot with arms."""

from pathlib import Path

import numpy as np

from robots.body import Body, Mount
from robots.hand import Gains, HandSpec
from robots.hand_file import INTERFACES, SIDES, Table, capsule_rows
from robots.robot import ControllerSpec
from robots.rotations import from_rpy
from robots.urdf import read_urdf

FILE_NAME = "body.urdf"


def read_body(folder: Path, name: str, table: Table) -> Body:
    """The waist and arms of a robot.

    Raises:
        RobotError: Names the file and the field, joint or link at fault.
    """
    own = table.table("body")
    urdf = read_urdf(folder / FILE_NAME)
    named = own.table("groups")
    rows = {group: named.tables(group) for group in named.values}
    groups = {
        group: tuple(row.text("name") for row in found) for group, found in rows.items()
    }
    joints = tuple(joint for names in groups.values() for joint in names)
    every = [row for found in rows.values() for row in found]
    if sorted(joints) != sorted(urdf.moving):
        odd = sorted(set(joints) ^ set(urdf.moving))
        raise own.error("groups", f"and {FILE_NAME} disagree on {odd}")
    limits = [urdf.joints[joint] for joint in joints]
    for joint in limits:
        if joint.mimic is not None:
            raise own.error("groups", f"{joint.name} is coupled; arms are driven")
    mounts = {side: _mount(own.table("mounts").table(side)) for side in SIDES}
    capsules = capsule_rows(own, "")
    for link in (*(m.link for m in mounts.values()), *(c.link for c in capsules)):
        if link not in urdf.links:
            raise own.error(link, f"is no link of {FILE_NAME}")
    locked = own.texts("locked")
    for group in locked:
        if group not in groups:
            raise own.error("locked", f"{group!r} is none of {', '.join(groups)}")
    chain = HandSpec(
        name=name,
        side="body",
        urdf=urdf.path,
        joint_names=joints,
        actuated=joints,
        mimic={},
        lower=np.array([joint.lower for joint in limits]),
        upper=np.array([joint.upper for joint in limits]),
        velocity_limit_urdf=np.array([joint.velocity for joint in limits]),
        velocity_limit=np.array([row.positive("velocity") for row in every]),
        velocity_source=table.table("sources").text("velocity"),
        acceleration_limit=np.array([row.positive("acceleration") for row in every]),
        effort_limit=np.array([joint.effort for joint in limits]),
        fingers={},
        palm_link=urdf.root,
        T_palm_hand=np.eye(4),
        palm_points=np.zeros((0, 3)),
        capsules=capsules,
        rest_pose=np.array([row.number("rest") for row in every]),
        gains=Gains(
            np.array([row.positive("kp") for row in every]),
            np.array([row.positive("kv") for row in every]),
            own.text("gains_source"),
        ),
        wire_prefix="",
    )
    armature = np.array([row.positive("armature") for row in every])
    return Body(chain, groups, locked, mounts, armature, own.number("root_height"))


def _mount(row: Table) -> Mount:
    transform = np.eye(4)
    xyz, rpy = (row.array(key, 3).reshape(-1) for key in ("xyz", "rpy"))
    transform[:3, :3], transform[:3, 3] = from_rpy(rpy), xyz
    return Mount(row.text("link"), transform)


def read_body_controllers(table: Table, body: Body) -> tuple[ControllerSpec, ...]:
    """The controllers of the body's groups."""
    own = table.table("body").table("controllers")
    found = []
    for group, joints in body.groups.items():
        row = own.table(group)
        interface = row.text("interface")
        if interface not in INTERFACES:
            raise row.error("interface", f"{interface!r} is none of {INTERFACES}")
        found.append(
            ControllerSpec(row.text("name"), interface, joints, row.text("topic"))
        )
    return tuple(found)
