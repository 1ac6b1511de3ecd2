"""Every benchmark, one after the other. Figures only: nothing here passes or fails.

`engine` or `console` for one half of them; whatever else is given goes to the console's.
"""

import asyncio
import sys

from engine import event_loop
from tests.benchmarks import (
    console,
    fills,
    http,
    journal,
    ledger,
    load_tool,
    pgbench,
    quote,
    records,
    sampler,
    start,
    watching,
)

half, *words = sys.argv[1:] if sys.argv[1:2] in (["engine"], ["console"]) else ["both", *sys.argv[1:]]
if half != "console":
    print("# fills against pgbench's")
    asyncio.run(pgbench.main(*(words if half == "engine" else ())))
    print("# fills on Postgres")
    asyncio.run(fills.main())
    print("# what the journal costs, in pairs")
    asyncio.run(journal.main())
    print("# quotes")
    quote.main()
    print("# from a command to its first fill")
    start.main()
    print("# the ledger during a run")
    asyncio.run(ledger.main())
    print("# what a request costs the client")
    asyncio.run(http.main())
    print("# the API target against wrk")
    event_loop.run(load_tool.main())
    print("# records")
    records.main()
    print("# the looks at the server, beside a run")
    sampler.main()
    print("# what watching costs a run")
    watching.main()
if half != "engine":
    print("# the console")
    console.main(*words)
