"""Every benchmark, one after the other. Figures only: nothing here passes or fails."""

import asyncio

from tests.benchmarks import fills, quote, records

print("# fills on Postgres")
asyncio.run(fills.main())
print("# quotes")
quote.main()
print("# records")
records.main()
