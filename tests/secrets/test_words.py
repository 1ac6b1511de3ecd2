"""Addresses that do not work and words that cannot be used are spoken of without what is secret in them."""

from tests.scratch import ScratchDatabase
from tests.secrets import planting
from tests.secrets.hearing import Heard, side_by_side
from tests.secrets.sentinels import EMAIL, PASSWORD, PHONES, PLAIN, SERVICE_KEY
from tests.shell import Shell


async def bad_addresses(shell: Shell, heard: Heard) -> None:
    asked: list[tuple[str, ...]] = []
    for target in ("away", "short", "tiny", "empty", "broken", "worded", "queried", "named", "web"):
        every = [("db", "status"), ("run", "fill", "--headless")]
        if target in ("away", "broken", "queried", "web"):
            every += [("check",), ("db", "init", "--yes"), ("db", "status", "--json")]
        asked += [(*words, "--target", target) for words in every]
    for words, done in zip(asked, await side_by_side(shell, heard, asked), strict=True):
        assert done.code in (2, 3, 4), (words, done)
        # What is no secret's is still there to be read: an empty password turns no text into stars.
        without = done.err.replace(":***@", "").replace("'***'", "")
        assert words[-1] == "broken" or "***" not in without, done.err
    checked = [("env", "check", "--target", one) for one in ("away", "broken", "queried", "web")]
    await side_by_side(shell, heard, [*checked, ("env", "check", "--json", "--target", "theirs")])


async def bad_words(shell: Shell, heard: Heard) -> None:
    """What argparse and the settings say of words they cannot use."""
    torn = shell.home / "torn.toml"
    torn.write_text(f'dsn = "{planting.ADDRESS}"\n[run]\nconcurrency = "{SERVICE_KEY}"\n', encoding="utf-8")
    every = [
        (f"--nonsense={planting.ADDRESS}",),
        ("run", planting.ADDRESS),
        ("run", f"fill {EMAIL}"),
        ("run", "--set", f"run.concurrency={SERVICE_KEY}"),
        ("run", "--set", f"{PLAIN}"),
        ("run", "--set", f"password={PASSWORD}"),
        ("run", "--restaurant", EMAIL, "--headless"),
        ("run", "--config", str(torn)),
        ("config", "show", "--config", f"/nowhere/{PLAIN}"),
        ("config", f"password={PASSWORD}"),
        ("snapshot", PHONES[0]),
        ("config", "show"),
        ("config", "show", "--json"),
        ("config", "schema"),
        ("env", "check"),
        ("faults",),
    ]
    await side_by_side(shell, heard, every)


async def test_a_bad_address_or_word_is_told_without_the_secret_in_it(
    planted: Shell, database: ScratchDatabase
) -> None:
    heard = Heard()
    planting.settle(planted, database.dsn)
    await bad_addresses(planted, heard)
    await bad_words(planted, heard)
    heard.all_of(planted)
    assert heard.leaked == {}
    assert heard.searched > 5_000, "too little was said to prove anything"
