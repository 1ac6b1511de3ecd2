"""Which alert rules there are: our defaults, with what the settings lay over them, checked."""

import difflib
import re
from collections.abc import Mapping

from engine.config import AlertSettings, Settings, SettingsInvalid, WebhookSettings
from engine.metrics.alert_values import VALUES
from engine.model.alert import AlertRule, Severity
from engine.model.step import Step

DEFAULTS: dict[str, AlertSettings] = {
    # What must never be.
    "lost-bookings": AlertSettings(when="lost_bookings > 0", severity="critical"),
    "overbooking": AlertSettings(when="overbooked > 0", severity="critical"),
    "server-gone": AlertSettings(when="look_age_s > 5", for_s=3.0, severity="critical"),
    # The platform's own thresholds (its config/observability/alerts.json and its notes for operators).
    "success-rate": AlertSettings(when="success_rate_with_room < 0.9", window_s=900.0, least=20),
    # Theirs are more than 10 conflicts in five minutes, and in each minute of two. A run makes in seconds what they
    # have in a day, and is there to make conflicts: as a share they mean the same at every pace.
    "hold-conflicts": AlertSettings(when="hold_conflict_rate > 1", window_s=300.0, least=20),
    "conflict-storm": AlertSettings(
        when="hold_conflict_rate > 2", window_s=60.0, for_s=120.0, least=20, severity="error"
    ),
    "attempt-errors": AlertSettings(when="attempt_errors > 5", window_s=900.0, severity="error"),
    # Theirs is 3 %: people confirm one at a time, and workers that meet at a table are refused by the half dozen.
    "confirm-errors": AlertSettings(when="refused_rate.confirm >= 0.1", window_s=600.0, least=200),
    "blocked": AlertSettings(when="blocked > 50", for_s=180.0, severity="error"),
    "stale-holds": AlertSettings(when="stale_holds > 25", for_s=300.0),
    "untold": AlertSettings(when="untold > 5", window_s=300.0),
    # Ours.
    "retries-exhausted": AlertSettings(when="retries_exhausted > 0", window_s=900.0, severity="error"),
    "unknown": AlertSettings(when="unknown > 0", window_s=900.0, severity="error"),
    "deadlocks": AlertSettings(when="deadlocks > 0", window_s=60.0),
    "backlog": AlertSettings(when="backlog > 50", for_s=60.0),
    "slow-hold": AlertSettings(when="p95_ms.hold > 500", for_s=10.0, least=20),
    "slow-confirm": AlertSettings(when="p95_ms.confirm > 500", for_s=10.0, least=20),
    "connections": AlertSettings(when="connections_share > 0.9", for_s=30.0),
    # Lag is told of the last ten seconds: a start, or one hiccup, is past its bound for as long and is no trouble.
    "loop-late": AlertSettings(when="lag_p99_ms > 25", for_s=20.0),
}
"""Rules by name; documented, line by line, in config.toml."""
USUAL = AlertSettings(window_s=300.0, for_s=0.0, clear_s=10.0, least=0, severity="warning", on=True)
"""Of every rule that does not say otherwise."""
_WHEN = re.compile(r"\s*([a-z0-9_]+)(?:\.([a-z_]+))?\s*(<=|>=|<|>)\s*(-?[0-9.]+(?:e-?[0-9]+)?)\s*", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LONGEST_S = 86_400.0


def rules_of(settings: Settings) -> tuple[AlertRule, ...]:
    """The rules that are on, our own first. Raises SettingsInvalid with one sentence."""
    found = []
    for name, laid in laid_over(settings).items():
        if _NAME.fullmatch(name) is None:
            raise SettingsInvalid(f"alerts.{name}: a rule's name has small letters, digits, - and _, 40 at most")
        if laid.on:
            found.append(_rule(name, laid))
    return tuple(found)


def laid_over(settings: Settings) -> dict[str, AlertSettings]:
    """Every rule by name, our own first, those that are off too: what is given, over its default, over the usual."""
    found = {}
    for name in (*DEFAULTS, *(name for name in settings.alerts if name not in DEFAULTS)):
        layers = (settings.alerts.get(name, AlertSettings()), DEFAULTS.get(name, AlertSettings()), USUAL)
        fields = {
            field: next((value for one in layers if (value := getattr(one, field)) is not None), None)
            for field in AlertSettings.__struct_fields__
        }
        found[name] = AlertSettings(**fields)
    return found


def _rule(name: str, laid: AlertSettings) -> AlertRule:
    when = laid.when
    if when is None:
        raise SettingsInvalid(f'alerts.{name}: it does not say when; give when = "hold_conflicts > 10" or the like')
    value, step, sign, bound = _read(name, when)
    lengths = {field: float(getattr(laid, field)) for field in ("window_s", "for_s", "clear_s")}
    for field, seconds in lengths.items():
        least = 1.0 if field == "window_s" else 0.0
        if not least <= seconds <= _LONGEST_S:
            raise SettingsInvalid(f"alerts.{name}: {field} = {seconds:g} is no length; give {least:g} to 86400 seconds")
    return AlertRule(
        name=name,
        value=value,
        step=step,
        sign=sign,
        bound=bound,
        least=max(0, laid.least or 0),
        severity=severity_of(f"alerts.{name}.severity", str(laid.severity)),
        **lengths,
    )


def _read(name: str, when: str) -> tuple[str, str, str, float]:
    read = _WHEN.fullmatch(when)
    if read is None:
        raise SettingsInvalid(f'alerts.{name}: when = "{when}" is no VALUE > NUMBER; such as "hold_conflicts > 10"')
    value, step, sign = read[1], read[2] or "", read[3]
    known = VALUES.get(value)
    if known is None:
        raise SettingsInvalid(f"alerts.{name}: there is no value {value}; {_nearest(value, VALUES)}")
    if known.by_step and step not in [one.value for one in Step]:
        steps = ", ".join(one.value for one in Step)
        raise SettingsInvalid(f"alerts.{name}: {value} is of one step; write {value}.STEP with one of {steps}")
    if step and not known.by_step:
        raise SettingsInvalid(f"alerts.{name}: {value} is of no step; leave .{step} out")
    try:
        return value, step, sign, float(read[4])
    except ValueError as error:
        raise SettingsInvalid(f'alerts.{name}: {read[4]} in "{when}" is no number') from error


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def severity_of(where: str, word: str) -> Severity:
    """The severity of that word. Raises SettingsInvalid."""
    try:
        return Severity(word)
    except ValueError as error:
        raise SettingsInvalid(f"{where} = {word}: give {', '.join(Severity)}") from error


def check_telling(settings: Settings) -> None:
    """Whether rules, webhook and endpoint can be used, as far as settings alone can tell. Raises SettingsInvalid."""
    rules_of(settings)
    told = settings.observability
    if not 0 <= told.metrics_port <= 65_535:
        raise SettingsInvalid(f"metrics-port = {told.metrics_port} is no port; give 1 to 65535, or 0 for none")
    if not 1 <= told.events_queue <= 1_000_000:
        raise SettingsInvalid(f"events_queue = {told.events_queue} holds nothing to write; give 1 to 1000000")
    _check_webhook(settings.webhook)


def _check_webhook(hook: WebhookSettings) -> None:
    severity_of("webhook.least", hook.least)
    for name in (hook.url_env, hook.key_env):
        if "://" in name:
            raise SettingsInvalid("webhook.url_env is the name of a variable, and not the URL, which is a secret")
    if hook.key_env and not hook.url_env:
        raise SettingsInvalid(f"webhook.key_env = {hook.key_env} signs nothing: webhook.url_env names no address")
    if not 0 < hook.timeout_s <= 60:
        raise SettingsInvalid(f"webhook.timeout_s = {hook.timeout_s:g} is no wait; give seconds above 0, 60 at most")
    if not 1 <= hook.tries <= 20:
        raise SettingsInvalid(f"webhook.tries = {hook.tries} sends nothing; give 1 to 20")
    if not 1 <= hook.queue <= 10_000:
        raise SettingsInvalid(f"webhook.queue = {hook.queue} holds nothing to send; give 1 to 10000")
    if not 0 <= hook.last_s <= 60:
        raise SettingsInvalid(f"webhook.last_s = {hook.last_s:g} is no length; give 0 to 60 seconds")
