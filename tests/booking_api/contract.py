"""Fuzzing the served OpenAPI document: `make api-contract`, or with a schemathesis of your own

    python -m tests.booking_api.contract PATH/TO/schemathesis [-n EXAMPLES …]

Twice: as it is served, and narrowed to days and times that can be booked, as few that are drawn from all would be.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from engine.booking_api.launch import start
from engine.booking_api.spec import ApiSpec
from engine.config import EmbeddedSettings, FlagSettings
from engine.platform.cluster import Cluster, stop
from engine.platform.databases import clone

CONFIG = Path(__file__).with_name("schemathesis.toml")
DATABASE = "sf_contract"
USUAL = ("--checks", "all", "--mode", "all", "--continue-on-failure", "--max-examples", "200", "--seed", "1")


def narrowed(told: dict[str, Any]) -> dict[str, Any]:
    """The document with only such days and times as the White Horse takes bookings at."""
    fields = told["components"]["schemas"]["NewBooking"]["properties"]
    fields["date"] = {"type": "string", "enum": [f"2027-03-0{day}" for day in range(1, 7)]}
    fields["time"] = {"type": "string", "enum": [f"{hour}:{at}" for hour in range(12, 20) for at in ("00", "15", "45")]}
    fields["restaurantSlug"] = {"type": "string", "enum": ["white-horse-pub-waterbeach"]}
    del fields["restaurantId"]
    return told


async def fuzz(program: str, folder: Path, more: list[str]) -> int:
    """Serve a fresh clone and let it be fuzzed; the worst exit code."""
    settings = EmbeddedSettings(data=str(folder / "pg"), idle_s=20.0)
    cluster = await Cluster.open(settings, "api contract")
    try:
        await clone(cluster, DATABASE)
        quick = FlagSettings(auto_assign_retry_delays_ms=(50, 50, 50))
        process = await start(ApiSpec(dsn=cluster.dsn(DATABASE), flags=quick))
        try:
            url = f"{process.base_url}/openapi.json"
            async with httpx.AsyncClient(trust_env=False) as client:
                told = (await client.get(url)).json()
            narrow = folder / "narrow.json"
            narrow.write_text(json.dumps(narrowed(told)))
            worst = 0
            for where in ((url,), (str(narrow), "--url", process.base_url)):
                words = [program, "--config-file", str(CONFIG), "run", *where, *USUAL, *more]
                fuzzing = await asyncio.create_subprocess_exec(*words, cwd=folder)
                worst = max(worst, await fuzzing.wait())
            return worst
        finally:
            await process.stop()
    finally:
        await cluster.close()
        await stop(settings)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="sft-") as folder:
        # Root's server runs as another user, who must be able to walk in.
        Path(folder).chmod(0o711 if os.geteuid() == 0 else 0o700)
        return asyncio.run(fuzz(str(Path(sys.argv[1]).absolute()), Path(folder), sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
