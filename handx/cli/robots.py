"""`handx robots`: who can do it, and what each cannot reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Robots:
    """List the robots: degrees of freedom, fingers, sources, and what they can reach.

    A joint that is not driven follows another one. "cannot reach" lists the thumb
    pinches and the touches between the hands that the kinematics cannot close, and by
    how many millimetres they miss.

      handx robots
    """

    def execute(self) -> int:
        """Print the table."""
        from handx.cli import console, summaries
        from robots import load_robot
        from robots.registry import robot_names

        specs = [load_robot(name) for name in robot_names()]
        console.console().print(summaries.robots(specs))
        return 0
