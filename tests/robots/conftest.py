"""The shipped hands."""

import pytest

from robots import HandSpec, load_robot
from tests.robots.robot_models import HANDS


@pytest.fixture(params=HANDS, ids="-".join)
def hand(request: pytest.FixtureRequest) -> HandSpec:
    robot, side = request.param
    return load_robot(robot).hands[side]
