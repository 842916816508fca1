"""A player without a robot."""

from collections.abc import Callable

from handx.live.mirror import Mirror
from handx.streaming.encoders import served_controllers
from handx.streaming.live_feed import SUPERVISION
from handx.streaming.motion_path import MotionPath
from handx.streaming.player import Player
from robots.robot import RobotSpec


def dry_player(
    path: MotionPath, robot: RobotSpec, horizon: float
) -> tuple[Player, Callable[[], None]]:
    """An armed player whose hands do exactly what they are told, and its feedback.

    Args:
        path: Holds its first knots already.
        robot: Its controllers.
        horizon: As for `Player`.
    """
    start, _ = path.sample(0.0)
    controllers = served_controllers(path.joint_names, robot)
    mirror = Mirror(controllers, dict(zip(path.joint_names, start.tolist())))
    player = Player(path, robot, mirror, horizon=horizon, supervision=SUPERVISION)

    def hear() -> None:
        now = player.clock.now()
        names, positions = mirror.state(now)
        player.on_joint_state(names, positions, [], now)

    hear()
    player.arm()
    return player, hear
