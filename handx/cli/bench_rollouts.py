"""`handx bench rollouts`: a trajectory on thousands of perturbed robots."""

import json
import os
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from sim.perturbation import Spread
    from sim.rollout_store import Outcome


@dataclass(frozen=True)
class Perturb:
    """How far robots differ from their description."""

    mass: float = 0.2
    """Largest relative change of all links' masses; 0.2 draws factors from 0.8 to 1.2."""
    friction: float = 0.3
    """The same for friction."""
    gain: float = 0.2
    """The same for servo gains."""
    latency: float = 0.02
    """Longest delay of the commands [s]."""
    push: float = 5.0
    """Largest force on each wrist along each axis, for 0.1 s [N]."""

    def spread(self) -> "Spread":
        """The same in the simulation's words.

        Raises:
            InputError: A value is out of range.
        """
        from sim.perturbation import Spread

        return Spread(**asdict(self))


@dataclass(frozen=True)
class Rollouts:
    """Play trajectories on many robots, each a little different, and keep all states.

    The physics runs in compiled code, one chunk of rollouts per worker. A file holds the
    states of a chunk at 100 Hz: `time`, `qpos` (rollouts, samples, nq), `qvel`, `broken`,
    `tip_error`, and the perturbations as JSON. The same seed gives the same bytes for any
    number of workers. Stopped, the same command goes on where it was.

      handx bench rollouts out/demo/trajectory.npz --n 256
      handx bench rollouts a/trajectory.npz b/trajectory.npz --n 64 --perturb.push 20
    """

    trajectories: Annotated[
        tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="TRAJECTORY.NPZ")
    ]
    """The trajectories, all of one robot."""
    n: int = 64
    """Rollouts per trajectory."""
    perturb: Perturb = Perturb()
    """How far the robots differ from their description."""
    seed: int = 0
    """Same seed, same perturbations."""
    workers: int = os.cpu_count() or 1
    """Processes that simulate."""
    ray: bool = False
    """Simulate on the Ray cluster that RAY_ADDRESS names, or on one started here."""
    out: Path = Path("out/rollouts")
    """Folder for the files and summary.json."""

    def execute(self) -> int:
        """Run what is missing, and print what became of it."""
        from handx.cli import console
        from handx_gen import npz
        from handx_gen.errors import InputError
        from retarget.trajectory import BimanualTrajectory
        from robots import load_robot
        from sim.rollout_store import chunks, run_store
        from training.data.parallel import ordered_map

        for name, least in (("n", 1), ("workers", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise InputError(
                    f"--{name}", "", f"{getattr(self, name)}", f"give {least} or more"
                )
        loaded = [BimanualTrajectory.load(path) for path in self.trajectories]
        names = {trajectory.robot for trajectory in loaded}
        if len(names) != 1:
            raise InputError(
                "TRAJECTORY.NPZ", "robot", f"of {len(names)} robots", "give one robot's"
            )
        robot = load_robot(names.pop())
        work = list(chunks(loaded, robot, self.n, self.perturb.spread(), self.seed))
        mapped = partial(ordered_map, workers=self.workers, ray=self.ray)
        began, fresh = time.perf_counter(), 0
        try:
            with console.counting("rolling out") as say:

                def report(now: int, before: int) -> None:
                    nonlocal fresh
                    fresh = now
                    say(f"{now + before} of {len(work)} chunks, {before} there before")

                outcomes = run_store(work, self.out, mapped, report)
        except KeyboardInterrupt:
            console.console().print("stopped; the same command goes on")
            return 130
        seconds = time.perf_counter() - began
        rows = self._rows(outcomes)
        npz.write_text(self.out / "summary.json", json.dumps(rows, indent=1) + "\n")
        console.console().print(
            console.listing(
                f"{robot.name}: {self.n} rollouts each",
                (
                    "trajectory",
                    "broke down",
                    "tips p95, median [mm]",
                    "worst tenth [mm]",
                ),
                [tuple(map(str, row.values())) for row in rows],
            )
        )
        if fresh:
            console.console().print(f"{fresh} chunks in {seconds:.1f} s", markup=False)
        return 0

    def _rows(self, outcomes: "list[Outcome]") -> list[dict[str, object]]:
        """A line per trajectory."""
        import numpy as np

        rows: list[dict[str, object]] = []
        for number, path in enumerate(self.trajectories):
            mine = [one for one in outcomes if one.number == number]
            errors = np.sort(np.concatenate([one.tip_error for one in mine])) * 1e3
            rows.append(
                {
                    "trajectory": str(path),
                    "broken": sum(one.broken for one in mine),
                    "tip_error_median_mm": round(float(np.median(errors)), 2),
                    "tip_error_p90_mm": round(float(errors[int(0.9 * len(errors))]), 2),
                }
            )
        return rows
