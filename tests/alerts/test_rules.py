"""Rules: what config.toml may say, and what of it is told as one sentence."""

from pathlib import Path

import pytest

from engine.alert_rules import DEFAULTS, check_telling, rules_of
from engine.config import AlertSettings, ObservabilitySettings, Settings, SettingsInvalid, WebhookSettings
from engine.metrics.alert_values import VALUES
from engine.model.alert import AlertRule, Severity
from engine.settings_files import shipped_config
from engine.settings_sources import load

ROOT = Path(__file__).parents[2]


def test_the_shipped_config_says_every_rule_at_its_default() -> None:
    shipped = load(config=str(shipped_config()), preset=None, options=(), cwd=Path("/"), environ={}).settings
    assert list(shipped.alerts) == list(DEFAULTS)
    assert rules_of(shipped) == rules_of(Settings())


def test_every_default_rule_goes_by_a_value_there_is_and_its_bound_is_no_accident() -> None:
    for rule in rules_of(Settings()):
        assert rule.value in VALUES
        assert rule.says == DEFAULTS[rule.name].when


def test_what_a_rule_leaves_out_keeps_the_default_of_its_name() -> None:
    given = Settings(alerts={"hold-conflicts": AlertSettings(for_s=7.0)})
    (one,) = [rule for rule in rules_of(given) if rule.name == "hold-conflicts"]
    assert (one.says, one.window_s, one.for_s) == ("hold_conflict_rate > 1", 300.0, 7.0)


def test_a_rule_of_ones_own_stands_beside_ours_and_one_that_is_off_is_none() -> None:
    own = AlertSettings(when="slowest_ms.commit >= 250", severity="info")
    made = rules_of(Settings(alerts={"slow-commit": own, "deadlocks": AlertSettings(on=False)}))
    assert "deadlocks" not in [rule.name for rule in made]
    last = made[-1]
    assert (last.name, last.value, last.step, last.sign, last.bound) == (
        "slow-commit",
        "slowest_ms",
        "commit",
        ">=",
        250,
    )
    assert (last.severity, last.window_s, last.clear_s) == (Severity.INFO, 300.0, 10.0)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("x", AlertSettings(), "it does not say when"),
        ("x", AlertSettings(when="hold_conflicts 10"), "is no VALUE > NUMBER"),
        ("x", AlertSettings(when="hold_conflict > 10"), "did you mean hold_conflicts?"),
        ("x", AlertSettings(when="p95_ms > 10"), "write p95_ms.STEP with one of submit, quote"),
        ("x", AlertSettings(when="p95_ms.sleep > 10"), "write p95_ms.STEP"),
        ("x", AlertSettings(when="backlog.hold > 10"), "leave .hold out"),
        ("x", AlertSettings(when="backlog > 1.2.3"), "is no number"),
        ("x", AlertSettings(when="backlog > 1", window_s=0.0), "window_s = 0 is no length"),
        ("x", AlertSettings(when="backlog > 1", for_s=-1.0), "for_s = -1 is no length"),
        ("x", AlertSettings(when="backlog > 1", severity="bad"), "give info, warning, error, critical"),
        ("X y", AlertSettings(when="backlog > 1"), "small letters"),
    ],
)
def test_a_rule_that_cannot_be_used_is_told_in_one_sentence(name: str, given: AlertSettings, says: str) -> None:
    with pytest.raises(SettingsInvalid) as told:
        rules_of(Settings(alerts={name: given}))
    assert says in str(told.value)
    assert str(told.value).startswith(f"alerts.{name}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(webhook=WebhookSettings(url_env="https://hooks.example/T0/x")), "the name of a variable"),
        (Settings(webhook=WebhookSettings(key_env="KEY")), "names no address"),
        (Settings(webhook=WebhookSettings(least="loud")), "webhook.least = loud"),
        (Settings(webhook=WebhookSettings(tries=0)), "webhook.tries = 0"),
        (Settings(webhook=WebhookSettings(timeout_s=0)), "webhook.timeout_s = 0"),
        (Settings(webhook=WebhookSettings(queue=0)), "webhook.queue = 0"),
        (Settings(webhook=WebhookSettings(last_s=99)), "webhook.last_s = 99"),
        (Settings(observability=ObservabilitySettings(metrics_port=70_000)), "metrics-port = 70000"),
        (Settings(observability=ObservabilitySettings(events_queue=0)), "events_queue = 0"),
    ],
)
def test_a_webhook_or_port_that_cannot_be_used_is_told_in_one_sentence(settings: Settings, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says):
        check_telling(settings)


def test_a_value_is_past_its_bound_as_the_sign_says() -> None:
    def past(sign: str, value: float) -> bool:
        return AlertRule("x", "backlog", "", sign, 3.0, 1, 0, 0, 0, Severity.INFO).is_past(value)

    assert [past(sign, 3.0) for sign in ("<", "<=", ">", ">=")] == [False, True, False, True]
    assert [past(sign, 4.0) for sign in ("<", "<=", ">", ">=")] == [False, False, True, True]
