"""rosbag2 bags: writing what was heard, and reading commands back as a path.

A bag is a folder with an MCAP file and `metadata.yaml` (rosbag2 version 9), as
`ros2 bag` and Foxglove read it.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from handx.streaming.encoders import topic
from handx.streaming.guard import MAX_SAMPLES, MAX_SECONDS
from handx.streaming.horizon import NANOSECONDS
from handx.streaming.motion_path import MIN_SPACING
from handx.streaming.ros_messages import (
    JOINT_TRAJECTORY,
    definition_text,
    deserialize,
    type_hash,
)
from handx_gen.errors import InputError, MissingExtra
from retarget.spline import hermite
from robots.robot import ControllerSpec, RobotSpec

PART = ".part"
"""Put behind a bag's name until it is complete."""
ROBOT = "handx.robot"
"""Key of the bag's own data that names the robot."""


class BagWriter:
    """Writes one bag; use it in a `with` block.

    Until the block ends the folder is called `<name>.part`; what a crash leaves there is
    an MCAP file that `mcap recover` mends.

    Args:
        path: The folder; must not exist.
        data: Further facts to keep in the bag.

    Raises:
        InputError: Something is there already, or the folder cannot be made.
        MissingExtra: rosbags is not installed.
    """

    def __init__(self, path: Path, data: Mapping[str, str] | None = None) -> None:
        try:
            from rosbags.rosbag2 import StoragePlugin, Writer
        except ImportError as error:
            raise MissingExtra("Writing bags", "stream", "rosbags") from error
        self.path, self._part = path, path.with_name(path.name + PART)
        for taken in (path, self._part):
            if taken.exists():
                raise InputError(
                    taken, "--out", "exists already", "choose another --out"
                )
        self._writer = Writer(self._part, version=9, storage_plugin=StoragePlugin.MCAP)
        for key, value in (data or {}).items():
            self._writer.set_custom_data(key, value)
        try:
            self._writer.open()
        except OSError as error:
            raise InputError(
                path, "--out", f"cannot write here ({error.strerror})",
                "choose a folder that you may write to",
            ) from error  # fmt: skip
        self._connections: dict[str, Any] = {}
        self.counts: dict[str, int] = {}

    def __enter__(self) -> "BagWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        if kind is None:
            self._part.rename(self.path)

    def write(self, topic: str, kind: str, stamp: int, data: bytes) -> None:
        """Add one message.

        Args:
            topic, kind: ROS topic and type.
            stamp: When it was heard [ns].
            data: Its CDR bytes.
        """
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, kind, msgdef=definition_text(kind), rihs01=type_hash(kind)
            )
        self._writer.write(self._connections[topic], stamp, data)
        self.counts[topic] = self.counts.get(topic, 0) + 1


class Commands(NamedTuple):
    """The reference that a recording's commands made controllers follow.

    Attributes:
        joint_names: n wire names.
        time: (K,) from 0 [s].
        positions, velocities: (K, n) [rad, rad/s].
    """

    joint_names: tuple[str, ...]
    time: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray


def robot_of(path: Path) -> str:
    """The robot that a recording says it is of, or ""."""
    if path.is_dir():
        reader = _opened(path)
        custom = reader.metadata.custom or {}
        reader.close()
        return custom.get(ROBOT, "")
    with open(path, "rb") as stream:
        for record in _mcap_reader(stream).iter_metadata():
            if record.name == "handx":
                return record.metadata.get("robot", "")
    return ""


def read_commands(path: Path, robot: RobotSpec) -> Commands:
    """Read the commands of a bag, or of a single MCAP file.

    A stream holds overlapping horizons; a controller follows each until the next begins,
    and so do the knots returned.

    Args:
        path: Folder or file.
        robot: Its controllers' topics are looked for.

    Raises:
        InputError: Not a recording, no commands for this robot, or too long.
    """
    wanted = {
        topic(c): c for c in robot.controllers if c.interface == "joint_trajectory"
    }
    heard: dict[str, list[tuple[int, Any]]] = {}
    for name, stamp, data in _messages(path):
        if name in wanted:
            message = deserialize(JOINT_TRAJECTORY, data)
            heard.setdefault(name, []).append((stamp, message))
    if not heard:
        raise InputError(
            path, "", f"no commands for {robot.name} are in it",
            f"its topics would be {', '.join(wanted)}; name the right --robot",
        )  # fmt: skip
    followed = [_followed(path, heard[name], wanted[name]) for name in heard]
    return _together([wanted[name] for name in heard], followed, path)


