"""The ledger's tables about accounts besides their money: how they stand, what was decided, read.

Like the other tables (`tables`): keys lead with the site.
"""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint

from ...core.ledger.account_rows import DebtKind, DecisionKind
from .columns import WHOLE, Day, Instant, Word, column, table

tenancy = table(
    "tenancy",
    column("account"),
    column("name"),
    column("opened_at", Instant),
    column("closed_at", Instant, null=True),
    column("charged_through", Day, null=True),
    column("closed_through", Day, null=True),
    column("emergency", WHOLE),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

tax_total = table(
    "tax_total",
    column("account"),
    column("fund"),
    column("ppm", WHOLE),
    column("net", WHOLE),
    column("tax", WHOLE),
    PrimaryKeyConstraint("site", "account", "fund", "ppm"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

demand_peak = table(
    "demand_peak",
    column("account"),
    column("month", Day),
    column("item"),
    column("quantity", WHOLE),
    column("at", Instant),
    PrimaryKeyConstraint("site", "account", "month", "item"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

debt = table(
    "debt",
    column("account"),
    column("name"),
    column("kind", Word(DebtKind)),
    column("ppm", WHOLE),
    column("amount", WHOLE),
    column("per"),
    column("due", WHOLE),
    column("due_through", Day, null=True),
    column("opened_at", Instant),
    column("user"),
    column("reason"),
    PrimaryKeyConstraint("site", "account", "name"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

credit_watch = table(
    "credit_watch",
    column("account"),
    column("days_told", WHOLE, null=True),
    column("noticed_at", Instant, null=True),
    column("put_off_until", Instant, null=True),
    column("put_off_why"),
    column("reminded_for", Instant, null=True),
    column("grace_until", Instant, null=True),
    column("disputed_at", Instant, null=True),
    column("dispute_reason"),
    column("adapts_until", Instant, null=True),
    column("shadow_cut_at", Instant, null=True),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

decision = table(
    "decision",
    column("account"),
    column("number", WHOLE),
    column("kind", Word(DecisionKind)),
    column("at", Instant),
    column("until", Instant, null=True),
    column("user"),
    column("detail"),
    column("available", WHOLE),
    PrimaryKeyConstraint("site", "account", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    Index("decision_at", "site", "at"),
)

batch = table(
    "batch",
    column("id"),
    column("action"),
    column("at", Instant),
    column("user"),
    column("content"),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

read_receipt = table(
    "read_receipt",
    column("account"),
    column("announcement"),
    column("at", Instant),
    column("by"),
    PrimaryKeyConstraint("site", "account", "announcement"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)
