/** Allocation runs: looked at, kept, approved, laid aside, taken back; with the arithmetic of every share. */
import { LedgerCard, field, value } from "./base.ts";
import type { RunHead, Run } from "./contract.ts";
import { bar, el, row, table } from "./dom.ts";
import type { Child } from "./dom.ts";
import { lastMonth, shifted } from "./format.ts";
import { accountName, found, sharesByPool, totals } from "./tables.ts";
import { filled } from "./texts.ts";

/** More rows are no table that anybody reads: what is looked for is typed. */
const ROWS = 60;
/** With more shops the arithmetic is asked for shop by shop. */
const SHOPS_AT_ONCE = 300;
const RUNS_SHOWN = 12;

export class RunsCard extends LedgerCard {
  private heads: readonly RunHead[] = [];
  private run: Run | undefined;
  private opened = "";
  private typed = "";
  private days: readonly [from: string, to: string] | undefined;

  protected async load(): Promise<void> {
    await this.work(this.texts.loading, async () => {
      this.days = lastMonth(this.today);
      await this.list();
      const latest = this.heads.find(({ state }) => state === "proposed" || state === "posted") ?? this.heads[0];
      if (latest?.run) await this.open(latest.run);
    });
  }

  protected content(): Child[] {
    return [this.asking(), this.listed(), this.run === undefined ? null : this.detail(this.run)];
  }

  private async list(): Promise<void> {
    const { runs } = await this.ask<{ runs: readonly RunHead[] }>("list_allocations");
    this.heads = [...runs].reverse();
  }

  private get shown(): Record<string, unknown> {
    return { lines: (this.site?.shops.length ?? 0) <= SHOPS_AT_ONCE };
  }

  private async open(run: string): Promise<void> {
    this.show(await this.ask<Run>("get_allocation", { run, ...this.shown }));
  }

  private show(run: Run): void {
    this.run = run;
    this.currency = run.currency;
    this.opened = "";
  }

  private asking(): HTMLElement {
    const [first, last] = this.days ?? lastMonth(this.today);
    const keep = (): void => {
      this.days = [value(from), value(to)]; // else they were lost when something else is drawn anew
    };
    const from = el("input", { type: "date", value: first, onchange: keep });
    const to = el("input", { type: "date", value: last, onchange: keep });
    const allocate = (dryRun: boolean): void => {
      const [since, end] = [value(from), value(to)];
      if (since === "" || end === "") return void this.tell(new Error(this.texts.chooseDays));
      void this.work(this.texts.workingOut, async () => {
        this.show(await this.ask<Run>("allocate", { since, until: shifted(end, 1), dry_run: dryRun, ...this.shown }));
        if (!dryRun) await this.list();
      });
    };
    return el(
      "div",
      { class: "fields" },
      field(this.texts.from, from),
      field(this.texts.to, to),
      this.button(this.texts.preview, () => allocate(true)),
      this.button(this.texts.workOut, () => allocate(false), { kind: "primary" }),
    );
  }

  private listed(): Child {
    if (this.heads.length === 0) return el("p", { class: "muted" }, this.texts.noRuns);
    const rows = this.heads.slice(0, RUNS_SHOWN).map((head) =>
      row(
        [
          this.button(head.run ?? "", () => void this.work(this.texts.loading, () => this.open(head.run ?? "")), { kind: "link" }),
          this.format.days(head.since, head.until),
          this.chip(head.state),
          `${head.steps?.at(-1)?.user ?? head.user ?? ""}, ${this.format.moment(head.steps?.at(-1)?.time ?? head.time ?? "")}`,
        ],
        { class: head.run === this.run?.run ? "chosen" : "" },
      ),
    );
    return table([this.texts.run, this.texts.period, this.texts.state, this.texts.madeBy], rows, { label: this.texts.runs });
  }

  private chip(state: RunHead["state"]): HTMLElement {
    return el("span", { class: `chip ${state ?? ""}` }, state === null ? this.texts.previewOnly : this.texts[state]);
  }

  private detail(run: Run): Child[] {
    return [
      el("h3", {}, this.format.days(run.since, run.until), " ", this.chip(run.state)),
      this.steps(run),
      this.pools(run),
      this.markup(run),
      run.notes.length === 0
        ? null
        : el("div", { class: "banner warning" }, el("h4", {}, this.texts.notes), run.notes.map((note) => el("p", {}, `${note.pool}: ${note.text}.`))),
      this.accounts(run),
    ];
  }

  private steps(run: Run): Child {
    const numbers = Object.keys(run.accounts);
    const total = this.format.money(String(Object.values(run.accounts).reduce((sum, share) => sum + Number(share.total), 0)));
    const named = { run: run.run ?? "", days: this.format.days(run.since, run.until), count: numbers.length, total };
    const step = (action: string, text: string, data: Record<string, unknown>): void =>
      void this.work(this.texts.loading, async () => {
        await this.ask(action, { run: run.run, ...data });
        await this.list();
        if (run.run !== null) await this.open(run.run);
        this.notice = filled(text, named);
      });
    const { texts } = this;
    if (run.state === "proposed") {
      return el(
        "div",
        { class: "buttons" },
        this.button(texts.approve, () => this.confirm({ text: filled(texts.approveQuestion, named), button: texts.approve }, () => step("approve_allocation", texts.wasPosted, { lines: false })), { kind: "primary" }),
        this.button(texts.reject, () => this.confirm({ text: filled(texts.rejectQuestion, named), button: texts.reject, reason: true }, (reason) => step("reject_allocation", texts.wasRejected, { reason }))),
      );
    }
    if (run.state !== "posted") return null;
    const question = { text: filled(texts.reverseQuestion, named), button: texts.reverse, reason: true, danger: true };
    return el("div", { class: "buttons" }, this.button(texts.reverse, () => this.confirm(question, (reason) => step("reverse_allocation", texts.wasReversed, { reason, lines: false }))));
  }