def _followed(
    path: Path, heard: list[tuple[int, Any]], controller: ControllerSpec
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(K,) times [ns] and (K, n) knots that one controller followed."""
    times, places, rates = [], [], []
    for stamp, message in heard:
        names, points = list(message.joint_names), message.points
        if set(names) != set(controller.joints) or not points:
            raise InputError(
                path, topic(controller), "a message does not name its joints",
                "record the commands of this robot",
            )  # fmt: skip
        order = [names.index(joint) for joint in controller.joints]
        begin = message.header.stamp
        zero = begin.sec * NANOSECONDS + begin.nanosec or stamp
        after = [p.time_from_start for p in points]
        times.append(np.array([zero + t.sec * NANOSECONDS + t.nanosec for t in after]))
        for kept, field in ((places, "positions"), (rates, "velocities")):
            values = [getattr(point, field) for point in points]
            if any(len(row) != len(names) for row in values):
                raise InputError(
                    path, topic(controller), f"a point lacks {field}",
                    "record commands that carry positions and velocities",
                )  # fmt: skip
            kept.append(np.array(values)[:, order])
    keep = [t < later[0] for t, later in zip(times[:-1], times[1:])]
    keep.append(np.ones(len(times[-1]), bool))
    time, place, rate = (
        np.concatenate([rows[k] for rows, k in zip(arrays, keep)])
        for arrays in (times, places, rates)
    )
    # A message that came late may reach back; what it replaced was never followed.
    newest = np.maximum.accumulate(time)
    apart = np.concatenate([[True], np.diff(newest) >= MIN_SPACING * NANOSECONDS])
    return newest[apart], place[apart], rate[apart]


def _together(
    controllers: list[ControllerSpec],
    followed: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    path: Path,
) -> Commands:
    """All controllers on one time; where their knots differ, all are cut there."""
    time = np.unique(np.concatenate([knots[0] for knots in followed]))
    apart = np.diff(time, prepend=time[0] - NANOSECONDS) >= MIN_SPACING * NANOSECONDS
    time = time[apart]
    seconds = (time - time[0]) / NANOSECONDS
    if seconds[-1] > MAX_SECONDS or len(time) > MAX_SAMPLES:
        raise InputError(
            path, "", f"lasts {seconds[-1]:.0f} s with {len(time)} points, at most "
            f"{MAX_SECONDS:.0f} s and {MAX_SAMPLES}", "cut the recording",
        )  # fmt: skip
    names = tuple(joint for c in controllers for joint in c.joints)
    places, rates = [], []
    for own, place, rate in followed:
        q, v = hermite((own - time[0]) / NANOSECONDS, place, rate, seconds)
        # Knots of its own stay as they are, to the bit.
        at = np.minimum(np.searchsorted(time, own), len(time) - 1)
        mine = time[at] == own
        q[at[mine]], v[at[mine]] = place[mine], rate[mine]
        places.append(q)
        rates.append(v)
    return Commands(names, seconds, np.hstack(places), np.hstack(rates))


def _messages(path: Path) -> Iterator[tuple[str, int, bytes]]:
    """(topic, time [ns], CDR) of every JointTrajectory in a recording, in order."""
    if path.is_dir():
        reader = _opened(path)
        with closing(reader):
            chosen = [c for c in reader.connections if c.msgtype == JOINT_TRAJECTORY]
            for connection, stamp, data in reader.messages(connections=chosen):
                yield connection.topic, stamp, bytes(data)
        return
    if not path.is_file():
        raise InputError(path, "", "no such recording", "give a bag or an .mcap file")
    with open(path, "rb") as stream:
        for schema, channel, message in _mcap_reader(stream).iter_messages():
            if schema is not None and schema.name == JOINT_TRAJECTORY:
                yield channel.topic, message.log_time, message.data


def _opened(path: Path) -> Any:
    from rosbags.rosbag2 import ReaderError
    from rosbags.rosbag2.reader import DirectoryReader

    try:
        reader = DirectoryReader(path)
        reader.open()
        return reader
    except (ReaderError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            path, "", f"not a bag ({error})", "give a folder with metadata.yaml"
        ) from error


def _mcap_reader(stream: Any) -> Any:
    from mcap.exceptions import McapError
    from mcap.reader import make_reader

    try:
        return make_reader(stream)
    except (McapError, OSError, ValueError) as error:
        raise InputError(
            stream.name, "", f"not an MCAP file ({type(error).__name__})",
            "give a bag or an .mcap file",
        ) from error  # fmt: skip
