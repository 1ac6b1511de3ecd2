"""What may be written to: the embedded cluster and nothing else, until another target is opened on purpose."""

from engine.config import Settings, TargetSettings


class GuardRefused(Exception):
    """A guard said no; nothing was sent. The message is one sentence with the cure. Exit code 4."""


def guard_target(settings: Settings) -> TargetSettings:
    """The target a run may write to, by its settings alone. Raises GuardRefused; asks no server.

    A second look, at the server itself, is `engine.platform.databases.is_ours`.
    """
    name = settings.run.target
    target = settings.targets.get(name)
    if target is None:
        known = ", ".join(sorted(settings.targets)) or "none"
        raise GuardRefused(f"there is no target named {name} in config.toml (known: {known}); use --target embedded")
    if target.kind != "embedded":
        raise GuardRefused(
            f"target {name} is of kind {target.kind}: this version writes to its own embedded Postgres only; "
            "use --target embedded"
        )
    if target.dsn or target.dsn_env or target.base_url or target.base_url_env:
        raise GuardRefused(
            f"target {name} names a database or an address, and that is not the embedded cluster: nothing was sent; "
            "remove dsn and base_url from it, or use --target embedded"
        )
    return target
