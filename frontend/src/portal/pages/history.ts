/** What was used each day, and what was paid. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import type { History } from "../contract.ts";
import { chevron } from "../icons.ts";
import { wordFor } from "../texts/index.ts";
import { dayChart } from "./chart.ts";
import { failure, heading, loading } from "./parts.ts";

const DAYS = 31;

export class HistoryPage implements Page {
  private _history: History | null = null;
  private _error = "";

  constructor(private readonly app: App) {}

  title(): string {
    return this.app.say("history");
  }

  entered(): void {
    void this._load();
  }

  private async _load(): Promise<void> {
    this._error = "";
    try {
      this._history = await this.app.guarded(() => this.app.api.get<History>(`/api/history?days=${DAYS}`));
    } catch (error) {
      this._error = this.app.worded(asFault(error));
    }
    this.app.changed();
  }

  view(): TemplateResult {
    const { app } = this;
    return html`<div class="narrow">
      ${heading(this.title())}
      ${this._error ? failure(app, this._error, () => void this._load()) : this._history ? this._shown(this._history) : loading(app)}
      <p><a class="secondary" href="#/statements">${app.say("statements")} ${chevron}</a></p>
    </div>`;
  }

  private _shown({ days, top_ups }: History): TemplateResult {
    const { say } = this.app;
    return html`<section>
        <h2>${say("daily_use")}</h2>
        ${days.length ? html`${dayChart(this.app, days)}${this._table(days)}` : html`<p>${say("no_days")}</p>`}
      </section>
      <section>
        <h2>${say("top_ups")}</h2>
        ${top_ups.length ? this._topUps(top_ups) : html`<p>${say("no_top_ups")}</p>`}
      </section>`;
  }

  private _table(days: History["days"]): TemplateResult {
    const { say, format } = this.app;
    return html`<details>
      <summary>${say("as_table")}</summary>
      <table>
        <caption class="unseen">${say("daily_use")}</caption>
        <thead>
          <tr><th scope="col">${say("day")}</th><th scope="col">${say("energy")}</th><th scope="col">${say("cost")}</th></tr>
        </thead>
        <tbody>
          ${[...days].reverse().map(
            (each) => html`<tr>
              <th scope="row">${format.day(each.day)}</th>
              <td>${format.energy(each.kwh)}</td>
              <td>${format.money(each.cost)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </details>`;
  }

  private _topUps(topUps: History["top_ups"]): TemplateResult {
    const { app } = this;
    const { say, format } = app;
    return html`<ul class="plain-list rows">
      ${topUps.map(
        (each) => html`<li>
          <span>
            ${format.day(each.at)}, ${format.time(each.at)}
            <span class="also">${wordFor(say, "via", each.via)}${each.receipt ? ` · ${each.receipt}` : ""}</span>
          </span>
          <span class="right">
            <strong>${format.money(each.amount)}</strong>
            ${app.level >= 2 && each.reference
              ? html`<a
                  class="link"
                  href=${`#/receipt/${encodeURIComponent(each.reference)}`}
                  aria-label=${`${say("receipt")} ${format.moment(each.at)}`}
                >
                  ${say("receipt")}
                </a>`
              : nothing}
          </span>
        </li>`,
      )}
    </ul>`;
  }
}
