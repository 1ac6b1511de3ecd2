"""The search finds what there is to find: with masking switched off, everything leaks."""

import pytest

from tests.scratch import ScratchDatabase
from tests.secrets.hearing import Heard, begun
from tests.secrets.living import SIZES, a_run, crashes
from tests.shell import Shell


@pytest.mark.campaign
async def test_with_masking_switched_off_the_same_search_finds_all_of_them(
    planted: Shell, database: ScratchDatabase
) -> None:
    planted.environ["SENTINEL_UNMASKED"] = "1"
    heard = Heard()
    await begun(planted, database, heard)
    await a_run(planted, database, heard, SIZES[:1])
    await crashes(planted, heard)
    heard.all_of(planted)
    found = {what for whats in heard.leaked.values() for what in whats}
    assert found >= {"password", "service key", "jwt", "bearer", "plain secret", "e-mail", "phone", "name"}
    places = " ".join(heard.leaked)
    for place in (
        "journal",
        "recording",
        "engine.log",
        "result.json",
        "run.json",
        "snapshot.json",
        "socket",
        "picture",
    ):
        assert place in places, f"{place} held nothing to be masked: {places}"
