"""`handx live`: words → hands that are moving already."""

import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from handx.live.source import LiveSource
    from handx.streaming.player import Player
    from handx.streaming.status import PlayResult, Status
    from robots.robot import RobotSpec

HELP = "text: do it now   /then TEXT: next   /rest   /pause   /resume   /go   /quit"


@dataclass(frozen=True)
class Live:
    """Say what two robot hands should do, while they move.

    Type a request and press Enter: the hands pass over into it without stopping, some
    tenths of a second later. Every tenth of a second of motion is simulated before it is
    sent; what physics does not let through is never sent, and the hands go to rest
    instead. On a machine that is too slow the hands slow down, they never jump. Lines
    that begin with "/" steer: /then TEXT, /rest, /pause, /resume, /quit, and /go after
    the hands had to hold: it leads them back to the motion and goes on.

      handx live --dry-run                 without a robot: commands go nowhere
      handx live --robot shadow            to ROS 2 controllers on this machine
      handx live --dry-run --script s.txt --out out/live

    A line of a script is seconds and a request, e.g. "4.5 clap twice". A robot with arms
    (g1-inspire, g1-dex3) moves them, too. Other hands meet only if something carries
    them there as the motion has it.

    Exit code 0 when the script is done, after /quit, or at the end of the input; 1 if
    physics made the hands stand, 2 if the input cannot be used, 130 after Ctrl-C.
    """

    robot: str = "shadow"
    """A robot that `handx robots` lists."""
    model: str = "auto"
    """auto, program, a shipped network, or a checkpoint's folder."""
    script: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Requests with times, in place of the keyboard."""
    out: Path | None = None
    """Folder for live.json: what was said, how long it took, what was not let through."""
    dry_run: bool = False
    """Send nothing: hands are taken to do exactly what they would be told."""
    domain: int | None = None
    """ROS_DOMAIN_ID; by default the environment's, else 0."""
    wait: float = 10.0
    """How long to wait for the controllers and for /joint_states [s]."""
    margin: float = 0.0
    """Distance to keep from position limits [rad]; motion that comes nearer is squeezed."""
    horizon: float = 0.16
    """Path sent ahead [s]: for so long the hands go on if the stream is lost."""
    allow_network: bool = False
    """Leave this machine. By default only nodes on its loopback see and hear anything."""
    distro: Literal["jazzy", "humble"] = "jazzy"
    """Whose ROS graph to speak: humble, or jazzy for everything newer."""
    seed: int = 0
    """Same seed and same words at the same frames: same motion."""
    device: str = "cpu"
    """Where the network runs."""

    def execute(self) -> int:
        """Prepare, connect, play until told to stop."""
        from handx.cli import console
        from handx.live.source import LiveSource
        from handx.live.transcript import save
        from robots import load_robot

        script = None if self.script is None else read_script(self.script)
        robot = load_robot(self.robot)
        with (
            LiveSource(
                robot, self.model, self.seed, self.device, self.margin
            ) as source,
            console.console().status("preparing") as waiting,
        ):
            source.wait(lambda message: waiting.update(f"preparing: {message}"))
            waiting.stop()
            with self._player(robot, source) as (player, poll, tell):
                player.play()
                result = self._play(player, source, poll, tell, script)
            console.console().print(
                console.facts("live", _facts(source, player, result))
            )
            if self.out is not None:
                save(self.out, robot.name, source, result)
        if result.reason == INTERRUPTED:
            return 130
        return 0 if result.reason == DONE and not source.stands else 1

    @contextmanager
    def _player(
        self, robot: "RobotSpec", source: "LiveSource"
    ) -> "Iterator[tuple[Player, Callable[[], None], Callable[[Status], None]]]":
        """A player that is armed, what it hears with, and who is told of it."""
        from handx.cli.domain import ros_domain
        from handx.live.dry_run import dry_player
        from handx.streaming.dds_session import DdsSession
        from handx.streaming.live_feed import SUPERVISION

        assert source.path is not None
        if self.dry_run:
            player, poll = dry_player(source.path, robot, self.horizon)
            yield player, poll, lambda status: None
            return
        with DdsSession(
            source.path, robot, ros_domain(self.domain), "handx_live", self.allow_network,
            self.distro, horizon=self.horizon, supervision=SUPERVISION,
        ) as session:  # fmt: skip
            session.connect(self.wait)
            yield session.player, session.poll, session.tell

    def _play(
        self,
        player: "Player",
        source: "LiveSource",
        poll: "Callable[[], None]",
        tell: "Callable[[Status], None]",
        script: list[tuple[float, str]] | None,
    ) -> "PlayResult":
        """Tick; meanwhile take requests from the script or the keyboard."""
        from handx.cli import console
        from handx.streaming.states import MOVING

        stop, interrupted = threading.Event(), threading.Event()

        def interrupt(*_: object) -> None:
            interrupted.set()
            stop.set()

        before = {
            n: signal.signal(n, interrupt) for n in (signal.SIGINT, signal.SIGTERM)
        }
        typed: deque[str | None] = deque()
        if script is None:
            console.console().print(HELP, style="dim")
            threading.Thread(target=_type, args=(typed,), daemon=True).start()
        began = player.clock.now()
        told: set[int] = set()

        def moving() -> bool:
            return player.state in MOVING

        def hear() -> None:
            poll()
            source.pump(player)
            seconds = (player.clock.now() - began) / 1e9
            while script and script[0][0] <= seconds:
                typed.append(script.pop(0)[1])
            if (script == [] and not typed and source.settled) or source.stands:
                stop.set()
            while typed:
                _obey(typed.popleft(), player, source, stop)
            _news(source, told)

        try:
            result = player.run(stop, tell, hear)
            while script is None and not stop.is_set() and not source.gone:
                console.console().print(
                    f"  holding: {result.reason}. /go goes on, /quit ends",
                    style="yellow",
                )
                while not stop.is_set() and not source.gone and not moving():
                    hear()
                    tell(player.status())
                    stop.wait(player.period)
                if moving():
                    result = player.run(stop, tell, hear)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return _named(result, interrupted.is_set())


