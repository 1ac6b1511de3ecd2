"""Figures of a benchmark: one a line, `name value unit n`, with the budget beside it where there is one."""

import json
from typing import NamedTuple

BUDGETS: dict[str, float] = {
    "console_bytes_120x40_w64": 24.0,
    "console_bytes_80x24_w64": 12.0,
    "console_bytes_ansi_120x40_w64": 18.0,
    "console_bytes_idle": 1000.0,
    "console_cpu_120x40_w64": 5.0,
    "key_to_screen_p95": 50.0,
    "key_to_screen_16k_p95": 1000.0,
    "stalled_reader_gap_max": 100.0,
    "attach_full_state_p95": 1000.0,
    "console_p99_ratio": 1.5,
    "look_tick_100_backends_p95": 10.0,
    "record_bytes_10min": 2.0,
    "replay_seek_p95": 100.0,
    "quote_p99_200": 1.0,
    "start_help": 150.0,
    "start_first_fill": 1500.0,
    "growth_rss_difference": 10.0,
    "growth_rss_difference_postgres": 10.0,
    "sampler_cpu_share_w8": 1.0,
    "sampler_cpu_share_w64": 1.0,
    "sampler_server_share_w8": 1.0,
    "sampler_server_share_w64": 1.0,
    "waits_sampler_cpu_share_w8": 1.0,
    "waits_sampler_cpu_share_w64": 1.0,
    "waits_sampler_server_share_w8": 1.0,
    "waits_sampler_server_share_w64": 1.0,
}
"""What a figure may be at most, in its unit. Printed, never asserted: how fast a machine is proves no fault."""
LEAST: dict[str, tuple[float, float]] = {f"pgbench_ratio_c{clients}": (0.9, 0.75) for clients in (1, 4, 8, 15, 32)}
"""What a figure should be at least, and its floor."""


class Figure(NamedTuple):
    """One figure, and from how many measurements it comes."""

    name: str
    value: float
    unit: str
    n: int

    def line(self) -> str:
        """As it is printed."""
        if self.name in LEAST:
            goal, floor = LEAST[self.name]
            met = "ok" if self.value >= goal else "under its goal" if self.value >= floor else "under its floor"
            return f"{self.name} {self.value:.4g} {self.unit} {self.n}  goal {goal:g} floor {floor:g} {met}"
        budget = BUDGETS.get(self.name)
        judged = "" if budget is None else f"  budget {budget:g} {'ok' if self.value <= budget else 'over'}"
        return f"{self.name} {self.value:.4g} {self.unit} {self.n}{judged}"


def as_json(figures: list[Figure]) -> str:
    """All of them as one document, by name."""
    told = {
        one.name: {"value": round(one.value, 4), "unit": one.unit, "n": one.n, "budget": BUDGETS.get(one.name)}
        for one in figures
    }
    return json.dumps(told)


def share(values: list[float], wanted: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * wanted))]
