"""`generator`: the action GenerateMotion, answered by `handx serve`."""

import threading
import time
from typing import Any

from handx_interfaces.action import GenerateMotion, PlayMotion
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future

from handx.streaming.engine_client import EngineClient
from handx.streaming.errors import StreamError
from handx_ros.declaring import declare
from handx_ros.generation import Generation, Outcome, Progress, job_request
from handx_ros.motions import Motions
from handx_ros.parameters import GENERATOR
from handx_ros.spinning import live

SUPERSEDED = "a newer request took its place"


class _Goal:
    """A goal being worked on.

    Attributes:
        handle: The action server's.
        made: Done when the motion is made, or is not going to be.
        generation: What makes it; None until it has begun.
        playing: The streamer's goal handle, while it plays.
        superseded: A newer goal has come.
        began: Monotonic [s].
    """

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.made: Any = Future()
        self.generation: Generation | None = None
        self.playing: Any = None
        self.superseded = False
        self.began = time.monotonic()

    def call_off(self) -> None:
        """Stop making, or playing."""
        if self.generation is not None:
            self.generation.cancel()
        if self.playing is not None:
            self.playing.cancel_goal_async()


class GeneratorNode(LifecycleNode):
    """Has motions made, one at a time; a newer goal takes the place of an older one.

    Nothing here blocks: the engine is watched from a thread per goal, which wakes the
    executor when it has something.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("generator", **options)
        declare(self, GENERATOR)
        self._active = False
        self._lock = threading.Lock()
        self._current: _Goal | None = None
        self._server: ActionServer | None = None
        self._player: ActionClient | None = None

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters and offer the action; goals are refused until active."""
        try:
            self._client = EngineClient(
                self._text("engine_url"), token_file=self._text("token_file") or None
            )
        except StreamError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        self._motions = Motions(self._text("motions_folder"))
        group = ReentrantCallbackGroup()
        self._player = ActionClient(
            self, PlayMotion, self._text("play_server"), callback_group=group
        )
        self._server = ActionServer(
            self, GenerateMotion, "generate_motion", self._execute,
            callback_group=group, goal_callback=self._judge,
            handle_accepted_callback=self._accept, cancel_callback=self._cancel,
        )  # fmt: skip
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take goals."""
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take no more goals; what runs is called off."""
        self.hold("the node is deactivated")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Withdraw the action."""
        for entity in (self._server, self._player):
            if entity is not None:
                entity.destroy()
        self._server = self._player = None
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """As deactivating."""
        self.hold("the node is shut down")
        return super().on_shutdown(state)

    def hold(self, why: str) -> None:
        """Take no more goals, and call off what runs."""
        self._active = False
        with self._lock:
            current = self._current
        if current is not None:
            self.get_logger().info(f"called off: {why}")
            current.call_off()

    def has_failed(self) -> bool:
        """A fault is answered or latched, and never a reason to end."""
        return False

    def is_at_rest(self) -> bool:
        """Whether no goal is left."""
        with self._lock:
            return self._current is None

    def _text(self, name: str) -> str:
        return str(self.get_parameter(name).value)

    def _judge(self, request: Any) -> GoalResponse:
        if self._active and request.text.strip():
            return GoalResponse.ACCEPT
        why = "not active" if not self._active else "the text is empty"
        self.get_logger().warning(f"goal refused: {why}")
        return GoalResponse.REJECT

    def _accept(self, handle: Any) -> None:
        """Begin; the goal before this one, if it is still going on, ends."""
        goal = _Goal(handle)
        asked = handle.request
        request = job_request(
            asked.text, asked.robot or self._text("robot"), asked.model, asked.seed,
            asked.seconds, asked.samples,
        )  # fmt: skip
        goal.generation = Generation(
            self._client, self._motions, request,
            lambda progress: self._tell(goal, progress),
            lambda outcome: self._made(goal, outcome),
        )  # fmt: skip
        with self._lock:
            before, self._current = self._current, goal
        if before is not None:
            before.superseded = True
            before.call_off()
        goal.generation.start()
        handle.execute()

    def _cancel(self, handle: Any) -> CancelResponse:
        with self._lock:
            goal = self._current
        if goal is not None and goal.handle.goal_id == handle.goal_id:
            goal.call_off()
        return CancelResponse.ACCEPT

    def _tell(self, goal: _Goal, progress: Progress) -> None:
        # Playing is told as the second half.
        share = 0.5 if goal.handle.request.play else 1.0
        goal.handle.publish_feedback(
            GenerateMotion.Feedback(
                stage=progress.stage,
                fraction=share * progress.fraction,
                elapsed=progress.elapsed,
            )
        )

    def _made(self, goal: _Goal, outcome: Outcome) -> None:
        """Called from the generation's thread: wake whoever awaits it."""
        goal.made.set_result(outcome)
        executor = self.executor
        if executor is not None:
            executor.wake()

    async def _execute(self, handle: Any) -> Any:
        goal = self._of(handle)
        outcome = await goal.made
        result = GenerateMotion.Result(
            passed=outcome.passed, reasons=list(outcome.reasons),
            motion_id=outcome.motion_id, duration=outcome.duration,
            message=outcome.message,
        )  # fmt: skip
        for name, answer in (outcome.verdicts or {}).items():
            setattr(result, f"{name}_verdict", answer)
        wanted = outcome.passed and handle.request.play
        if wanted and not (goal.superseded or handle.is_cancel_requested):
            result.played, result.message = await self._play(goal, outcome.motion_id)
        self._motions.keep(int(self.get_parameter("kept_motions").value))
        with self._lock:
            if self._current is goal:
                self._current = None
        if goal.superseded:
            result.message = SUPERSEDED
            handle.abort()
        elif handle.is_cancel_requested:
            handle.canceled()
        elif outcome.state != "finished" or (wanted and not result.played):
            handle.abort()
        else:
            handle.succeed()
        return result

    def _of(self, handle: Any) -> _Goal:
        with self._lock:
            goal = self._current
        # A goal that was superseded before it was executed has nothing to wait for.
        if goal is None or goal.handle.goal_id != handle.goal_id:
            goal = _Goal(handle)
            goal.superseded = True
            goal.made.set_result(Outcome("cancelled", message=SUPERSEDED))
        return goal

    async def _play(self, goal: _Goal, motion_id: str) -> tuple[bool, str]:
        """Have the streamer play it; (to its end, message)."""
        player = self._player
        if player is None or not player.server_is_ready():
            return False, f"nobody plays: no action {self._text('play_server')}"

        def tell(message: Any) -> None:
            fraction = 0.5 + 0.5 * message.feedback.fraction
            if message.feedback.phase == "approach":
                fraction = 0.5
            goal.handle.publish_feedback(
                GenerateMotion.Feedback(
                    stage="play",
                    fraction=fraction,
                    elapsed=time.monotonic() - goal.began,
                )
            )

        request = PlayMotion.Goal(motion_id=motion_id)
        playing = await player.send_goal_async(request, feedback_callback=tell)
        if not playing.accepted:
            return False, "the streamer refused to play it: see its log"
        goal.playing = playing
        if goal.superseded or goal.handle.is_cancel_requested:
            goal.call_off()  # it was called off while the goal was on its way
        answer = await playing.get_result_async()
        return bool(answer.result.completed), str(answer.result.message)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    live(GeneratorNode, args)