DONE, INTERRUPTED = "done", "interrupted"


def _named(result: "PlayResult", interrupted: bool) -> "PlayResult":
    """The result with the reason that the user knows."""
    from dataclasses import replace

    from handx.streaming.player import ON_REQUEST

    if result.reason != ON_REQUEST:
        return result
    return replace(result, reason=INTERRUPTED if interrupted else DONE)


def read_script(file: Path) -> list[tuple[float, str]]:
    """Times [s] and lines of a script, in order.

    Raises:
        InputError: It cannot be read, or a line is not a time and a request.
    """
    from handx_gen.errors import InputError

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            file, "", f"cannot be read ({error})", "give a text file"
        ) from None
    script: list[tuple[float, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first, _, text = line.strip().partition(" ")
        try:
            seconds = float(first)
        except ValueError:
            seconds = -1.0
        if not (0 <= seconds < 36_000 and text.strip()):
            raise InputError(
                file, f"line {number}", f"{line.strip()!r} is no time and request",
                'write e.g. "4.5 clap twice"',
            )  # fmt: skip
        script.append((seconds, text.strip()))
    if not script:
        raise InputError(file, "", "holds no request", 'write e.g. "0 clap twice"')
    return sorted(script, key=lambda pair: pair[0])


def _type(lines: "deque[str | None]") -> None:
    """Pass on what is typed; None at the end of the input."""
    for line in sys.stdin:
        lines.append(line.strip())
    lines.append(None)


def _obey(
    line: str | None, player: "Player", source: "LiveSource", stop: threading.Event
) -> None:
    """Do what one line says."""
    from handx.cli import console
    from handx.streaming.errors import StreamError

    word, _, rest = (line or "").partition(" ")
    try:
        if line is None or word == "/quit":
            stop.set()
        elif word == "/rest":
            source.rest()
        elif word == "/pause":
            player.pause()
        elif word == "/resume":
            player.resume()
        elif word == "/go":
            player.arm()
            player.play()
        elif word == "/then" and rest.strip():
            source.then(rest.strip())
        elif word.startswith("/"):
            console.console().print(f"{word}? {HELP}", style="yellow")
        elif line:
            source.say(line)
    except StreamError as error:
        console.console().print(str(error), style="yellow")


def _news(source: "LiveSource", told: set[int]) -> None:
    """Print, once, what became of each request."""
    from handx.cli import console

    for k, words in enumerate(source.words):
        if k in told or not (words.refused or words.delay is not None):
            continue
        told.add(k)
        if words.refused:
            console.console().print(f"  {words.refused}", style="yellow")
        else:
            console.console().print(f"  {words.text}: moving after {words.delay:.2f} s")
    for problem in source.news():
        console.console().print(f"  not let through: {problem}", style="yellow")


def _facts(
    source: "LiveSource", player: "Player", result: "PlayResult"
) -> list[tuple[str, object]]:
    from handx.live.transcript import delays

    late = delays(source)
    return [
        ("model", source.model),
        (
            "said",
            f"{len(source.words)}, refused {sum(bool(w.refused) for w in source.words)}",
        ),
        ("words to first command", late or "n/a"),
        ("not let through", "; ".join(source.problems) or "nothing"),
        ("sent", f"{result.messages} messages in {result.seconds:.1f} s"),
        ("path", f"{player.status().path_time:.1f} s"),
        ("latest tick", f"{1000 * result.latest:.1f} ms late"),
        ("ended", result.reason),
    ]
