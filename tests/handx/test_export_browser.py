"""The exported page in a real browser: `make test-browser`; skipped where there is none."""

import io

import numpy as np
import pytest
from PIL import Image

from handx.export.html import write_html
from handx.export.run_folder import load_run
from tests.handx import browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.find() is None, reason="no Chromium: make test-browser"),
]


def coloured(picture: bytes) -> np.ndarray:
    """Where the screenshot has the hands' strong colours, below the words."""
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), float)
    strong = np.ptp(image, axis=-1) > 60
    strong[:190] = False  # title and the browser's own notes
    return strong


def test_the_page_plays_without_a_network(finished, tmp_path) -> None:
    page = write_html(load_run(finished.folder), tmp_path / "player.html")
    duration = float(load_run(finished.folder).rollout.time[-1])
    with browser.opened(browser.find(), page.as_uri(), tmp_path / "profile") as tab:
        slider = "document.querySelector('[role=slider]')"
        now = f"parseFloat({slider}.getAttribute('aria-valuenow'))"
        tab.wait(f"{slider} !== null")
        end = tab.run(f"parseFloat({slider}.getAttribute('aria-valuemax'))")
        assert end == pytest.approx(duration, abs=0.06)
        tab.wait(f"{now} > 0.3 && {now} < 1.0")
        first = coloured(tab.screenshot())
        tab.wait(f"{now} > 1.6")
        second = coloured(tab.screenshot())
        words = tab.run("document.getElementById('handx').innerText")
        # Hands are there, and they have moved.
        assert min(first.sum(), second.sum()) > 1000
        assert (first ^ second).sum() > 300
        assert "make a fist with the left hand" in words
        assert "PASS" in words
        assert tab.errors == []
        fetched = [url for url in tab.requests if not url.startswith("data:")]
        assert fetched == [page.as_uri()]
