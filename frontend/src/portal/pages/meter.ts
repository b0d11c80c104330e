/** A meter whose number was typed: it can be paid for; its PIN opens the rest. */
import { html, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import type { Session } from "../contract.ts";
import { bolt } from "../icons.ts";
import { keepMeter } from "../remembered.ts";
import { FindPage } from "./find.ts";
import { field, focusOn, heading, sent } from "./parts.ts";

const PIN = /^\d{6,12}$/;

export class MeterPage implements Page {
  private _pin = "";
  private _error = "";
  private _busy = false;
  private _other: FindPage | null = null;

  constructor(private readonly app: App) {}

  title(): string {
    return this._other?.title() ?? this.app.say("shop_found");
  }

  view(): TemplateResult {
    if (this._other) return this._other.view();
    const { say, session } = this.app;
    return html`<div class="narrow">
      <section class="hero plain">
        ${heading(this.title())}
        <p class="shop"><bdi>${session?.meter?.shop}</bdi></p>
        <p class="quiet-line">${bolt}<span>${this.app.meterName()}</span></p>
        <p class="quiet-line small">${say("shop_masked")}</p>
        <a class="primary" href="#/top-up">${say("top_up")}</a>
      </section>
      <section>
        <h2>${say("see_balance")}</h2>
        <p>${say("see_balance_lead")}</p>
        <form novalidate @submit=${sent(() => void this._open())}>
          ${field({
            id: "pin",
            label: say("pin"),
            hint: say("pin_hint"),
            error: this._error,
            value: this._pin,
            type: "password",
            inputmode: "numeric",
            maxlength: 12,
            changed: (value) => (this._pin = value),
          })}
          <button type="submit" class="secondary" ?disabled=${this._busy}>${say("open_balance")}</button>
        </form>
        <p><button type="button" class="link" @click=${() => this._change()}>${say("other_meter")}</button></p>
      </section>
    </div>`;
  }

  private _change(): void {
    keepMeter("");
    this._other = new FindPage(this.app);
    this.app.changed();
    focusOn("title");
  }

  private async _open(): Promise<void> {
    const { app } = this;
    if (!PIN.test(this._pin)) return this._complain(app.say("pin_missing"));
    this._busy = true;
    app.changed();
    try {
      const meter = app.session?.meter?.reference ?? "";
      app.enter(await app.api.post<Session>("/api/access", { meter, pin: this._pin }));
      app.go("", "", { replace: true });
    } catch (error) {
      const fault = asFault(error);
      this._pin = "";
      this._complain(fault.status === 403 ? app.say("pin_wrong") : app.worded(fault));
    }
  }

  private _complain(text: string): void {
    this._busy = false;
    this._error = text;
    this.app.changed();
    focusOn("pin");
  }
}
