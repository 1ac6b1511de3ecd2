"""Variables the booking platform reads, and how each must be written. Pure; no message quotes a value."""

import re
from enum import StrEnum
from typing import NamedTuple

from engine.model.environment import Group
from engine.same_place import HTTP, POSTGRES, PlaceInvalid, place


class Form(StrEnum):
    """How a variable is written."""

    URL = "url"
    DSN = "dsn"
    SECRET = "secret"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    LIST = "list"
    """Whole numbers with commas between."""
    WORD = "word"
    HOST = "host"


class Variable(NamedTuple):
    """A variable the platform reads."""

    name: str
    group: Group
    form: Form
    default: str = ""
    low: int | None = None
    high: int | None = None
    words: tuple[str, ...] = ()
    clamped: bool = False
    """The platform quietly takes the nearest number of the range instead of refusing."""


def _flag(name: str, default: str = "false", form: Form = Form.BOOLEAN) -> Variable:
    return Variable(f"FEATURE_{name}", Group.FLAG, form, default)


def _number(name: str, default: str, low: int, high: int | None, *, clamped: bool = False) -> Variable:
    return Variable(name, Group.FLAG, Form.INTEGER, default, low, high, clamped=clamped)


def _switch(name: str, default: str = "", group: Group = Group.FLAG) -> Variable:
    return Variable(name, group, Form.BOOLEAN, default)


