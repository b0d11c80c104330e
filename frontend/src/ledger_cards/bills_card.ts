/** Bills of suppliers: entered here with the paper itself, listed, and cancelled where one was wrong. */
import { upload } from "./actions.ts";
import { LedgerCard, field, value } from "./base.ts";
import type { Bill, Fault, Pools } from "./contract.ts";
import { el, row, table } from "./dom.ts";
import type { Child } from "./dom.ts";
import { lastMonth, shifted } from "./format.ts";
import { billNames } from "./tables.ts";
import { filled } from "./texts.ts";

const BILLS_SHOWN = 30;

interface Entered {
  readonly bills: readonly Bill[];
  readonly faults: readonly Fault[];
}

export class BillsCard extends LedgerCard {
  private bills: readonly Bill[] = [];
  private pools: Pools | undefined;
  private form: HTMLElement | undefined;

  protected async load(): Promise<void> {
    await this.work(this.texts.loading, async () => {
      this.pools = await this.ask<Pools>("get_pools");
      this.currency = this.pools.currency;
      await this.list();
    });
    this.form = undefined;
    this.refresh();
  }

  private async list(): Promise<void> {
    const { bills } = await this.ask<{ bills: readonly Bill[] }>("list_bills");
    this.bills = [...bills].sort((one, other) => other.since.localeCompare(one.since));
  }

  protected content(): Child[] {
    this.form ??= this.entering();
    return [this.kept(this.form), this.listed()];
  }

  private entering(): HTMLElement {
    const { texts } = this;
    const [first, last] = lastMonth(this.today);
    const text = (type: string, more: Record<string, string> = {}): HTMLElement => el("input", { type, maxlength: 120, ...more });
    const supplier = text("text");
    const number = text("text");
    const name = text("text", { list: "names" });
    const from = text("date", { value: first });
    const to = text("date", { value: last });
    const amount = text("text", { inputmode: "decimal", size: "10" });
    const tax = text("text", { inputmode: "decimal", size: "8" });
    const energy = text("text", { inputmode: "decimal", size: "10" });
    const fixed = el("input", { type: "checkbox" }) as HTMLInputElement;
    const file = el("input", { type: "file", accept: ".pdf,.jpg,.jpeg,.png,.xml,.ofd" }) as HTMLInputElement;
    const enter = (): void =>
      void this.work(texts.entering, async () => {
        const document = file.files?.[0] === undefined ? undefined : await upload(this.home, file.files[0]);
        const optional = { tax: value(tax), energy: value(energy), document };
        const given = Object.fromEntries(Object.entries(optional).filter(([, one]) => one));
        const { bills, faults } = await this.ask<Entered>("enter_bill", {
          supplier: value(supplier),
          number: value(number),
          name: value(name),
          since: value(from),
          until: value(to) === "" ? "" : shifted(value(to), 1),
          amount: value(amount),
          fixed: fixed.checked,
          ...given,
        });
        if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join("; "));
        await this.list();
        this.notice = bills[0]?.replayed ? texts.wasKnown : texts.wasEntered;
        this.form = undefined;
      });
    return el(
      "form",
      { class: "fields", onsubmit: (event) => {
        event.preventDefault();
        enter();
      } },
      el("datalist", { id: "names" }, billNames(this.pools).map((one) => el("option", { value: one }))),
      field(texts.billName, name),
      field(texts.supplier, supplier),
      field(texts.number, number),
      field(texts.from, from),
      field(texts.to, to),
      field(texts.amount, amount),
      field(texts.ofThatTax, tax),
      field(texts.energyKwh, energy),
      field(texts.document, file),
      el("label", { class: "field check" }, fixed, texts.fixedCost),
      el("button", { type: "submit", class: "primary" }, texts.enterBill),
    );
  }

  private listed(): Child {
    const { texts, format } = this;
    if (this.bills.length === 0) return el("p", { class: "muted" }, texts.noBills);
    const rows = this.bills.slice(0, BILLS_SHOWN).map((bill) =>
      row(
        [
          el("div", {}, el("h4", {}, bill.name), el("span", { class: "muted small" }, `${bill.supplier} · ${bill.number}`)),
          format.days(bill.since, bill.until),
          bill.cancelled
            ? el("span", { class: "chip rejected", title: bill.cancelled.reason }, texts.cancelled)
            : this.button(texts.cancel, () => this.cancel(bill), { kind: "link" }),
          bill.energy_wh > 0 ? format.kwh(bill.energy_wh) : "",
          format.money(bill.amount),
        ],
        { numbers: 3 },
      ),
    );
    return table([texts.billName, texts.period, "", texts.energyKwh, texts.amount], rows, { label: texts.bills, numbers: 3 });
  }

  private cancel(bill: Bill): void {
    const { texts } = this;
    const text = filled(texts.cancelQuestion, { number: bill.number, supplier: bill.supplier });
    this.confirm({ text, button: texts.cancelBill, reason: true, danger: true }, (reason) => {
      void this.work(texts.loading, async () => {
        await this.ask("cancel_bill", { supplier: bill.supplier, number: bill.number, reason });
        await this.list();
      });
    });
  }
}
