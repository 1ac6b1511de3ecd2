"""`slotfill config show`: every setting with where it came from, targets and alert rules too."""

from tests.shell import Shell

THEIRS = """
[targets.prod]
kind = "postgres"
dsn = "postgresql://me:hidden@db.example.com/x"
restaurants = ["a", "b"]

[alerts.hold-conflicts]
on = false

[alerts.mine]
when = "lost_bookings > 5"
"""


def test_targets_and_alert_rules_are_shown_with_where_each_value_came_from(shell: Shell) -> None:
    (shell.home / "config.toml").write_text(THEIRS)
    shown = shell.do("config", "show", "--json", "--set", "alerts.backlog.when=backlog > 3").json()
    assert shown["targets.embedded.kind"] == {"value": "embedded", "from": "default"}
    assert shown["targets.prod.dsn"] == {"value": "postgresql://me:***@db.example.com/x", "from": "config.toml"}
    assert shown["targets.prod.restaurants"]["value"] == "a,b"
    assert shown["alerts.hold-conflicts.on"] == {"value": "false", "from": "config.toml"}
    assert shown["alerts.hold-conflicts.when"] == {"value": "hold_conflict_rate > 1", "from": "default"}
    assert shown["alerts.mine.clear_s"] == {"value": "10.0", "from": "default"}
    assert shown["alerts.backlog.when"] == {"value": "backlog > 3", "from": "option alerts.backlog.when"}

    done = shell.do("config", "show")
    assert "hidden" not in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["targets.prod.kind", "postgres", "config.toml"] in lines
    assert ["alerts.overbooking.severity", "critical", "default"] in lines
    # As in any other target, and in any other rule.
    assert not any(line[0] in ("targets.prod.minutes", "alerts.overbooking.clear_s") for line in lines)


def test_a_rule_is_changed_for_one_command_and_a_target_is_not(shell: Shell) -> None:
    for option, said in (
        ("alerts.backlog.for_s=x", "alerts.backlog.for_s = x does not do: give a number"),
        ("alerts.backlog=1", "give alerts.RULE.FIELD with one of when, window_s, for_s"),
        ("targets.prod.allow_remote=true", "a target is written in config.toml, as a table [targets.NAME]"),
        ("run.concurency=3", "there is no setting run.concurency; did you mean run.concurrency?"),
    ):
        done = shell.do("config", "show", "--set", option)
        assert (done.code, done.out) == (2, "")
        assert said in done.err


def test_settings_that_make_no_run_are_shown_and_it_is_said_why_they_make_none(shell: Shell) -> None:
    done = shell.do("config", "show", "--set", "concurrency=0")
    assert done.code == 0
    assert ["run.concurrency", "0", "option", "concurrency"] in [line.split() for line in done.out.splitlines()]
    assert "no run begins with these: concurrency = 0 starts nobody; give 1 to 256" in done.err
