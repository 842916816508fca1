"""`handx robots`: who can do it, and what each cannot reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Robots:
    """List the robots: degrees of freedom, fingers, sources, and what they can reach.

    DoF is "moving joints / actuators" per hand. A velocity limit that is nobody's
    datasheet figure is called a placeholder. "misses" lists thumb pinches and touches
    between the hands that the kinematics cannot close, and by how many millimetres.

      handx robots
    """

    def execute(self) -> int:
        """Print the table."""
        from handx.cli import console, summaries
        from robots import load_robot
        from robots.registry import robot_names

        rows = [summaries.robot_row(load_robot(name)) for name in robot_names()]
        console.console().print(
            console.listing("robots (per hand)", summaries.ROBOT_COLUMNS, rows)
        )
        return 0
