"""Which way a booking made through the API came to its end; the platform's own status names."""

from enum import StrEnum


class Path(StrEnum):
    """The platform's flow script knows these eight (`confirmed_inline_api` … `failed_unknown`)."""

    CONFIRMED_INLINE_API = "confirmed_inline_api"
    """Confirmed in the answer itself."""
    CONFIRMED_INLINE_POLL = "confirmed_inline_poll"
    """Confirmed while the inline window was open, and seen by asking."""
    CONFIRMED_BACKGROUND = "confirmed_background"
    """Confirmed after the inline window, by the background job."""
    FAILED_INLINE_TERMINAL = "failed_inline_terminal"
    FAILED_INLINE_TIMEOUT = "failed_inline_timeout"
    FAILED_BACKGROUND_TERMINAL = "failed_background_terminal"
    FAILED_BACKGROUND_TIMEOUT = "failed_background_timeout"
    FAILED_UNKNOWN = "failed_unknown"

    @property
    def is_confirmed(self) -> bool:
        """Whether the booking was confirmed on it."""
        return self.value.startswith("confirmed")

    @property
    def label(self) -> str:
        """The word on a screen."""
        return self.value.replace("_", " ")
