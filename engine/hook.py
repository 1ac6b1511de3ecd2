"""Where alerts go by the settings, and what is sent there. The sender itself, with its HTTP, is `engine.webhook`."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from engine.config import SettingsInvalid, WebhookSettings
from engine.local_only import is_loopback
from engine.model.alert import SendingFace, Severity
from engine.redact import know


class Hook(msgspec.Struct, frozen=True):
    """Where alerts go."""

    base_url: str
    path: str
    """With its query: of most webhooks the secret."""
    key: bytes
    """Empty for no signature."""
    terms: WebhookSettings


class Message(msgspec.Struct, frozen=True):
    """One alert, raised or over."""

    delivery: str
    severity: Severity
    head: str
    """`hold-conflicts: 31 where hold_conflicts > 10 in 5 min`."""
    about: str
    """Which run, and when."""
    resolved: bool = False


class Sender(Protocol):
    """Whoever takes messages at once and sends them in its own time."""

    @property
    def face(self) -> SendingFace:
        """How it stands."""
        ...

    def offer(self, message: Message) -> None:
        """Take a message; never waits."""
        ...

    async def run(self) -> None:
        """Send until cancelled."""
        ...

    async def finish(self) -> None:
        """Send what waits, for as long as the settings give it."""
        ...


def hook_of(terms: WebhookSettings, variables: Mapping[str, str]) -> Hook | None:
    """The webhook, its secrets known to the masker from now on; None where none is set. Raises SettingsInvalid."""
    if not terms.url_env:
        return None
    url = variables.get(terms.url_env, "").strip()
    if not url:
        raise SettingsInvalid(f"webhook.url_env = {terms.url_env}: there is no such variable; set it to the URL")
    key = variables.get(terms.key_env, "") if terms.key_env else ""
    if terms.key_env and not key:
        raise SettingsInvalid(f"webhook.key_env = {terms.key_env}: there is no such variable; set it to the key")
    where = f"the webhook in {terms.url_env}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        # Refused now, and not when the first alert is to be sent: a part between dots may be empty or too long.
        host.encode("idna")
    except ValueError as error:
        raise SettingsInvalid(f"{where} is no URL; give one like https://HOST/PATH") from error
    if not url.isprintable():
        raise SettingsInvalid(f"{where} has signs in it that no URL has; give one like https://HOST/PATH")
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise SettingsInvalid(f"{where} is no address it can be sent to; give https://HOST/PATH, without a name in it")
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingsInvalid(f"{where} would be sent unencrypted to {host}; give an https URL, or one of this machine")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    know(None, {"WEBHOOK_SECRET": url, "WEBHOOK_TOKEN": path, "WEBHOOK_KEY": key})
    shown = f"[{host}]" if ":" in host else host
    return Hook(f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}", path, key.encode(), terms)
