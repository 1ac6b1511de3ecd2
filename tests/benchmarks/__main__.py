"""Every benchmark, one after the other. Figures only: nothing here passes or fails."""

import asyncio

from tests.benchmarks import fills, journal, ledger, quote, records

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