  private pools(run: Run): Child {
    const { texts, format } = this;
    const most = Math.max(0, ...run.pools.map((pool) => Number(pool.cost)));
    const rows = run.pools.map((pool) => {
      const [cost, tenants, owner] = [Number(pool.cost), Number(pool.tenants), Number(pool.owner)];
      const label = `${texts.tenants} ${format.money(pool.tenants)}, ${texts.owner} ${format.money(pool.owner)}`;
      const both = bar(most > 0 ? tenants / most : 0, "", label);
      both.append(el("span", { class: "owner", style: `width:${most > 0 ? Math.max(0, (100 * owner) / most).toFixed(1) : 0}%` }));
      const name = el("div", {}, el("h4", {}, pool.pool), el("span", { class: "muted small" }, this.kind(pool.kind), pool.gross_up ? ` · ${pool.gross_up}` : ""));
      return row([name, both, format.money(String(cost)), format.money(pool.tenants), format.money(pool.owner)], { numbers: 2 });
    });
    const sum = totals(run.pools);
    const money = (amount: number): string => format.money(String(amount));
    rows.push(row([texts.together, "", money(sum.cost), money(sum.tenants), money(sum.owner)], { numbers: 2, class: "sum" }));
    const legend = el("div", { class: "legend" }, el("span", {}, el("span", { class: "key" }), texts.tenants), el("span", {}, el("span", { class: "key owner" }), texts.owner));
    return [table([texts.pool, "", texts.cost, texts.tenants, texts.owner], rows, { label: texts.pool, numbers: 2 }), legend];
  }

  private kind(kind: "energy" | "service"): string {
    return kind === "energy" ? this.texts.kindEnergy : this.texts.kindService;
  }

  private markup({ markup }: Run): Child {
    if (markup === undefined || markup.sold_price === null) return null;
    const sold = this.format.price(markup.sold_price);
    if (markup.bought_price === null || markup.difference === null) return el("p", { class: "muted" }, filled(this.texts.noPurchase, { sold }));
    const under = Number(markup.difference) < 0;
    const values = { sold, bought: this.format.price(markup.bought_price), difference: this.format.money(String(Math.abs(Number(markup.difference)))) };
    return el("p", {}, filled(under ? this.texts.markupUnder : this.texts.markup, values));
  }

  private accounts(run: Run): Child {
    const { texts, format, site } = this;
    const nameOf = (number: string): string => accountName(site, number);
    const numbers = found(Object.keys(run.accounts), this.typed, nameOf);
    const shownPools = this.shown["lines"] === true;
    const head = [texts.account, ...(shownPools ? run.pools.map(({ pool }) => pool) : []), texts.tax, texts.total];
    const money = (amount: number | undefined): string => (amount === undefined ? "–" : format.money(String(amount)));
    const rows = numbers.slice(0, ROWS).flatMap((number) => {
      const share = run.accounts[number];
      if (share === undefined) return [];
      const isOpen = this.opened === number;
      const name = el("button", { type: "button", class: "link", "aria-expanded": String(isOpen), disabled: this.busy !== "", onclick: () => this.unfold(run, number) }, nameOf(number));
      const cells = [name, ...(shownPools ? sharesByPool(run, number).map(money) : []), format.money(share.tax), format.money(share.total)];
      const own = row(cells, { numbers: 1, class: isOpen ? "chosen" : "" });
      return isOpen ? [own, this.arithmetic(run, number, head.length)] : [own];
    });
    const search = el("input", { type: "search", value: this.typed, placeholder: texts.findShop, "aria-label": texts.findShop, onchange: (event) => {
      this.typed = (event.target as HTMLInputElement).value;
      this.refresh();
    } });
    const rest = numbers.length - ROWS;
    return [
      el("div", { class: "fields" }, search, el("span", { class: "muted small" }, texts.showArithmetic)),
      table(head, rows, { label: texts.account, numbers: 1 }),
      rest > 0 ? el("p", { class: "muted small" }, filled(texts.more, { count: rest })) : null,
    ];
  }

  private arithmetic(run: Run, number: string, columns: number): HTMLElement {
    const lines = run.accounts[number]?.lines ?? [];
    const texts = lines.map((line) => el("tr", {}, el("td", {}, line.pool), el("td", {}, line.explanation), el("td", { class: "number" }, this.format.money(line.amount))));
    return el("tr", { class: "detail" }, el("td", { colspan: columns }, el("table", {}, el("tbody", {}, texts))));
  }

  /** Show or hide the arithmetic of a shop, which is asked for where the run was too large to bring it. */
  private unfold(run: Run, number: string): void {
    this.opened = this.opened === number ? "" : number;
    if (this.opened === "" || run.accounts[number]?.lines !== undefined) return this.refresh();
    const days = run.run === null ? { since: run.since, until: run.until, dry_run: true } : { run: run.run };
    void this.work(this.texts.loading, async () => {
      const one = await this.ask<Run>(run.run === null ? "allocate" : "get_allocation", { ...days, account: [number], lines: true });
      this.run = { ...run, accounts: { ...run.accounts, ...one.accounts } };
    });
  }
}
