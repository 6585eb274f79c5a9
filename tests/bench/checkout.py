"""How soon somebody who presses the button can type, and how much they have to load for it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import median
from typing import Any

from tests.bench.report import Figure, Scale
from tests.bench.stage import ROOT, BenchBroke, Stage, free_port

ROOM = ROOT / "checkout_widget"
FRAME = ROOM / "static" / "checkout"
SDK = FRAME / "v1" / "movmo.js"
WRAPPER = ROOM / "sdk" / "button" / "dist" / "react.js"
LOADED = (".js", ".css")


def measure(stage: Stage, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    """Raises BenchBroke. Sizes are of the files themselves, as a server in front would send them."""
    seen = _clicks(stage, scale, say)
    files = [path for path in FRAME.rglob("*") if path.suffix in LOADED and FRAME / "v1" not in path.parents]
    pages = [str(page).encode() for page in seen["pages"]]
    frame = _kilobytes([path.read_bytes() for path in files] + pages)
    clicks = [{name: float(at) for name, at in click.items()} for click in seen["clicks"]]
    typable = sorted(click["typable"] for click in clicks)
    if not WRAPPER.exists():
        say("the React wrapper is not built here: npm ci && npm run build in checkout_widget/sdk")
    say(f"clicks {', '.join(f'{one:.0f}' for one in typable)} ms")
    medians = {name: median(click[name] for click in clicks) for name in clicks[0]}
    say(f"ms after the click: {', '.join(f'{name} {at:.0f}' for name, at in medians.items())}")
    return [
        Figure("click → the frame can be typed into", "the clock", median(typable), at_most=150, unit=" ms"),
        Figure("the button's script, gzipped", "", _kilobytes([SDK.read_bytes()]), at_most=4, unit=" kB"),
        *_wrapper(),
        Figure("the frame, all in, gzipped", "", frame, at_most=35, unit=" kB"),
    ]


def _wrapper() -> list[Figure]:
    """It is published, not served: where the package was not built there is none."""
    built = [WRAPPER.read_bytes()] if WRAPPER.exists() else []
    return [Figure("its React wrapper, gzipped", "", _kilobytes([one]), at_most=0.5, unit=" kB") for one in built]


def _clicks(stage: Stage, scale: Scale, say: Callable[[str], None]) -> dict[str, list[Any]]:
    key = stage.step("tests.bench.checkout_cast")
    shop = replace(stage, environment={**stage.environment, "MOVMO_SHOP_KEY": key})
    with shop.server("movmo.asgi:application", free_port()) as server:
        server.wait_until_ready()
        found: dict[str, list[Any]] | None = shop.step("tests.bench.checkout_clicks", server.port, scale.clicks)
    if found is None:
        raise BenchBroke("no Chromium on PATH")
    return found


def _kilobytes(parts: Iterable[bytes]) -> float:
    """Each packed by itself, as each travels by itself."""
    return sum(len(gzip.compress(part, 9, mtime=0)) for part in parts) / 1_000
