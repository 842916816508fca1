"""A run as one HTML file that plays itself: no server, no network, no installation.

viser's own client is written into the page together with the recorded scene; the page
has a timeline, and the mouse turns, moves and zooms.
"""

import contextlib
import html
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handx.export.extras import need
from handx.export.run_folder import RunRecord
from handx_gen import npz
from handx_gen.kinematics.contacts import CONTACT_GAP
from sim.film import FRAME_RATE
from sim.heat import FULL_FORCE, heat_colour
from sim.stage import PAD_COLOUR, SIDE_COLOURS

if TYPE_CHECKING:
    import viser

STYLE = """
#handx { position: fixed; right: 14px; top: 12px; z-index: 1000; max-width: 46vw;
  font: 14px/1.45 system-ui, sans-serif; color: #282c34; pointer-events: none;
  background: rgba(255, 255, 255, 0.82); border-radius: 6px; padding: 8px 12px; }
#handx h1 { font-size: 16px; font-weight: 600; margin: 0 0 2px; }
#handx b { font-weight: 600; }
#handx .heat { display: inline-block; width: 120px; height: 8px; margin: 0 6px; }
"""


def write_html(
    run: RunRecord, path: Path, told: Callable[[float], None] = lambda share: None
) -> Path:
    """Write the page, atomically.

    Args:
        run: The run.
        path: Where to.
        told: Told the share that is done, for progress displays.

    Raises:
        MissingExtra: viser or mjviser is not installed.
        SimulationError: The rollout's state is not one of this robot.
    """
    need("viser", "mjviser", extra="studio")
    from handx.export.viser_scene import ViserRun

    duration = float(run.rollout.time[-1])
    times = np.arange(round(duration * FRAME_RATE) + 1) / FRAME_RATE
    with _server() as server:
        scene = ViserRun(server, run)
        recording = server.get_scene_serializer()
        for index, time in enumerate(times):
            scene.show(float(time))
            recording.insert_sleep(1 / FRAME_RATE)
            told((index + 1) / len(times))
        page = recording.as_html()
    head = page.index("<title>"), page.index("</title>")
    page = f"{page[: head[0]]}<title>{html.escape(_title(run))}{page[head[1] :]}"
    end = page.rindex("</body>")
    return npz.write_text(path, f"{page[:end]}{_words(run)}{page[end:]}")


@contextlib.contextmanager
def _server() -> "Iterator[viser.ViserServer]":
    """Viser records what a server would send; nobody connects to this one."""
    import viser

    silent = contextlib.redirect_stdout(io.StringIO())  # it announces its address
    with silent:
        server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    try:
        yield server
    finally:
        with silent:
            server.stop()


def _title(run: RunRecord) -> str:
    return run.text or f"two hands of {run.robot.title}"


def _words(run: RunRecord) -> str:
    """Title, verdict and legend as HTML that lies over the scene."""
    word = "PASS" if run.report.passed else "NOT PASSED"
    verdicts = ", ".join(
        f"{name}: {verdict.answer}" for name, verdict in run.report.verdicts.items()
    )
    sides = " ".join(
        f'<b style="color: {_css(0.8 * np.array(colour))}">{side}</b>'
        for side, colour in SIDE_COLOURS.items()
    )
    heats = np.linspace(1e-6, 2, 9)
    ramp = ", ".join(_css(heat_colour(np.array(PAD_COLOUR), heat)) for heat in heats)
    stretch = run.trajectory.stretch
    slower = f", {stretch:.2f} times the human's time" if stretch > 1.005 else ""
    return (
        f'<style>{STYLE}</style><div id="handx"><h1>{html.escape(_title(run))}</h1>'
        f"<div><b>{word}</b> ({html.escape(verdicts)})</div>"
        f"<div>{html.escape(run.robot.title)}{slower}</div>"
        f"<div>{sides} &nbsp; gap {1000 * CONTACT_GAP:g} mm"
        f'<span class="heat" style="background: linear-gradient(90deg, {ramp})"></span>'
        f"{FULL_FORCE:g} N</div></div>"
    )


def _css(colour: np.ndarray) -> str:
    red, green, blue = (255 * np.clip(colour, 0, 1)).astype(int)
    return f"rgb({red}, {green}, {blue})"
