/** The first page: which meter is it. */
import { html, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import { fitsTogether, asPrinted } from "../check_character.ts";
import type { Session } from "../contract.ts";
import { keepMeter } from "../remembered.ts";
import { field, focusOn, heading, primary, sent } from "./parts.ts";

const EXAMPLE = "33B0250100001-S";

export class FindPage implements Page {
  private _number: string;
  private _error = "";
  private _busy = false;

  constructor(private readonly app: App) {
    this._number = app.lastMeter;
  }

  title(): string {
    return this.app.say("find_title");
  }

  view(): TemplateResult {
    const { say } = this.app;
    return html`<div class="narrow opening">
      ${heading(this.title())}
      <p class="lead">${say("find_lead")}</p>
      <form novalidate @submit=${sent(() => void this._find())}>
        ${field({
          id: "meter",
          label: say("meter_number"),
          hint: say("meter_number_hint", { example: EXAMPLE }),
          error: this._error,
          value: this._number,
          changed: (value) => (this._number = value),
        })}
        ${primary(say(this._busy ? "paying" : "continue"), { busy: this._busy })}
      </form>
    </div>`;
  }

  private async _find(): Promise<void> {
    const { app } = this;
    const meter = asPrinted(this._number);
    this._error = !meter ? app.say("number_missing") : fitsTogether(meter) ? "" : app.say("number_wrong");
    if (this._error) return this._complain();
    this._busy = true;
    app.changed();
    try {
      keepMeter(meter);
      app.enter(await app.api.post<Session>("/api/find", { meter }));
      app.note = "";
      app.go("", "", { replace: true });
    } catch (error) {
      const fault = asFault(error);
      this._busy = false;
      this._error = fault.status === 404 ? app.say("number_unknown") : app.worded(fault);
      this._complain();
    }
  }

  private _complain(): void {
    this.app.changed();
    focusOn("meter");
  }
}
