"""`Status` and `PlayResult`: what a player tells about itself."""

import json
from dataclasses import asdict, dataclass

from handx.streaming.encoders import Message, ros_time
from handx.streaming.states import State


@dataclass(frozen=True)
class Status:
    """Where a player stands.

    Attributes:
        state: What it does.
        reason: Why it holds; "" otherwise.
        fraction: Done of the approach or of a closed path, 0 to 1.
        path_time: Where on the path the hands are told to be now [s].
        rate: How fast the path's clock runs; 1 is as planned.
        queued: Path that waits to be played [s].
    """

    state: State
    reason: str
    fraction: float
    path_time: float
    rate: float
    queued: float


@dataclass(frozen=True)
class PlayResult:
    """How a run ended.

    Attributes:
        completed: Whether the path was played to its end.
        reason: Why not; "" if it was.
        messages: Messages sent, all controllers together.
        seconds: How long it took, approach included [s].
        latest: By how much the latest tick came after its time [s].
    """

    completed: bool
    reason: str
    messages: int
    seconds: float
    latest: float


def status_message(status: Status) -> Message:
    """`std_msgs/msg/String` with the status as JSON, readable by `ros2 topic echo`."""
    fields = {**asdict(status), "state": status.state.value}
    return {"data": json.dumps(fields)}


def diagnostics_message(status: Status, name: str, stamp: int) -> Message:
    """`diagnostic_msgs/msg/DiagnosticArray` for `/diagnostics` and rqt_robot_monitor.

    Args:
        status: What to tell.
        name: Of the node.
        stamp: [ns].
    """
    level = {State.ESTOP: 2, State.HOLD: 2, State.PAUSED: 1}.get(status.state, 0)
    values = {
        "state": status.state.value,
        "path time": f"{status.path_time:.3f} s",
        "rate": f"{status.rate:.2f}",
        "queued": f"{status.queued:.2f} s",
    }
    return {
        "header": {"stamp": ros_time(stamp), "frame_id": ""},
        "status": [{
            "level": level, "name": f"{name}: player",
            "message": status.reason or status.state.value, "hardware_id": "",
            "values": [{"key": key, "value": text} for key, text in values.items()],
        }],
    }  # fmt: skip
