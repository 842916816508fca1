"""The nodes' parameters: one table per node, with ranges and descriptions."""

from dataclasses import dataclass

from handx.streaming.engine_client import PORT


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Attributes:
        name: As in YAML.
        default: Also gives its type: str, bool, int or float.
        description: For `ros2 param describe`.
        low, high: Range of a number, both included.
        read_only: Whether it can be set at start alone.
        choices: What a text may be; empty for any.
    """

    name: str
    default: str | bool | int | float
    description: str
    low: float | None = None
    high: float | None = None
    read_only: bool = False
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.name}: a range has two ends")

    def refuses(self, value: object) -> str:
        """Why a value will not do, or ""."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.low is not None and self.high is not None:
            if not self.low <= float(value) <= self.high:
                return f"{self.name}: {value} is outside {self.low:g} to {self.high:g}"
        if self.choices and value not in self.choices:
            return f"{self.name}: {value!r} is none of {', '.join(self.choices)}"
        return ""


AUTOSTART = Parameter(
    "autostart", False, "Configure and activate by itself, without a lifecycle manager.",
    read_only=True,
)  # fmt: skip
ROBOT = Parameter(
    "robot", "shadow", "Name of the robot (`handx robots`).", read_only=True
)
MOTIONS = Parameter(
    "motions_folder", "", "Folder shared by generator and streamer, one folder per motion; "
    "empty for handx/motions in the user's state folder.", read_only=True,
)  # fmt: skip

ENGINE = (
    Parameter(
        "engine_url", f"http://127.0.0.1:{PORT}",
        "Where `handx serve` answers; the loopback alone is accepted.", read_only=True,
    ),
    Parameter(
        "token_file", "", "File with the engine's token; empty for where `handx serve` of "
        "this user leaves it.", read_only=True,
    ),
)  # fmt: skip

GENERATOR = (
    AUTOSTART,
    ROBOT,
    MOTIONS,
    *ENGINE,
    Parameter("play_server", "streamer/play", "Action that plays motions.", read_only=True),
    Parameter(
        "kept_motions", 100, "Motions kept in the folder; the oldest are removed.",
        1, 100_000,
    ),
)  # fmt: skip

STREAMER = (
    AUTOSTART,
    ROBOT,
    MOTIONS,
    Parameter(
        "transport", "topic", "How controllers are commanded: topic (rolling horizon) or "
        "action (FollowJointTrajectory).", choices=("topic", "action"),
    ),
    Parameter("rate", 50.0, "Messages per second and controller [Hz].", 10.0, 200.0,
              read_only=True),
    Parameter(
        "horizon", 0.16, "Path sent ahead [s]: so long the hands go on, and then brake, if "
        "the stream is lost.", 0.06, 1.0, read_only=True,
    ),
    Parameter(
        "margin", 0.0, "Distance kept from the position limits [rad].", 0.0, 0.2,
        read_only=True,
    ),
    Parameter(
        "feedback_age", 0.2, "Joint states older than this hold the hands [s].",
        0.02, 2.0, read_only=True,
    ),
    Parameter(
        "start_delay", 0.3, "FollowJointTrajectory: from sending the goals to their common "
        "start [s]; every controller must have accepted by then.", 0.05, 5.0,
        read_only=True,
    ),
    Parameter(
        "goal_time", 1.0, "FollowJointTrajectory: how late a controller may be at the end "
        "[s].", 0.0, 30.0, read_only=True,
    ),
    Parameter(
        "live", False, "Take words on ~/say and move the hands by them while they move; "
        "`handx serve` draws and simulates.", read_only=True,
    ),
    Parameter(
        "live_model", "auto", "What makes live motion: auto, program, or a shipped network.",
        read_only=True,
    ),
    *ENGINE,
)  # fmt: skip

SIMULATED_HAND = (
    AUTOSTART,
    ROBOT,
    Parameter(
        "socket", "", "Socket of `handx simulate`; empty for the robot's own in the user's "
        "runtime folder.", read_only=True,
    ),
    Parameter("rate", 200.0, "Joint states per second [Hz].", 10.0, 500.0, read_only=True),
    Parameter(
        "controllers", True, "Behave like a joint_trajectory_controller for each of the "
        "robot's controllers; false under a real ros2_control.", read_only=True,
    ),
    Parameter(
        "goal_tolerance", 0.05, "How near the goal each joint must be at the end [rad].",
        0.001, 1.0, read_only=True,
    ),
)  # fmt: skip
