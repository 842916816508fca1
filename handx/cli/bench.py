"""`handx bench`: skills tried out on robots, and rollouts by the thousand."""

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from handx.cli.bench_rollouts import Perturb, Rollouts

if TYPE_CHECKING:
    from handx.skill_table import RobotTable


@dataclass(frozen=True)
class Skills:
    """How often simulated hands manage two-hand skills, with 95 % intervals.

    Every skill is asked for in several wordings, on hands of several people. Columns:
    the scripted reference (rules and inverse kinematics; it is no learned policy), the
    same on perturbed robots, the network, files of yours, and each reference's first
    pose held still, which has to fail. Success is read from the simulator's contacts and
    poses. A contact that the robot cannot reach (`handx robots show`) makes the skill
    "unreachable". Stopped, the same command goes on where it was.

      handx bench skills --robot shadow --n 5
      handx bench skills --robot shadow inspire --model none --perturbed 8
      handx bench skills --skills clap_twice --motion take1.npz take2.npy --model none
      handx bench skills --list
    """

    robot: tuple[str, ...] = ("shadow",)
    """Robots to try (`handx robots`)."""
    skills: tuple[str, ...] = ()
    """Skills to try; all by default."""
    n: int = 5
    """Motions per skill, robot and source."""
    model: str = "synth-v1"
    """Network beside the reference: a name, a checkpoint's folder, or "none"."""
    motion: tuple[Path, ...] = ()
    """Motions of yours, each judged by every skill: motion.npz, or an .npy (T, 2, 21, 3)."""
    fps: float = 30.0
    """Rate of .npy motions [Hz]."""
    perturbed: int = 0
    """Perturbed robots per reference and file."""
    perturb: Perturb = field(default_factory=Perturb)
    """How far those differ."""
    confusion: bool = False
    """Let every skill judge every motion, and draw who is taken for whom."""
    seed: int = 1
    """Seed of the first motion."""
    device: str = "cpu"
    """Where the network runs."""
    workers: int = os.cpu_count() or 1
    """Processes that simulate."""
    ray: bool = False
    """Simulate on the Ray cluster that RAY_ADDRESS names, or on one started here."""
    out: Path = Path("out/skills")
    """Folder for skills.json, skills.png, skills.svg and the results of each trial."""
    list: bool = False
    """Only list the skills."""

    def execute(self) -> int:
        """Run what is missing, print a table per robot, and draw it."""
        from handx.cli import console
        from handx.cli.skill_picture import draw_confusion, draw_rates
        from handx.skill_sources import NetworkMotions
        from handx.skill_table import confusion, save, tabulate
        from handx.skill_trials import run_trials
        from handx_gen.errors import InputError
        from robots import load_robot
        from sim.skills import SKILLS, find_skill
        from training.data.parallel import ordered_map

        for name, least in (("n", 1), ("workers", 1), ("perturbed", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise InputError(
                    f"--{name}", "", f"{getattr(self, name)}", f"give {least} or more"
                )
        terminal = console.console()
        if self.list:
            terminal.print(_listed())
            return 0
        skills = [find_skill(name) for name in self.skills or SKILLS]
        robots = [load_robot(name) for name in self.robot]
        trials = list(self._trials(robots, skills))
        mapped = partial(ordered_map, workers=self.workers, ray=self.ray)
        try:
            with console.counting("trying skills") as say:
                rows = run_trials(
                    trials, self.out / "trials", mapped,
                    NetworkMotions(self.model, self.device),
                    lambda fresh, before: say(
                        f"{fresh + before} of {len(trials)} trials, {before} there before"
                    ),
                )  # fmt: skip
        except KeyboardInterrupt:
            terminal.print("stopped; the same command goes on")
            return 130
        tables = tabulate(rows, robots, skills)
        sources = _sources(tables)
        for table in tables:
            terminal.print(_table(table, sources))
        save(tables, rows, self._about(), self.out / "skills.json")
        for ending in ("png", "svg"):
            draw_rates(tables, sources).save(self.out / f"skills.{ending}")
        for robot in robots if self.confusion else ():
            names = [skill.name for skill in skills]
            share = confusion(rows, robot.name, names)
            title = f"{robot.name}: whose motion is accepted as what"
            sheet = draw_confusion(share, names, title)
            sheet.save(self.out / f"confusion-{robot.name}.png")
            _tell_mistaken(terminal, share, names)
        terminal.print(f"drawn: {self.out / 'skills.png'}", markup=False)
        return 0

    def _trials(self, robots: Any, skills: Any) -> Any:
        from handx.skill_sources import (
            file_trials,
            load_motion,
            network_trials,
            reference_trials,
        )

        judges = skills if self.confusion else ()
        spread = self.perturb.spread()
        motions = {path.name: load_motion(path, self.fps) for path in self.motion}
        yield from reference_trials(
            robots, skills, judges, self.n, self.seed, self.perturbed, spread
        )
        if self.model != "none":
            yield from network_trials(
                robots, skills, judges, self.n, self.seed, self.model
            )
        yield from file_trials(robots, skills, motions, self.perturbed, spread)

    def _about(self) -> dict[str, Any]:
        return {
            "robots": self.robot, "n": self.n, "seed": self.seed, "model": self.model,
            "perturbed": self.perturbed, "perturb": vars(self.perturb.spread()),
            "motions": [path.name for path in self.motion],
        }  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Measure in simulation: which skills a robot manages, and thousands of rollouts.

    handx bench skills --robot shadow inspire
    handx bench rollouts out/demo/trajectory.npz --n 256 --mass 0.2 --latency 0.02
    """

    command: tyro.conf.OmitSubcommandPrefixes[
        Annotated[Skills, tyro.conf.subcommand("skills")]
        | Annotated[Rollouts, tyro.conf.subcommand("rollouts")]
    ]

    def execute(self) -> int:
        """Do what was asked."""
        return self.command.execute()


def _listed() -> Any:
    from handx.cli import console
    from sim.skills import SKILLS

    rows = [(s.name, s.family, "\n".join(s.prompts)) for s in SKILLS.values()]
    return console.listing(
        f"{len(rows)} skills", ("name", "family", "asked for by"), rows
    )


def _sources(tables: "list[RobotTable]") -> list[str]:
    """All sources that were tried, the reference first and the static pose last."""
    from handx.skill_trials import STATIC

    found = dict.fromkeys(
        source for t in tables for rates in t.rates.values() for source in rates
    )
    return sorted(found, key=lambda source: source == STATIC)


def _table(table: "RobotTable", sources: list[str]) -> Any:
    """Rates of one robot; the last rows sum up."""
    from handx.cli import console
    from handx.skill_table import overall

    rows = []
    for skill, rates in table.rates.items():
        note = table.unreachable.get(skill)
        note = f"unreachable: {note}" if note else table.reasons.get(skill, "")
        cells = [str(rates.get(source, "")) for source in sources]
        rows.append((skill, *cells, note[:70]))
    for k, what in enumerate(("all", "within reach")):
        sums = [overall(table, source) for source in sources]
        rows.append((what, *(str(one[k]) if one else "" for one in sums), ""))
    columns = ("skill", *sources, "what failed references missed")
    return console.listing(f"{table.robot}: successes, 95 % intervals", columns, rows)


def _tell_mistaken(terminal: Any, share: Any, names: list[str]) -> None:
    """Print which motions are accepted as something else."""
    for i, made in enumerate(names):
        wrong = [
            f"{judge} ({100 * share[i, j]:.0f} %)"
            for j, judge in enumerate(names)
            if i != j and share[i, j] > 0
        ]
        if wrong:
            terminal.print(
                f"{made} is also accepted as {', '.join(wrong)}", markup=False
            )
