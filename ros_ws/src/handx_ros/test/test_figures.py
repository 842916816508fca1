"""What the streamer's messages look like to a subscriber; the verb prints the figures."""

import os
import statistics
import time

import numpy as np
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

TOPIC = "/right_hand_controller/joint_trajectory"
WORDS = ("make a fist with the right hand", "open the right hand")
ROUNDS = 3


def test_figures_of_words_that_move_the_hands(simulated, client):
    """Like `ros2 topic hz`, and how long a word takes to the first message it changes."""
    heard: list[tuple[float, np.ndarray]] = []

    def take(message: JointTrajectory) -> None:
        ends = np.array(message.points[-1].positions)
        heard.append((time.monotonic(), ends))

    def stands() -> bool:
        recent = [ends for at, ends in heard if at > time.monotonic() - 2.0]
        return len(recent) > 10 and bool((np.ptp(recent, axis=0) < 1e-6).all())

    client.create_subscription(JointTrajectory, TOPIC, take, 10)
    say = client.create_publisher(String, "/streamer/say", 10)
    client.until(say.get_subscription_count)
    say.publish(String(data=WORDS[1]))
    client.until(lambda: heard and client.status.state == "play", 120)
    client.rest(3.0)  # the first word is still being done
    delays = []
    for word in WORDS * ROUNDS:
        client.until(stands, 60)
        before, began = heard[-1][1], time.monotonic()
        say.publish(String(data=word))
        client.until(lambda q=before: np.abs(heard[-1][1] - q).max() > 1e-3, 60)
        delays.append(heard[-1][0] - began)
    gaps = np.diff([at for at, _ in heard])
    assert client.call(Trigger, "/streamer/hold").success
    client.assert_at_rest()
    client.free()
    print(
        f"{TOPIC}: average rate {1 / gaps.mean():.2f} Hz, between messages min "
        f"{gaps.min() * 1e3:.1f} max {gaps.max() * 1e3:.1f} ms, standard deviation "
        f"{gaps.std() * 1e3:.1f} ms, {len(gaps)} messages\n"
        f"from a word on ~/say to the first message that it changes: median "
        f"{statistics.median(delays):.2f} s, {min(delays):.2f} to {max(delays):.2f} s, "
        f"{len(delays)} words\nload {os.getloadavg()[0]:.1f}"
    )
