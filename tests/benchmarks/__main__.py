"""Every benchmark, one after the other. Figures only: nothing here passes or fails.

`engine` or `console` for one half of them; whatever else is given goes to the console's.
"""

import asyncio
import sys

from tests.benchmarks import console, fills, journal, ledger, quote, records

half, *words = sys.argv[1:] if sys.argv[1:2] in (["engine"], ["console"]) else ["both", *sys.argv[1:]]
if half != "console":
    print("# fills on Postgres")
    asyncio.run(fills.main())
    print("# what the journal costs, in pairs")
    asyncio.run(journal.main())
    print("# quotes")
    quote.main()
    print("# the ledger during a run")
    asyncio.run(ledger.main())
    print("# records")
    records.main()
if half != "engine":
    print("# the console")
    console.main(*words)
