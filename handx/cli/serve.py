"""`handx serve`: the engine as a process of its own, for programs on this machine."""

import signal
import threading
from dataclasses import dataclass

from handx.streaming.engine_client import PORT


@dataclass(frozen=True, kw_only=True)
class Serve:
    """Keep the engine warm and make motions for other programs on this machine.

    Answers HTTP on 127.0.0.1 alone: ask for a motion, follow its stages, call it off,
    fetch its files. ROS nodes use it, so that they need neither torch nor mujoco, and a
    crash on one side leaves the other running. Every request but /v1/health and the
    schema must carry the token, which lies in a file that only you can read; web pages
    are refused. From another machine: ssh -L 7471:127.0.0.1:7471.

      handx serve
      curl http://127.0.0.1:7471/v1/openapi.json
      curl -H "Authorization: Bearer $(cat TOKEN_FILE)" http://127.0.0.1:7471/v1/jobs

    Ends cleanly on Ctrl-C or SIGTERM, exit code 0: what runs is cancelled, its files
    and the token are removed.
    """

    port: int = PORT
    """On 127.0.0.1; 0 takes a free one."""
    device: str = "cpu"
    """Where a network runs."""
    queue: int = 8
    """Jobs that may wait; more are refused with status 429."""

    def execute(self) -> int:
        """Serve until told to stop."""
        from handx.cli import console
        from handx.server.service import service
        from handx_gen.errors import InputError

        if not 0 <= self.port <= 65535:
            raise InputError("--port", "", f"{self.port}", "give 0 to 65535")
        if not 1 <= self.queue <= 1000:
            raise InputError("--queue", "", f"{self.queue}", "give 1 to 1000")
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with service(self.port, self.device, self.queue) as running:
            terminal = console.console()
            terminal.print(
                console.facts(
                    "serve",
                    [
                        ("address", running.url),
                        ("token", running.token_file),
                        ("schema", f"{running.url}/v1/openapi.json"),
                        ("engine", "loading; jobs wait until it is ready"),
                    ],
                )
            )
            said = False
            while not stop.wait(0.2):
                if not said and running.engine.warm_seconds is not None:
                    said = True
                    terminal.print(f"ready after {running.engine.warm_seconds:.1f} s")
        return 0
