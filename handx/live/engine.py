"""`LiveEngine`: words in, chunks of commands out, each one simulated before it is let go."""

import time
from dataclasses import replace

import numpy as np

from handx.live.rows import Row, commands_of, way_between
from handx.live.typical import live_placement
from handx.streaming.chunk import Chunk
from handx.streaming.encoders import served_controllers
from handx_gen.errors import HandxError
from handx_gen.live import MotionStream
from handx_gen.skeleton import SIDES
from retarget.calibration import calibrate_robot
from retarget.online import OnlineRetargeter
from retarget.online_arms import OnlineArms
from robots.robot import RobotSpec
from sim.ahead import LookAhead, pose_of
from sim.scene import BODY
from sim.thresholds import thresholds_of

FRAMES = 2
"""Frames in a chunk."""

LEAD = 5
"""Frames from new words to the first frame that follows them: what drawing it takes."""

CATCH_UP = 0.3
"""Time that lagging fingers have to catch up with a way to rest [s]."""

LONGEST_REST = 120
"""Frames in which a stream that was stopped must have come to rest."""


class LiveEngine:
    """Everything between words and knots.

    Args:
        robot: Hands, and the arms that carry them if it has some; others are carried by
            whatever the user has, which is not the engine's business.
        model: As for `MotionStream`.
        seed: Same seed, same words at the same frames: same chunks.
        device: Where a network runs.

    Attributes:
        joint_names: Wire names of a chunk's columns, those that controllers take.
        fps: Knots per second of path time [Hz].

    Raises:
        InputError: Unknown model.
        RetargetError: The robot lacks a hand.
        MissingEncoder, MissingExtra: As `generate`.
    """

    def __init__(
        self, robot: RobotSpec, model: str = "auto", seed: int = 0, device: str = "cpu"
    ) -> None:
        self._stream = MotionStream(model, seed, lead=LEAD, device=device)
        self.model, self.fps = self._stream.model, self._stream.fps
        chains = {side: robot.hands[side] for side in SIDES}
        self._limits = {
            side: np.array([h.lower, h.upper, h.velocity_limit, h.acceleration_limit])
            for side, h in chains.items()
        }
        self._arms: OnlineArms | None = None
        if robot.body is not None:
            chains[BODY] = robot.body.chain
            self._arms = OnlineArms(live_placement(robot))
            self._limits[BODY] = np.array(list(vars(self._arms.limits).values()))
        every = [name for chain in chains.values() for name in chain.wire_names]
        served = served_controllers(every, robot)
        self.joint_names = tuple(joint for c in served for joint in c.joints)
        self._columns = [every.index(joint) for joint in self.joint_names]
        self._retargeter = OnlineRetargeter(
            robot, calibrations=calibrate_robot(robot), acceleration_limits=True
        )
        rest = self._read()
        self._last = [rest, rest]  # the last knot let go lies between these two
        self._time = 0.0
        self._begun = 0
        self._problem = ""
        start = commands_of(self._last, 0.0, 1 / self.fps)
        self._ahead = LookAhead(robot, start, thresholds_of(robot))

    def say(self, text: str, seconds: float | None = None) -> int:
        """Do this now; as `MotionStream.say`.

        Raises:
            InputError: It cannot be read; the hands go on.
        """
        return self._stream.say(text, seconds)

    def then(self, text: str) -> int:
        """Do this next; as `MotionStream.then`."""
        return self._stream.then(text)

    def stop(self) -> None:
        """Come to rest."""
        self._stream.stop()

    def close(self) -> None:
        """End the worker threads."""
        self._stream.close()

    def chunk(self) -> Chunk:
        """The next chunk, or none and why."""
        began = time.process_time()
        if self._problem:
            time.sleep(1 / self.fps)  # nothing will change; do not spin
            return self._none(self._problem)
        try:
            chunk = self._tried([self._read() for _ in range(FRAMES)])
        except HandxError as error:
            chunk = self._none(str(error))
        if chunk.problem:
            chunk = self._by_way_of_rest(chunk.problem)
        return replace(chunk, cpu=time.process_time() - began)

    def _read(self) -> Row:
        """The next frame on the robot."""
        frame = next(self._stream)
        command = self._retargeter.step(frame.joints, frame.index / self.fps)
        positions, base = dict(command.positions), {}
        if self._arms is not None:
            since = 1 / self.fps if frame.index else 0.0
            positions[BODY] = self._arms.step(command.T_world_base, since).positions
        else:
            base = {side: pose_of(T) for side, T in command.T_world_base.items()}
        return Row(positions, base, frame.request, frame.text)

    def _tried(self, rows: list[Row], excused: float = 0.0) -> Chunk:
        """New rows as a chunk, let go if physics lets it through."""
        rows = [*self._last, *rows]
        commands = commands_of(rows, self._time, 1 / self.fps)
        outlook = self._ahead.check(commands, excused)
        if outlook.problem:
            return self._none(outlook.problem)
        begins = {}
        for row, at in zip(rows[2:], commands.time[1:]):
            if row.request > self._begun:
                self._begun = row.request
                begins[row.request] = float(at)
        skip = 0 if self._time == 0 else 1  # the very first knot is told once
        self._last, self._time = rows[-2:], float(commands.time[-1])
        positions, velocities = (
            np.concatenate([part[s][skip:] for s in self._limits], axis=1)[
                :, self._columns
            ]
            for part in (commands.positions, commands.velocities)
        )
        return Chunk(
            commands.time[skip:], positions, velocities, rows[-1].text, begins,
            outlook.tip_error, outlook.penetration,
        )  # fmt: skip

    def _none(self, problem: str) -> Chunk:
        empty = np.zeros((0, len(self.joint_names)))
        return Chunk(np.zeros(0), empty, empty, problem=problem)

    def _by_way_of_rest(self, problem: str) -> Chunk:
        """Leave the motion that went wrong: to the resting pose, if that is possible.

        Where even that would go wrong the hands stand where they are for good.
        """
        self._stream.stop()
        resting = self._read()
        for _ in range(LONGEST_REST):
            if self._stream.resting:
                break
            resting = self._read()
        if self._arms is not None:
            self._arms.halt()
        way = way_between(*self._last, resting, self._limits, 1 / self.fps)
        chunk = self._tried(way, CATCH_UP)
        if chunk.problem:
            self._problem = f"{problem}; on the way to rest {chunk.problem}"
        return replace(chunk, problem=self._problem or problem)
