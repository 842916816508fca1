"""Errors of the simulation."""

from pathlib import Path

import numpy as np

from handx_gen.errors import HandxError


class SimulationError(HandxError):
    """A trajectory that cannot be simulated, or a report that does not belong to it."""


class UnstableSimulation(SimulationError):
    """The state became NaN, infinite or absurdly fast.

    Args:
        time: When [s].
        coordinate: Name of the joint at fault.
        states: "time", "qpos", "qvel", "ctrl" → the last states before.
        dump: File the states were written to.
    """

    def __init__(
        self, time: float, coordinate: str, states: dict[str, np.ndarray], dump: Path
    ) -> None:
        self.time, self.coordinate, self.states = time, coordinate, states
        self.dump = dump
        super().__init__(
            f"the simulation broke down at {time:.3f} s (joint {coordinate}); the last "
            f"{len(states['time'])} states are in {dump}. Fix: check the trajectory for "
            "jumps and the robot's gains for stiffness."
        )


class EditedArtefact(SimulationError):
    """A report whose hashes do not match what it is said to be about.

    Args:
        what: "trajectory", "robot" or "thresholds".
        recorded, found: sha256 in the report and of the thing at hand.
    """

    def __init__(self, what: str, recorded: str, found: str) -> None:
        self.what, self.recorded, self.found = what, recorded, found
        super().__init__(
            f"report [{what}]: made for sha256 {recorded[:12]}…, this one is "
            f"{found[:12]}…. Fix: run `handx validate` on this {what} again."
        )
