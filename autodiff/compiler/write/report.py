"""What a compilation did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Report:
    """Prints as a few lines; `versions` has the numbers, one dictionary per shapes of rows."""

    name: str
    versions: list[dict[str, Any]]

    def __str__(self) -> str:
        if not self.versions:
            return f"{self.name}: not compiled yet"
        lines = []
        for v in self.versions:
            shapes = ", ".join(str(s) for s in v["shapes"])
            times = v["milliseconds"]
            parts = ", ".join(f"{what} {t:.1f}" for what, t in times.items())
            lines += [
                f"{self.name} for rows of shape {shapes}, backend {v['backend']}",
                f"  {v['gates']} gates of one example -> {v['forward']} array operations forward, "
                f"{v['backward']} backward",
                f"  compiled in {sum(times.values()):.1f} ms ({parts})",
                f"  equal to the eager engine on rows {', '.join(map(str, v['checked rows']))}",
            ]
            lines += [f"  not rolled: {what}" for what in v["unrolled"]]
        return "\n".join(lines)

    __repr__ = __str__
