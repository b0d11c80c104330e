/** What was charged, month by month, down to the line. */
import { html, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import type { Statement, StatementHead, StatementLine } from "../contract.ts";
import { chevron } from "../icons.ts";
import { wordFor } from "../texts/index.ts";
import { backLink, failure, heading, loading, weChatLogin } from "./parts.ts";

export class StatementsPage implements Page {
  private _statements: StatementHead[] | null = null;
  private _error = "";

  constructor(private readonly app: App) {}

  title(): string {
    return this.app.say("statements");
  }

  entered(): void {
    if (this.app.level >= 2) void this._load();
  }

  private async _load(): Promise<void> {
    const { app } = this;
    this._error = "";
    try {
      this._statements = (await app.guarded(() => app.api.get<{ statements: StatementHead[] }>("/api/statements")))?.statements ?? null;
    } catch (error) {
      this._error = app.worded(asFault(error));
    }
    app.changed();
  }

  view(): TemplateResult {
    const { app } = this;
    return html`<div class="narrow">
      ${backLink(app, "history")} ${heading(this.title())}
      ${app.level < 2 ? this._locked() : this._error ? failure(app, this._error, () => void this._load()) : this._list()}
    </div>`;
  }

  private _locked(): TemplateResult {
    return html`<p class="lead">${this.app.say("statements_locked")}</p>
      ${weChatLogin(this.app, "statements", "primary")}`;
  }

  private _list(): TemplateResult {
    const { say, format } = this.app;
    if (this._statements === null) return loading(this.app);
    if (this._statements.length === 0) return html`<p>${say("no_statements")}</p>`;
    return html`<ul class="plain-list rows">
      ${this._statements.map(
        (each) => html`<li>
          <a class="row-link" href=${`#/statement/${encodeURIComponent(each.number)}`}>
            <span>
              ${say("statement", { number: each.number })}
              <span class="also">${say("statement_span", { from: format.shortDay(each.since), until: format.shortDay(each.until) })}</span>
            </span>
            ${chevron}
          </a>
        </li>`,
      )}
    </ul>`;
  }
}

export class StatementPage implements Page {
  private _statement: Statement | null = null;
  private _error = "";

  constructor(
    private readonly app: App,
    private readonly number: string,
  ) {}

  title(): string {
    return this.app.say("statement", { number: this.number });
  }

  entered(): void {
    void this._load();
  }

  private async _load(): Promise<void> {
    const { app } = this;
    this._error = "";
    try {
      this._statement = await app.guarded(() => app.api.get<Statement>(`/api/statements/${encodeURIComponent(this.number)}`));
    } catch (error) {
      this._error = app.worded(asFault(error));
    }
    app.changed();
  }

  view(): TemplateResult {
    const { app } = this;
    return html`<div class="narrow receipt">
      ${backLink(app, "statements")} ${heading(this.title())}
      ${this._error ? failure(app, this._error, () => void this._load()) : this._statement ? this._shown(this._statement) : loading(app)}
    </div>`;
  }

  /** What a line is for: a tax has its rate as item, a demand what the ledger calls it. */
  private _name(line: StatementLine): string {
    const word = wordFor(this.app.say, "line", line.kind);
    if (line.kind === "tax") return line.item ? `${word} ${Number(line.item) / 10_000} %` : word;
    if (line.kind === "demand") return line.demand ? `${word} · ${line.demand.name}` : word;
    return line.item || word;
  }

  private _detail(line: StatementLine): string {
    const { say, format } = this.app;
    const told = line.energy_wh === undefined ? [format.day(line.at)] : [format.energy(String(line.energy_wh / 1000))];
    if (line.period) told.push(wordFor(say, "period", line.period));
    if (line.allocation?.reversed) told.push(say("given_back"));
    if (line.late) told.push(say("late"));
    return told.join(" · ");
  }

  /** Where the statement is as a file, in the language that the page shows. */
  private _file(form: string): string {
    return `/api/statements/${encodeURIComponent(this.number)}.${form}?lang=${this.app.language}`;
  }

  private _shown(statement: Statement): TemplateResult {
    const { say, format } = this.app;
    const funds = Object.values(statement.funds).filter((fund) => fund.lines.length > 0 || Number(fund.closing_shown) !== 0);
    return html`<p class="lead">${say("statement_span", { from: format.day(statement.since), until: format.day(statement.until) })}</p>
      ${funds.map(
        (fund) => html`<ul class="plain-list rows steps">
          <li class="sum"><span>${say("opening")}</span><span class="right">${format.money(fund.opening_shown)}</span></li>
          ${fund.lines.map(
            (line) => html`<li>
              <span>
                ${this._name(line)}
                <span class="also">${this._detail(line)}</span>
              </span>
              <span class="right">${format.money(line.shown)}</span>
            </li>`,
          )}
          <li class="sum"><span>${say("closing")}</span><span class="right">${format.money(fund.closing_shown)}</span></li>
        </ul>`,
      )}
      <p class="files no-print">
        <a class="secondary" href=${this._file("html")} target="_blank" rel="noopener">${say("print")}</a>
        <a class="secondary" href=${this._file("pdf")} download>PDF</a>
        <a class="secondary" href=${this._file("csv")} download>CSV</a>
      </p>`;
  }
}
