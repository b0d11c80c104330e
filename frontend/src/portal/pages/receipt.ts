/** What was paid and where it went; it can be printed. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import type { Receipt } from "../contract.ts";
import { wordFor } from "../texts/index.ts";
import { backLink, failure, heading, loading } from "./parts.ts";
import { stepList } from "./steps.ts";

export class ReceiptPage implements Page {
  private _receipt: Receipt | null = null;
  private _error = "";

  constructor(
    private readonly app: App,
    private readonly reference: string,
  ) {}

  title(): string {
    return this.app.say("receipt");
  }

  entered(): void {
    void this._load();
  }

  private async _load(): Promise<void> {
    this._error = "";
    try {
      this._receipt = await this.app.api.get<Receipt>(`/api/receipts/${encodeURIComponent(this.reference)}`);
    } catch (error) {
      this._error = this.app.worded(asFault(error));
    }
    this.app.changed();
  }

  view(): TemplateResult {
    const { app } = this;
    return html`<div class="narrow receipt">
      ${backLink(app)} ${heading(this.title())}
      ${this._error ? failure(app, this._error, () => void this._load()) : this._receipt ? this._shown(this._receipt) : loading(app)}
    </div>`;
  }

  private _shown(receipt: Receipt): TemplateResult {
    const { say, format, session } = this.app;
    return html`<p class="amount">${format.money(receipt.amount)}</p>
      <dl class="facts">
        <div><dt>${say("receipt_number")}</dt><dd>${receipt.receipt ?? "–"}</dd></div>
        <div><dt>${say("receipt_at")}</dt><dd>${format.moment(receipt.at)}</dd></div>
        <div><dt>${say("receipt_via")}</dt><dd>${wordFor(say, "via", receipt.via)}</dd></div>
        <div><dt>${say("receipt_reference")}</dt><dd class="code">${receipt.reference}</dd></div>
        <div><dt>${session?.site.name}</dt><dd>${this.app.meterName()}</dd></div>
      </dl>
      ${receipt.steps?.length ? html`<h2>${say("where_it_goes")}</h2>${stepList(this.app, receipt.steps)}` : nothing}
      <button type="button" class="secondary no-print" @click=${() => print()}>${say("print")}</button>`;
  }
}
