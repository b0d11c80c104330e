"""The ledger's tables about shared costs: bills, allocation runs, hourly registers.

Like the other tables (`tables`): keys lead with the site.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint

from ...core.ledger.allocation_rows import RunStep
from .columns import WHOLE, Day, Flag, Instant, Word, column, table

supplier_bill = table(
    "supplier_bill",
    column("supplier"),
    column("number"),
    column("revision", WHOLE),
    column("name"),
    column("since", Day),
    column("until", Day),
    column("amount", WHOLE),
    column("tax", WHOLE),
    column("energy_wh", WHOLE),
    column("fixed", Flag),
    column("document"),
    column("entered_at", Instant),
    column("user"),
    PrimaryKeyConstraint("site", "supplier", "number", "revision"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("since < until AND energy_wh >= 0 AND revision > 0"),
    Index("supplier_bill_until", "site", "until"),
)

bill_cancellation = table(
    "bill_cancellation",
    column("supplier"),
    column("number"),
    column("revision", WHOLE),
    column("at", Instant),
    column("user"),
    column("reason"),
    PrimaryKeyConstraint("site", "supplier", "number", "revision"),
    ForeignKeyConstraint(
        ["site", "supplier", "number", "revision"],
        [
            "supplier_bill.site",
            "supplier_bill.supplier",
            "supplier_bill.number",
            "supplier_bill.revision",
        ],
    ),
)

allocation_run = table(
    "allocation_run",
    column("id"),
    column("since", Day),
    column("until", Day),
    column("at", Instant),
    column("user"),
    column("inputs"),
    column("result"),
    column("digest"),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("since < until"),
    Index("allocation_run_until", "site", "until"),
)

allocation_share = table(
    "allocation_share",
    column("run"),
    column("account"),
    column("amount", WHOLE),
    column("content"),
    PrimaryKeyConstraint("site", "run", "account"),
    ForeignKeyConstraint(["site", "run"], ["allocation_run.site", "allocation_run.id"]),
    Index("allocation_share_account", "site", "account", "run"),
)

allocation_step = table(
    "allocation_step",
    column("run"),
    column("step", Word(RunStep)),
    column("at", Instant),
    column("user"),
    column("reason"),
    PrimaryKeyConstraint("site", "run", "step"),
    ForeignKeyConstraint(["site", "run"], ["allocation_run.site", "allocation_run.id"]),
)

day_registers = table(
    "day_registers",
    column("meter"),
    column("generation", WHOLE),
    column("day", Day),
    column("registers"),
    PrimaryKeyConstraint("site", "meter", "generation", "day"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    Index("day_registers_day", "site", "day"),
    by_key=True,
)
"""What registers showed at the hours; no money follows from it that is not in a run's inputs."""
