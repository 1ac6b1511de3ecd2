"""What in an environment should not be: production's own, ways round its guards, mail, secrets for everybody to see."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import msgspec

from engine.config import Settings
from engine.environment import Environment, productions
from engine.model.environment import Danger, Group, Standing, VariableFound
from engine.redact import mask
from engine.same_place import PlaceInvalid, claims, place
from engine.variables import VARIABLES, Form, Variable, is_on, shown, trouble

SILENT = ("LOAD_TEST_DISABLE_EMAILS", "SUPPRESS_EMAILS")
"""Either of them keeps a load run from sending mail."""
PUBLIC = "NEXT_PUBLIC_"
"""What the platform's build writes into pages for everybody."""
SECRETS = ("SUPABASE_SERVICE_ROLE_KEY", "PRODUCTION_SUPABASE_SERVICE_ROLE_KEY")
_KNOWN = {one.name: one for one in VARIABLES}
_SECRET_NAME = re.compile("SERVICE_ROLE|SECRET|PASSWORD|PRIVATE|TOKEN|PEPPER")
_SECRET_VALUE = re.compile(r"sb_secret_|sk_live_|sk_test_|sbp_|re_\w{8}|ghp_")
_COMBINATIONS = (
    (
        ("FEATURE_HOLDS_ENABLED", True),
        ("FEATURE_HOLDS_STRICT_CONFLICTS_ENABLED", False),
        "holds are on and strict conflicts off: only the exclusion constraint keeps two holds apart",
    ),
    (
        ("FEATURE_ALLOCATOR_MERGES_ENABLED", True),
        ("FEATURE_ALLOCATOR_REQUIRE_ADJACENCY", False),
        "merges are on and adjacency is off: tables that do not touch are put together",
    ),
)


def dangers(environment: Environment, settings: Settings, *, dsn: str, base_url: str) -> tuple[Danger, ...]:
    """Every danger. `dsn` and `base_url` are those of the target, empty where it has none. Quotes no value."""
    values = environment.values
    found = [
        Danger(names, f"{reason}; give values of another stage", is_production=True)
        for names, reason in productions(values, dsn=dsn, base_url=base_url)
    ]
    found += [
        Danger((name,), f"{name} lets production be touched; remove it", is_production=True)
        for name in sorted(values)
        if name.startswith("ALLOW_PROD_") and values[name].strip().lower() not in ("", "false", "0", "no", "off")
    ]
    return (*found, *_mail(values, base_url), *_in_public(values), *_combinations(values))


def variables_found(
    environment: Environment, listed: tuple[Danger, ...], used: Mapping[str, Form]
) -> Iterator[VariableFound]:
    """Every variable of the platform's, those that `used` names for the target, and others that are dangerous."""
    values = environment.values
    strange = sorted(
        name
        for name in {*used, *(name for danger in listed for name in danger.names), *values}
        if name not in _KNOWN and (name in used or _is_listed(name, listed))
    )
    for one in (*VARIABLES, *(Variable(name, Group.OTHER, used.get(name, Form.SECRET)) for name in strange)):
        reasons = tuple(danger.reason for danger in listed if one.name in danger.names)
        if one.name not in values:
            standing = Standing.DANGEROUS if reasons else Standing.MISSING
            yield VariableFound(
                one.name, one.group, standing, one.form, default=one.default, is_usable=False, reasons=reasons
            )
            continue
        value = values[one.name]
        wrong = "" if one.name.startswith("FEATURE_") and one.group is Group.OTHER else trouble(one, value)
        standing = Standing.DANGEROUS if reasons else Standing.MALFORMED if wrong else Standing.SET
        if one.group is Group.OTHER and not reasons and one.name not in used:
            reasons = ("is no flag that is known here; see that its name is right",)
        yield VariableFound(
            name=one.name,
            group=one.group,
            standing=standing,
            form=one.form,
            origin=environment.origins[one.name],
            shown=mask(shown(one, value)),
            default=one.default,
            is_usable=not wrong,
            reasons=(*reasons, *((f"it {wrong}",) if wrong else ())),
            hidden=environment.hidden.get(one.name, ()),
        )


