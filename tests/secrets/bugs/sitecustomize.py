"""Put before everything else into a process under test: a bug whose exception holds secrets, or no masking at all.

Python imports a module of this name when it starts. The tests put its folder on PYTHONPATH.
"""

import os

if os.environ.get("SENTINEL_UNMASKED"):
    from engine import redact

    redact._masked_once = lambda text: text
    redact.stand_in = lambda key: ""  # type: ignore[attr-defined, assignment]
    redact.without_row = lambda detail, sqlstate: detail  # type: ignore[attr-defined]

text = os.environ.get("SENTINEL_BUG", "")
if text:
    from engine.metrics.tally import Tally
    from engine.model.event import AttemptEnded, Event

    _apply = Tally.apply

    def apply(self: Tally, event: Event) -> None:
        """As before, until an attempt ends."""
        _apply(self, event)
        if isinstance(event, AttemptEnded):
            try:
                int(text)
            except ValueError as error:
                raise RuntimeError(f"could not go on with\n{text}") from error

    Tally.apply = apply  # type: ignore[method-assign]