VARIABLES: tuple[Variable, ...] = (
    Variable("NEXT_PUBLIC_SUPABASE_URL", Group.NEEDED, Form.URL),
    Variable("NEXT_PUBLIC_SUPABASE_ANON_KEY", Group.NEEDED, Form.SECRET),
    Variable("SUPABASE_SERVICE_ROLE_KEY", Group.NEEDED, Form.SECRET),
    Variable(
        "APP_ENV", Group.OPTIONAL, Form.WORD, "development", words=("development", "staging", "production", "test")
    ),
    Variable("NODE_ENV", Group.OPTIONAL, Form.WORD, "development", words=("development", "test", "production")),
    Variable("DB_TARGET_ENV", Group.OPTIONAL, Form.WORD, words=("development", "staging", "production", "test")),
    Variable("SUPABASE_DB_URL", Group.OPTIONAL, Form.DSN),
    Variable("BASE_URL", Group.OPTIONAL, Form.URL),
    Variable("BOOKING_API_BASE_URL", Group.OPTIONAL, Form.URL),
    Variable("RESERVE_API_BASE_URL", Group.OPTIONAL, Form.URL, "/api/v1"),
    Variable("RESEND_API_KEY", Group.OPTIONAL, Form.SECRET),
    Variable("NEXT_PUBLIC_PLAUSIBLE_DOMAIN", Group.OPTIONAL, Form.HOST),
    Variable("PRODUCTION_SUPABASE_URL", Group.MARKER, Form.URL),
    Variable("PRODUCTION_SUPABASE_ANON_KEY", Group.MARKER, Form.SECRET),
    Variable("PRODUCTION_SUPABASE_SERVICE_ROLE_KEY", Group.MARKER, Form.SECRET),
    Variable("PRODUCTION_BOOKING_API_BASE_URL", Group.MARKER, Form.URL),
    _switch("ALLOW_PROD_RESOURCES_IN_NONPROD", "false", Group.GUARD),
    _switch("ALLOW_PROD_DB_WIPE", "false", Group.GUARD),
    _switch("DB_SAFETY_DRY_RUN", "false", Group.GUARD),
    _switch("LOAD_TEST_DISABLE_EMAILS", "", Group.GUARD),
    _switch("SUPPRESS_EMAILS", "", Group.GUARD),
    _flag("AUTO_ASSIGN_ON_BOOKING"),
    _number("FEATURE_AUTO_ASSIGN_MAX_RETRIES", "3", 0, 10),
    _flag("AUTO_ASSIGN_RETRY_DELAYS_MS", "5000,15000,45000", Form.LIST),
    _number("FEATURE_AUTO_ASSIGN_START_CUTOFF_MINUTES", "10", 0, 240),
    _flag("AUTO_ASSIGN_RETRY_POLICY_V2"),
    _number("FEATURE_AUTO_ASSIGN_CREATED_EMAIL_DEFER_MINUTES", "5", 0, 120),
    _number("FEATURE_INLINE_AUTO_ASSIGN_TIMEOUT_MS", "12000", 2_000, 20_000, clamped=True),
    _flag("ALLOCATOR_V2_ENABLED", "true"),
    _flag("ALLOCATOR_V2_SHADOW"),
    _flag("ALLOCATOR_V2_FORCE_LEGACY"),
    _flag("ALLOCATOR_SERVICE_FAIL_HARD"),
    _flag("ALLOCATOR_REQUIRE_ADJACENCY", "true"),
    _number("FEATURE_ALLOCATOR_ADJACENCY_MIN_PARTY_SIZE", "", 1, 20),
    Variable(
        "FEATURE_ALLOCATOR_ADJACENCY_MODE",
        Group.FLAG,
        Form.WORD,
        "connected",
        words=("connected", "pairwise", "neighbors"),
    ),
    _number("FEATURE_ALLOCATOR_K_MAX", "3", 1, 5),
    _flag("ALLOCATOR_MERGES_ENABLED", "true outside production"),
    _flag("COMBINATION_PLANNER", "as ALLOCATOR_MERGES_ENABLED"),
    _flag("PLANNER_TIME_PRUNING_ENABLED", "true"),
    _flag("ADJACENCY_QUERY_UNDIRECTED", "true"),
    _flag("SELECTOR_SCORING", "true"),
    _flag("SELECTOR_LOOKAHEAD", "true"),
    _number("FEATURE_SELECTOR_LOOKAHEAD_WINDOW_MINUTES", "120", 5, 480),
    _number("FEATURE_SELECTOR_LOOKAHEAD_PENALTY_WEIGHT", "500", 1, 100_000),
    _number("FEATURE_SELECTOR_LOOKAHEAD_BLOCK_THRESHOLD", "0", 0, 100_000),
    _number("FEATURE_SELECTOR_SCARCITY_WEIGHT", "22", 0, 1_000),
    _number("FEATURE_SELECTOR_MAX_PLANS_PER_SLACK", "50", 1, 500),
    _number("FEATURE_SELECTOR_MAX_COMBINATION_EVALUATIONS", "500", 1, 5_000),
    _number("FEATURE_SELECTOR_ENUMERATION_TIMEOUT_MS", "1000", 50, 10_000),
    _number("FEATURE_CONTEXT_QUERY_PADDING_MINUTES", "60", 0, 240),
    _flag("HOLDS_ENABLED", "true"),
    _flag("HOLDS_STRICT_CONFLICTS_ENABLED"),
    _number("FEATURE_HOLDS_MIN_TTL_SECONDS", "60", 1, 3_600),
    _number("FEATURE_HOLDS_RATE_WINDOW_SECONDS", "60", 5, 3_600),
    _number("FEATURE_HOLDS_RATE_MAX_PER_BOOKING", "5", 1, 100),
    _flag("POLICY_REQUOTE_ENABLED", "true"),
    _flag("BOOKING_VALIDATION_UNIFIED"),
    _flag("BOOKING_PAST_TIME_BLOCKING"),
    _number("BOOKING_PAST_TIME_GRACE_MINUTES", "5", 0, 60),
    _number("FEATURE_MANUAL_ASSIGNMENT_MAX_SLACK", "4", 0, 12),
    _flag("MANUAL_ASSIGNMENT_SESSION_ENABLED"),
    _switch("PLANNER_CACHE_ENABLED", "false"),
    _number("PLANNER_CACHE_TTL_MS", "60000", 1_000, 600_000),
    _switch("DEBUG_CAPACITY_PROFILING", "false"),
    _number("ALLOCATIONS_RETENTION_DAYS", "30", 1, 365),
    _switch("ENABLE_RATE_LIMIT_IN_DEV"),
    Variable("UPSTASH_REDIS_REST_URL", Group.FLAG, Form.URL),
    Variable("UPSTASH_REDIS_REST_TOKEN", Group.FLAG, Form.SECRET),
    _switch("CAPACITY_DISABLE_LOOKAHEAD"),
    _switch("CAPACITY_DISABLE_TIME_PRUNING"),
    _switch("CAPACITY_DEBUG"),
    _switch("CAPACITY_LOG_HOLD_ERRORS"),
    _switch("SCARCITY_DEBUG"),
)
"""Names, defaults and ranges: platform.md 6, and the platform's own schema of its environment."""

