"""The ledger's tables about payments: orders, what providers tell, refunds, bills, the cash desk.

Like the other tables (`tables`): keys lead with the site.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint

from ...core.ledger.payment_rows import (
    ApprovalState,
    BillKind,
    Method,
    OrderState,
    PaymentSource,
    ProviderRefundState,
    TxnVerdict,
)
from .columns import WHOLE, Day, Flag, Instant, Word, column, table

pay_order = table(
    "pay_order",
    column("id"),
    column("provider"),
    column("account"),
    column("meter", null=True),
    column("fund"),
    column("amount", WHOLE),
    column("currency"),
    column("method", Word(Method)),
    column("key"),
    column("params"),
    column("checkout"),
    column("state", Word(OrderState)),
    column("created_at", Instant),
    column("expires_at", Instant),
    column("changed_at", Instant),
    column("paid_txn"),
    column("note"),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("amount > 0"),
    Index("pay_order_key", "site", "key", unique=True),
    Index("pay_order_state", "site", "state"),
    Index("pay_order_account", "site", "account", "created_at"),
)

provider_txn = table(
    "provider_txn",
    column("provider"),
    column("txn"),
    column("order_id"),
    column("account", null=True),
    column("amount", WHOLE),
    column("verdict", Word(TxnVerdict)),
    column("reason"),
    column("source", Word(PaymentSource)),
    column("paid_at", Instant),
    column("day", Day),
    column("recorded_at", Instant),
    column("transfer_id", null=True),
    PrimaryKeyConstraint("site", "provider", "txn"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
    CheckConstraint("(transfer_id IS NULL) = (verdict = 'foreign')"),
    Index("provider_txn_day", "site", "provider", "day"),
    Index("provider_txn_verdict", "site", "verdict"),
    Index("provider_txn_account", "site", "account"),
)

suspense_assignment = table(
    "suspense_assignment",
    column("provider"),
    column("txn"),
    column("account", null=True),
    column("at", Instant),
    column("user"),
    column("reason"),
    column("transfer_id"),
    PrimaryKeyConstraint("site", "provider", "txn"),
    ForeignKeyConstraint(
        ["site", "provider", "txn"],
        ["provider_txn.site", "provider_txn.provider", "provider_txn.txn"],
    ),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
)

payment_notice = table(
    "payment_notice",
    column("provider"),
    column("id"),
    column("received_at", Instant),
    column("verdict"),
    column("headers"),
    column("body"),
    PrimaryKeyConstraint("site", "provider", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

provider_refund = table(
    "provider_refund",
    column("id"),
    column("reference"),
    column("provider"),
    column("txn"),
    column("order_id"),
    column("account"),
    column("fund"),
    column("amount", WHOLE),
    column("reason"),
    column("user"),
    column("state", Word(ProviderRefundState)),
    column("provider_ref"),
    column("created_at", Instant),
    column("changed_at", Instant),
    column("note"),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(
        ["site", "provider", "txn"],
        ["provider_txn.site", "provider_txn.provider", "provider_txn.txn"],
    ),
    CheckConstraint("amount > 0"),
    Index("provider_refund_state", "site", "state"),
    Index("provider_refund_txn", "site", "provider", "txn"),
)

bill_line = table(
    "bill_line",
    column("provider"),
    column("day", Day),
    column("kind", Word(BillKind)),
    column("ref"),
    column("order_id"),
    column("amount", WHOLE),
    column("fee", WHOLE),
    column("currency"),
    column("at", Instant),
    column("read_at", Instant),
    PrimaryKeyConstraint("site", "provider", "day", "kind", "ref"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

reconciliation = table(
    "reconciliation",
    column("provider"),
    column("day", Day),
    column("number", WHOLE),
    column("at", Instant),
    column("user"),
    column("unexplained", WHOLE),
    column("content"),
    PrimaryKeyConstraint("site", "provider", "day", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

cash_receipt = table(
    "cash_receipt",
    column("number", WHOLE),
    column("account"),
    column("amount", WHOLE),
    column("transfer_id"),
    column("at", Instant),
    column("user"),
    column("approver"),
    PrimaryKeyConstraint("site", "number"),
    ForeignKeyConstraint(["site", "transfer_id"], ["transfer.site", "transfer.id"]),
    CheckConstraint("number > 0"),
    Index("cash_receipt_transfer", "site", "transfer_id", unique=True),
)

approval = table(
    "approval",
    column("id"),
    column("content"),
    column("asked_by"),
    column("asked_at", Instant),
    column("state", Word(ApprovalState)),
    column("decided_by"),
    column("decided_at", Instant, null=True),
    PrimaryKeyConstraint("site", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

cash_close = table(
    "cash_close",
    column("number", WHOLE),
    column("at", Instant),
    column("user"),
    column("through", WHOLE),
    column("expected", WHOLE),
    column("counted", WHOLE),
    column("difference", WHOLE),
    column("content"),
    PrimaryKeyConstraint("site", "number"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

tenant_choice = table(
    "tenant_choice",
    column("account"),
    column("language"),
    column("alarm_threshold", WHOLE, null=True),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

portal_pin = table(
    "portal_pin",
    column("account"),
    column("salt"),
    column("digest"),
    column("set_at", Instant),
    column("failures", WHOLE),
    column("failed_at", Instant, null=True),
    column("locked_until", Instant, null=True),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

meter_token = table(
    "meter_token",
    column("meter"),
    column("rotation", WHOLE),
    column("at", Instant),
    column("user"),
    PrimaryKeyConstraint("site", "meter"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

portal_device = table(
    "portal_device",
    column("account"),
    column("id"),
    column("name"),
    column("bound_at", Instant),
    column("revoked_at", Instant, null=True),
    PrimaryKeyConstraint("site", "account", "id"),
    ForeignKeyConstraint(["site"], ["book.site"]),
)

auto_top_up = table(
    "auto_top_up",
    column("account"),
    column("provider"),
    column("means"),
    column("enabled", Flag),
    column("threshold", WHOLE),
    column("amount", WHOLE),
    column("changed_at", Instant),
    column("last_order"),
    PrimaryKeyConstraint("site", "account"),
    ForeignKeyConstraint(["site"], ["book.site"]),
    CheckConstraint("amount > 0"),
)
