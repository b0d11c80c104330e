/** Two steps that somebody must mean: switching the power on, and using emergency credit. */
import { html, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import type { TextKey } from "../texts/en.ts";
import { backLink, errorText, heading, primary, sent } from "./parts.ts";

interface Question {
  title: TextKey;
  yes: TextKey;
  done: TextKey;
  path: string;
}

class Asking implements Page {
  private _busy = false;
  private _error = "";

  constructor(
    protected readonly app: App,
    private readonly question: Question,
  ) {}

  title(): string {
    return this.app.say(this.question.title);
  }

  lead(): string {
    return "";
  }

  view(): TemplateResult {
    return html`<div class="narrow">
      ${backLink(this.app)} ${heading(this.title())}
      <p class="lead">${this.lead()}</p>
      <form @submit=${sent(() => void this._confirm())}>
        ${errorText("confirm-error", this._error)} ${primary(this.app.say(this.question.yes), { busy: this._busy })}
        <a class="secondary" href="#/">${this.app.say("cancel")}</a>
      </form>
    </div>`;
  }

  private async _confirm(): Promise<void> {
    const { app } = this;
    this._busy = true;
    app.changed();
    try {
      if ((await app.guarded(() => app.api.post(this.question.path))) === null) return; // the page said why
      app.note = app.say(this.question.done);
      app.announce(app.note);
      app.go("", "", { replace: true });
    } catch (error) {
      this._busy = false;
      this._error = app.worded(asFault(error));
      app.changed();
    }
  }
}

export class ReconnectPage extends Asking {
  constructor(app: App) {
    super(app, { title: "reconnect_title", yes: "reconnect_sure", done: "reconnect_asked", path: "/api/reconnect" });
  }

  override lead(): string {
    return this.app.say("reconnect_lead");
  }
}

export class EmergencyPage extends Asking {
  constructor(app: App) {
    super(app, { title: "emergency_title", yes: "emergency_go", done: "emergency_taken", path: "/api/emergency" });
  }

  override lead(): string {
    const { app } = this;
    return app.say("emergency_lead", { amount: app.format.money(app.overview?.can.emergency?.offered ?? "0") });
  }
}