def secrets_of(environment: Environment, *more: str) -> tuple[str, ...]:
    """Every value that no text may hold: those of secret variables, and passwords in addresses; longest first."""
    found = {value for name, value in environment.values.items() if _may_be_secret(name)}
    for text in (*environment.values.values(), *more):
        for password in re.findall(r"://[^/@\s:]*:(.*)@", text):
            found |= {password, unquote(password)}
    # Shorter ones would tear holes into every sentence; nothing that could quote them is given any text to quote.
    return tuple(sorted((one for one in found if len(one) >= 4), key=len, reverse=True))


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """A text of somebody else's with no secret in it."""
    for one in secrets:
        text = text.replace(one, "***")
    return text


def reference_flags(settings: Settings) -> dict[str, str]:
    """[flags] as text: what the reference platform is run with."""
    found: dict[str, object] = msgspec.to_builtins(settings.flags)
    return {
        name: ",".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value).lower()
        for name, value in found.items()
    }


def _is_listed(name: str, listed: tuple[Danger, ...]) -> bool:
    return name.startswith("FEATURE_") or any(name in danger.names for danger in listed)


def _may_be_secret(name: str) -> bool:
    known = _KNOWN.get(name)
    return known.form is Form.SECRET if known else bool(re.search("KEY|SECRET|PASSWORD|TOKEN|PEPPER|PASSWD", name))


def _mail(values: Mapping[str, str], base_url: str) -> Iterator[Danger]:
    if any(is_on(values.get(name, "")) for name in SILENT):
        return
    cure = f"set {SILENT[1]}=true for the platform, here and where it runs"
    if base_url:
        yield Danger(SILENT, f"load runs through this API send mail; {cure}")
    elif values.get("RESEND_API_KEY", "").strip():
        names = (*SILENT, "RESEND_API_KEY")
        yield Danger(names, f"a platform with this environment sends mail in load runs; {cure}", refuses=False)


def _in_public(values: Mapping[str, str]) -> Iterator[Danger]:
    secrets = {values.get(name, "").strip() for name in SECRETS} - {""}
    for name in sorted(values):
        value = values[name].strip()
        if not name.startswith(PUBLIC) or not value:
            continue
        why = ""
        if value in secrets or claims(value)[1] == "service_role":
            why = "holds a service key"
        elif _SECRET_VALUE.match(value) or (_SECRET_NAME.search(name) and not name.endswith("SITE_KEY")):
            why = "holds a secret"
        else:
            with contextlib.suppress(PlaceInvalid):
                why = "holds a password" if place(value).has_password else ""
        if why:
            reason = f"{name} {why}, and everybody is sent it with the pages; take it out, and make a new key"
            yield Danger((name,), reason)


def _combinations(values: Mapping[str, str]) -> Iterator[Danger]:
    for (one, one_is), (other, other_is), reason in _COMBINATIONS:
        # A combination of defaults is everybody's, and the platform is built on it.
        if (one in values or other in values) and _flag(values, one) is one_is and _flag(values, other) is other_is:
            yield Danger((one, other), f"{reason}; the platform itself warns of that", refuses=False)
    weight = values.get("FEATURE_SELECTOR_LOOKAHEAD_PENALTY_WEIGHT", "").strip()
    if weight and not weight.strip("0") and _flag(values, "FEATURE_SELECTOR_LOOKAHEAD"):
        names = ("FEATURE_SELECTOR_LOOKAHEAD", "FEATURE_SELECTOR_LOOKAHEAD_PENALTY_WEIGHT")
        reason = (
            "look-ahead is on with weight 0: it costs its time and spares no table; the platform itself warns of that"
        )
        yield Danger(names, reason, refuses=False)


def _flag(values: Mapping[str, str], name: str) -> bool:
    """A flag as the platform takes it; merges are off in production unless somebody says otherwise."""
    if values.get(name, "").strip():
        return is_on(values[name])
    if name == "FEATURE_ALLOCATOR_MERGES_ENABLED":
        return values.get("NODE_ENV", "") != "production"
    return _KNOWN[name].default == "true"
