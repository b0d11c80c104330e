/** What a tenant sets: when to be told, which devices are theirs, automatic top-ups. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault, type Fault } from "../api.ts";
import type { AutoTopUp, Devices, Settings, Terms } from "../contract.ts";
import { amountTyped } from "../format.ts";
import { failure, field, focusOn, heading, loading, sent, weChatLogin } from "./parts.ts";

type Place = "load" | "threshold" | "device" | "auto_threshold" | "auto_amount";

export class SettingsPage implements Page {
  private _loaded = false;
  private _threshold = "";
  private _devices: Devices | null = null;
  private _auto: AutoTopUp | null = null;
  private _canKeep = false;
  private _autoThreshold = "";
  private _autoAmount = "";
  private _deviceName = "";
  private _said = "";
  private _errors: Partial<Record<Place, string>> = {};

  constructor(private readonly app: App) {}

  title(): string {
    return this.app.say("settings");
  }

  entered(): void {
    void this._load();
  }

  private async _load(): Promise<void> {
    const { app } = this;
    this._errors = {};
    try {
      const settings = await app.guarded(() => app.api.get<Settings>("/api/settings"));
      this._threshold = settings?.alarm_threshold ?? "";
      if (app.level >= 2) {
        this._devices = await app.api.get<Devices>("/api/devices");
        this._takeAuto(await app.api.get<AutoTopUp>("/api/auto_top_up"));
        this._canKeep = (await app.api.get<Terms>("/api/terms")).providers.some((provider) => provider.automatic);
      }
      this._loaded = true;
    } catch (error) {
      this._errors.load = app.worded(asFault(error));
    }
    app.changed();
  }

  private _takeAuto(auto: AutoTopUp): void {
    this._auto = auto;
    this._autoThreshold = auto.threshold ?? "";
    this._autoAmount = auto.amount ?? "";
  }

  view(): TemplateResult {
    const { app } = this;
    const { say } = app;
    return html`<div class="narrow">
      ${heading(this.title())}
      ${this._said ? html`<p class="note good" role="status">${this._said}</p>` : nothing}
      ${this._errors.load ? failure(app, this._errors.load, () => void this._load()) : this._loaded ? this._sections() : loading(app)}
      <section>
        <p><button type="button" class="secondary" @click=${() => void this._leave()}>${say("sign_out")}</button></p>
      </section>
    </div>`;
  }

  private _sections(): TemplateResult {
    const { app } = this;
    const { say, format } = app;
    return html`<section>
        <form novalidate @submit=${sent(() => void this._saveThreshold())}>
          ${field({
            id: "threshold",
            label: say("alarm_threshold"),
            hint: say("alarm_threshold_hint"),
            error: this._errors.threshold ?? "",
            value: this._threshold,
            inputmode: "decimal",
            prefix: format.symbol().trim(),
            maxlength: 12,
            changed: (value) => (this._threshold = value),
          })}
          <button type="submit" class="secondary">${say("save")}</button>
        </form>
      </section>
      ${app.level < 2 ? this._locked() : html`${this._autoSection()} ${this._deviceSection()}`}`;
  }

  private _locked(): TemplateResult {
    const { say } = this.app;
    return html`<section>
      <h2>${say("devices")}</h2>
      <p>${say("statements_locked")}</p>
      ${weChatLogin(this.app, "settings", "secondary")}
    </section>`;
  }

  private _autoSection(): TemplateResult | typeof nothing {
    const auto = this._auto;
    if (!auto || !(auto.available || this._canKeep)) return nothing;
    const { say, format } = this.app;
    if (!auto.available) return html`<section><h2>${say("auto_top_up")}</h2><p>${say("auto_top_up_lead")}</p></section>`;
    const prefix = format.symbol().trim();
    return html`<section>
      <h2>${say("auto_top_up")}</h2>
      <form novalidate @submit=${sent(() => void this._saveAuto())}>
        <label class="tick">
          <input
            type="checkbox"
            .checked=${auto.enabled}
            @change=${(event: Event) => (auto.enabled = (event.target as HTMLInputElement).checked)}
          />
          <span>${say("auto_enabled")}</span>
        </label>
        ${field({
          id: "auto-threshold",
          label: say("auto_threshold"),
          error: this._errors.auto_threshold ?? "",
          value: this._autoThreshold,
          inputmode: "decimal",
          prefix,
          changed: (value) => (this._autoThreshold = value),
        })}
        ${field({
          id: "auto-amount",
          label: say("auto_amount"),
          error: this._errors.auto_amount ?? "",
          value: this._autoAmount,
          inputmode: "decimal",
          prefix,
          changed: (value) => (this._autoAmount = value),
        })}
        <button type="submit" class="secondary">${say("save")}</button>
      </form>
    </section>`;
  }

  private _deviceSection(): TemplateResult {
    const { say, format } = this.app;
    const devices = this._devices?.devices ?? [];
    return html`<section>
      <h2>${say("devices")}</h2>
      <ul class="plain-list rows">
        ${devices.map(
          (each) => html`<li>
            <span>
              <bdi>${each.name}</bdi>
              <span class="also">${each.current ? say("this_device") : format.moment(each.bound_at)}</span>
            </span>
            <button type="button" class="link" @click=${() => void this._revoke(each.id, each.name)}>
              ${say("device_remove", { name: each.name })}
            </button>
          </li>`,
        )}
      </ul>
      ${devices.some((each) => each.current)
        ? nothing
        : html`<form novalidate @submit=${sent(() => void this._bind())}>
            ${field({
              id: "device",
              label: say("device_name"),
              error: this._errors.device ?? "",
              value: this._deviceName,
              maxlength: 60,
              changed: (value) => (this._deviceName = value),
            })}
            <button type="submit" class="secondary">${say("device_add")}</button>
          </form>`}
    </section>`;
  }

  private async _saveThreshold(): Promise<void> {
    const { app } = this;
    const threshold = this._threshold.trim() ? this._typed(this._threshold) : null;
    this._errors = {};
    if (this._threshold.trim() && threshold === null) return this._wrong("threshold", "threshold");
    await this._change("threshold", "threshold", app.say("saved"), () => app.api.post("/api/settings", { alarm_threshold: threshold }));
  }

  private async _saveAuto(): Promise<void> {
    const { app } = this;
    const enabled = this._auto?.enabled ?? false;
    const [threshold, amount] = [this._typed(this._autoThreshold), this._typed(this._autoAmount)];
    this._errors = {};
    if (enabled && threshold === null) return this._wrong("auto_threshold", "auto-threshold");
    if (enabled && amount === null) return this._wrong("auto_amount", "auto-amount");
    const asked = enabled ? { enabled, threshold, amount } : { enabled };
    await this._change("auto_amount", "auto-amount", app.say("saved"), async () => {
      this._takeAuto(await app.api.post<AutoTopUp>("/api/auto_top_up", asked));
    });
  }

  private async _bind(): Promise<void> {
    const { app } = this;
    const name = this._deviceName.trim();
    this._errors = name ? {} : { device: app.say("device_name_missing") };
    if (!name) {
      app.changed();
      return focusOn("device");
    }
    await this._change("device", "device", app.say("device_added"), async () => {
      this._devices = await app.api.post<Devices>("/api/devices", { name });
    });
  }

  private async _revoke(id: string, name: string): Promise<void> {
    const { app } = this;
    await this._change("device", "title", app.say("device_removed", { name }), async () => {
      await app.api.post(`/api/devices/${encodeURIComponent(id)}/revoke`);
      this._devices = await app.api.get<Devices>("/api/devices");
    });
  }

  private _typed(text: string): string | null {
    return amountTyped(text, this.app.session?.site.digits ?? 2);
  }

  private _wrong(which: Place, id: string): void {
    this._errors[which] = this.app.say("amount_wrong", { example: "88.50" });
    this.app.changed();
    focusOn(id);
  }

  /** Do it, say that it is done, or say next to the field why not. */
  private async _change(where: Place, id: string, done: string, work: () => Promise<unknown>): Promise<void> {
    const { app } = this;
    this._said = "";
    try {
      if ((await app.guarded(work)) === null) return; // the page said why
      this._said = done;
      app.announce(done);
    } catch (error) {
      const fault: Fault = asFault(error);
      this._errors[where] = app.worded(fault);
      focusOn(id);
    }
    app.changed();
  }

  private async _leave(): Promise<void> {
    try {
      await this.app.signOut();
    } catch (error) {
      this._errors.load = this.app.worded(asFault(error));
      this.app.changed();
    }
  }
}
