"""What the page of a long answer costs: bytes, time to the first picture, frames while panning.

    python -m benchmarks.page --output benchmarks/results/page.json

A made-up depth map of 64 layers and 4,000 tokens, opened from disk in headless Chromium. Times are
the browser's own: first contentful paint, and the page's mark when its map is on the canvas, both
from the start of the navigation. Panning scrolls the map by a fixed step in every animation frame
and takes the time from each frame to the next; a frame is late where that is more than 1.5 periods
of 60 Hz. Other work on the machine makes frames late; the processor time that the page's main
thread takes for a frame tells what the page itself needs.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bathyscope as bs
from benchmarks.ratios import machine
from benchmarks.report import write
from tests.page.hand_made import long_depth

PERIOD = 1000 / 60  # ms
_MEASURED = """() => ({
  contentful: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
  map: performance.getEntriesByName("map painted")[0]?.startTime,
  shift: window.shift,
})"""
_WATCHED = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) window.shift += value;
}).observe({ type: "layout-shift", buffered: true });
"""
_PANNED = """([frames, step]) => new Promise((resolve) => {
  const window_ = document.querySelector(".window");
  const times = [];
  const pan = (now) => {
    times.push(now);
    window_.scrollLeft += step;
    if (times.length <= frames) requestAnimationFrame(pan);
    else resolve(times.slice(1).map((time, i) => time - times[i]));
  };
  requestAnimationFrame(pan);
})"""


@dataclass(frozen=True)
class Measure:
    """One number and what it should be.

    Attributes:
        name: What is measured.
        unit: Its unit.
        value: Median over the repetitions.
        worst: The worst of them.
        goal: The most that the median should be.
    """

    name: str
    unit: str
    value: float
    worst: float
    goal: float

    @property
    def verdict(self) -> str:
        """Whether the goal is met, in a word."""
        return "met" if self.value <= self.goal else "MISSED"


def measures(browser: Any, path: Path, repetitions: int, frames: int) -> list[Measure]:
    """Open a page several times and pan its map."""
    first: list[dict[str, float]] = []
    late: list[float] = []
    period: list[float] = []
    busy: list[float] = []
    for _ in range(repetitions):
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        inside = context.new_cdp_session(page)
        inside.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.add_init_script(_WATCHED)
        page.goto(path.as_uri())
        page.wait_for_timeout(1500)
        first.append(page.evaluate(_MEASURED))
        before = _busy(inside)
        intervals = page.evaluate(_PANNED, [frames, 37])
        busy.append((_busy(inside) - before) / len(intervals))
        period.append(statistics.median(intervals))
        late.append(sum(interval > 1.5 * PERIOD for interval in intervals) / len(intervals))
        context.close()
    size = path.stat().st_size
    return [
        Measure("file", "MB", size / 1e6, size / 1e6, 1.5),
        _of("first contentful paint", "ms", [each["contentful"] for each in first], 300),
        _of("map on the canvas", "ms", [each["map"] for each in first], 300),
        _of("layout shift", "", [each["shift"] for each in first], 0),
        _of("time from frame to frame while panning", "ms", period, 1.02 * PERIOD),
        _of("share of late frames while panning", "", late, 0.01),
        _of("processor time of the main thread for a frame", "ms", busy, PERIOD),
    ]


def _busy(inside: Any) -> float:
    """Return the processor time that the page's main thread has taken so far, in ms."""
    metrics = inside.send("Performance.getMetrics")["metrics"]
    return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def _of(name: str, unit: str, values: list[float], goal: float) -> Measure:
    return Measure(name, unit, statistics.median(values), max(values), goal)


def main() -> None:
    """Measure, print and write."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    chromium = os.environ.get("BATHYSCOPE_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "page.html"
        bs.view(long_depth(), path)
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=arguments)
        version = browser.version
        measured = measures(browser, path, options.repetitions, options.frames)
        browser.close()
    for each in measured:
        print(
            f"{each.verdict:>7}  {each.value:.3f} {each.unit} (worst {each.worst:.3f}, goal "
            f"{each.goal:.3f})  {each.name}"
        )
    if options.output:
        report = {
            **machine(["bathyscope", "playwright"]),
            "chromium": version,
            "map": "64 layers x 4,000 tokens",
            "measures": [asdict(each) | {"verdict": each.verdict} for each in measured],
        }
        write(options.output, report)


if __name__ == "__main__":
    main()