_RAW = re.compile("FEATURE_|ALLOW_PROD_RES|DEBUG_CAPACITY_PROFILING|PLANNER_CACHE")
"""Booleans that pass through the platform's schema, which knows `true` and `false` only; others are compared raw."""
_PLACEHOLDER = re.compile(r"<.*>|your[-_ ].*|change-?me|placeholder|todo|x{3,}|\.{3}", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:,[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)*")


def is_on(value: str) -> bool:
    """Whether a switch is on."""
    return value.strip().lower() in ("true", "1", "yes", "on")


def trouble(variable: Variable, value: str) -> str:
    """Why a value is not one, with the cure; empty when it is. Never quotes it: it may be a misplaced secret."""
    if not value.strip():
        return "is empty; give a value, or remove the line"
    if value != value.strip() and variable.form is not Form.SECRET:
        return "has white space around it; remove that"
    match variable.form:
        case Form.URL | Form.DSN:
            return _address_trouble(variable, value)
        case Form.SECRET:
            if re.search(r"\s|[\x00-\x1f\x7f]", value):
                return "has white space in it; copy the key again, in one line"
            return "is a placeholder; give the key itself" if _PLACEHOLDER.fullmatch(value) else ""
        case Form.BOOLEAN:
            known = ("true", "false") if _RAW.match(variable.name) else ("true", "false", "1", "0")
            return "" if value in known else "is neither true nor false in small letters; give one of them"
        case Form.INTEGER:
            return _number_trouble(variable, value)
        case Form.LIST:
            parts = value.split(",")
            if all(part.strip().isascii() and part.strip().isdigit() for part in parts):
                return ""
            return "is no list of whole numbers with commas between; give milliseconds, such as 5000,15000,45000"
        case Form.WORD:
            return "" if value in variable.words else f"is none of {', '.join(variable.words)}; give one of them"
        case Form.HOST:
            return "" if _HOST.fullmatch(value) else "is no host name; give one, without https://"


def shown(variable: Variable, value: str) -> str:
    """What may be seen of a value: secrets never, and nothing that is not understood."""
    if not value.strip():
        return ""
    if variable.form is Form.SECRET:
        return "***"
    if variable.form is Form.INTEGER and re.fullmatch(r"-?[0-9]{1,9}", value):
        return value
    if trouble(variable, value):
        return "***"
    if variable.form in (Form.URL, Form.DSN):
        return "a path" if value.startswith("/") else place(value).shown
    return value


def _address_trouble(variable: Variable, value: str) -> str:
    if variable.name == "RESERVE_API_BASE_URL" and re.fullmatch(r"/[\w/.-]*", value):
        return ""
    try:
        found = place(value)
    except PlaceInvalid as error:
        return str(error)
    wanted = POSTGRES if variable.form is Form.DSN else HTTP
    if found.scheme in wanted:
        if variable.form is Form.DSN and not found.database:
            return "names no database; put its name behind the host: postgresql://user@host/name"
        return ""
    return f"begins with none of {', '.join(f'{one}://' for one in wanted)}; give such an address"


def _number_trouble(variable: Variable, value: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        return "is no whole number; give one"
    number, low, high = int(value), variable.low, variable.high
    if low is not None and number < low:
        nearest, limits = low, _limits(low, high)
    elif high is not None and number > high:
        nearest, limits = high, _limits(low, high)
    else:
        return ""
    cure = f"the platform clamps it to {nearest:,}; " if variable.clamped else ""
    return f"is outside {limits}; {cure}give a number of that range"


def _limits(low: int | None, high: int | None) -> str:
    return f"{low:,} to {high:,}" if high is not None else f"{low:,} and above"
