"""The only room with SQL: what came in, what was found, what people did. SQLite by default, nothing else to install.

`Ledger` opens the database and runs jobs in its one writing thread. The other modules are verbs on a connection, by noun: `lines`, `rows`,
`points`, `references`, `models`, `alarms`, `outbox`, `jobs`, `events`,
`calibrations`, `causes`.
"""

from spc.ledger.store import Ledger

__all__ = ["Ledger"]
