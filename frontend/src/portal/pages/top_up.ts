/** How much, by whom, and where the money goes; then the order is made. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault, Fault } from "../api.ts";
import type { Ordered, OrderRequest, Preview, Terms } from "../contract.ts";
import { amountTyped } from "../format.ts";
import { waysOf, type Way } from "../ways.ts";
import { askWeChatOnce, keepPending, newKey, pendingOrder, type Pending } from "../remembered.ts";
import { askWeChat, backLink, errorText, failure, field, focusOn, heading, loading, primary, sent } from "./parts.ts";
import { stepList } from "./steps.ts";

const OTHER = "other";
const TYPING_PAUSE_MS = 400;

export class TopUpPage implements Page {
  private _terms: Terms | null = null;
  private _ways: Way[] = [];
  private _chosen = "";
  private _typed = "";
  private _way = 0;
  private _sure = false;
  private _keep = false;
  private _preview: Preview | null = null;
  private _asked = "";
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _busy = false;
  private _errors: { amount?: string; shop?: string; form?: string; load?: string } = {};

  constructor(private readonly app: App) {}

  title(): string {
    return this.app.say("top_up");
  }

  entered(): void {
    void this._load();
  }

  left(): void {
    clearTimeout(this._timer);
  }

  private async _load(): Promise<void> {
    const { app } = this;
    this._errors = {};
    try {
      this._terms = await app.api.get<Terms>("/api/terms");
      const wechat = app.session?.wechat;
      const bridge = wechat !== undefined && wechat.inside && wechat.known;
      if (wechat?.inside && wechat.oauth && !bridge && askWeChatOnce()) return location.replace(askWeChat("top-up"));
      this._ways = waysOf(this._terms, { bridge, touch: matchMedia("(pointer: coarse)").matches });
    } catch (error) {
      this._errors.load = app.worded(asFault(error));
    }
    app.changed();
    const pending = this._pending();
    if (app.isFirstPage && pending?.id === null) await this._send(pending.request, pending.title); // its answer was lost by loading again
  }

  view(): TemplateResult {
    const { app } = this;
    return html`<div class="narrow">
      ${backLink(app)} ${heading(this.title())} ${this._waiting()}
      ${this._errors.load ? failure(app, this._errors.load, () => void this._load()) : this._terms ? this._form(this._terms) : loading(app)}
    </div>`;
  }

  /** Return the order of this meter that was begun in this tab and is not over. */
  private _pending(): Pending | null {
    const pending = pendingOrder();
    return pending?.meter === this.app.session?.meter?.reference ? pending : null;
  }

  private _waiting(): TemplateResult | typeof nothing {
    const pending = this._pending();
    if (!pending?.id) return nothing;
    const { say, format } = this.app;
    return html`<p class="note">
      <span>${say("pending_order", { amount: format.money(pending.request.amount) })}</span>
      <a class="quiet" href=${`#/pay/${encodeURIComponent(pending.id)}`}>${say("pending_go")}</a>
    </p>`;
  }

  private _form(terms: Terms): TemplateResult {
    const { app } = this;
    const { say, format } = app;
    if (this._ways.length === 0) return html`<p class="lead">${say("no_provider")}</p>`;
    const amount = this._amount();
    const label = amount ? say("pay", { amount: format.money(amount) }) : say("continue");
    return html`<form novalidate @submit=${sent(() => void this._submit())}>
      ${this._amounts(terms)} ${this._providers()} ${this._where()} ${this._shop()} ${this._keeping()}
      ${errorText("form-error", this._errors.form)}
      <div class="act">
        ${primary(this._busy ? say("paying") : label, { busy: this._busy })}
      </div>
    </form>`;
  }

  private _amounts(terms: Terms): TemplateResult {
    const { say, format, session } = this.app;
    const minimum = format.money(terms.minimum);
    const maximum = terms.maximum === null ? null : format.money(terms.maximum);
    const choose = (value: string): void => {
      this._chosen = value;
      this._changedAmount(0);
    };
    // who presses it wants to type; who walks there by arrow keys may go on
    const pressed = (event: MouseEvent): void => {
      if (event.detail > 0) focusOn("own-amount");
    };
    const choices = [...terms.amounts, OTHER];
    return html`<fieldset aria-describedby="amount-error">
        <legend>${say("amount")}</legend>
        <div class="choices">
          ${choices.map(
            (value) => html`<label class=${value === OTHER ? "choice other" : "choice"}>
              <input
                type="radio"
                name="amount"
                value=${value}
                .checked=${this._chosen === value}
                @change=${() => choose(value)}
                @click=${value === OTHER ? pressed : nothing}
              />
              <span>${value === OTHER ? say("other_amount") : format.money(value, Number.isInteger(Number(value)) ? 0 : undefined)}</span>
            </label>`,
          )}
        </div>
        ${this._chosen === OTHER ? nothing : errorText("amount-error", this._errors.amount)}
      </fieldset>
      ${this._chosen === OTHER
        ? field({
            id: "own-amount",
            label: say("own_amount", { currency: session?.site.currency ?? "" }),
            hint: maximum === null ? say("amount_from", { minimum }) : say("amount_between", { minimum, maximum }),
            error: this._errors.amount ?? "",
            value: this._typed,
            inputmode: "decimal",
            prefix: format.symbol().trim(),
            maxlength: 12,
            changed: (value) => {
              this._typed = value;
              this._changedAmount(TYPING_PAUSE_MS);
            },
          })
        : nothing}`;
  }

  private _providers(): TemplateResult | typeof nothing {
    const { say } = this.app;
    if (this._ways.length === 1) {
      const { provider, method } = this._ways[0]!;
      return html`<p class="only-way">
        ${say("pay_with")} <strong>${provider.title}</strong> <span>${say(`by_${method}` as "by_qr")}</span>
      </p>`;
    }
    return html`<fieldset>
      <legend>${say("pay_with")}</legend>
      <div class="ways">
        ${this._ways.map(
          ({ provider, method }, index) => html`<label class="choice way">
            <input
              type="radio"
              name="way"
              value=${index}
              .checked=${this._way === index}
              @change=${() => {
                this._way = index;
                this.app.changed();
              }}
            />
            <span><strong>${provider.title}</strong><span class="also">${say(`by_${method}` as "by_qr")}</span></span>
          </label>`,
        )}
      </div>
    </fieldset>`;
  }

  private _where(): TemplateResult | typeof nothing {
    const { app } = this;
    if (!this._preview || this._preview.amount === "" || this._asked !== this._amount()) return nothing;
    const { steps, after, reconnects } = this._preview;
    const isOff = app.overview !== null && !app.overview.supply.on;
    return html`<section class="where" aria-labelledby="where">
      <h2 id="where">${app.say("where_it_goes")}</h2>
      ${stepList(app, steps, after)}
      ${isOff ? html`<p class="hint">${app.say(reconnects ? "will_reconnect" : "will_not_reconnect")}</p>` : nothing}
    </section>`;
  }

  /** Who only knows a number might pay a stranger's electricity: they are asked to look at the name. */
  private _shop(): TemplateResult | typeof nothing {
    const { app } = this;
    if (app.level !== 0) return nothing;
    return html`<div class="field confirm-shop">
      <p class="shop"><bdi>${app.session?.meter?.shop}</bdi><span class="also">${app.meterName()}</span></p>
      <label class="tick">
        <input
          type="checkbox"
          id="sure"
          .checked=${this._sure}
          aria-describedby="sure-error"
          aria-invalid=${this._errors.shop ? "true" : "false"}
          @change=${(event: Event) => (this._sure = (event.target as HTMLInputElement).checked)}
        />
        <span>${app.say("shop_confirm")}</span>
      </label>
      ${errorText("sure-error", this._errors.shop)}
    </div>`;
  }

  private _keeping(): TemplateResult | typeof nothing {
    if (this.app.level < 2 || !this._ways[this._way]?.provider.automatic) return nothing;
    return html`<label class="tick">
      <input
        type="checkbox"
        .checked=${this._keep}
        @change=${(event: Event) => (this._keep = (event.target as HTMLInputElement).checked)}
      />
      <span>${this.app.say("keep_means")}</span>
    </label>`;
  }

  private _amount(): string | null {
    return this._chosen === OTHER ? amountTyped(this._typed, this.app.session?.site.digits ?? 2) : this._chosen || null;
  }

  private _changedAmount(pause: number): void {
    delete this._errors.amount;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._look(), pause);
    this.app.changed();
  }

  /** Ask where the money would go. Without an answer the page goes on: it is only told beforehand. */
  private async _look(): Promise<void> {
    const amount = this._amount();
    if (amount === null || this.app.level < 1 || this._wrong(amount)) return;
    try {
      const preview = await this.app.guarded(() => this.app.api.post<Preview>("/api/preview", { amount }));
      if (amount !== this._amount()) return;
      this._preview = preview;
      this._asked = amount;
    } catch (error) {
      const fault = asFault(error);
      if (fault.status === 400) this._errors.amount = this.app.worded(fault);
    }
    this.app.changed();
  }

  private _wrong(amount: string | null): string {
    const { say, format } = this.app;
    const terms = this._terms;
    if (amount === null) return this._chosen === OTHER ? say("amount_wrong", { example: "88.50" }) : say("amount_missing");
    if (terms && Number(amount) < Number(terms.minimum)) return say("amount_low", { minimum: format.money(terms.minimum) });
    if (terms?.maximum && Number(amount) > Number(terms.maximum)) return say("amount_high", { maximum: format.money(terms.maximum) });
    return "";
  }

  private async _submit(): Promise<void> {
    const { app } = this;
    if (this._busy) return;
    const amount = this._amount();
    this._errors = { amount: this._wrong(amount) };
    if (app.level === 0 && !this._sure) this._errors.shop = app.say("shop_confirm_missing");
    if (this._errors.amount || this._errors.shop || amount === null) {
      app.changed();
      const first = document.querySelector<HTMLElement>("input[name=amount]:checked, input[name=amount]");
      if (!this._errors.amount) focusOn("sure");
      else if (this._chosen === OTHER) focusOn("own-amount");
      else first?.focus();
      return;
    }
    const { provider, method } = this._ways[this._way]!;
    const asked = { amount, provider: provider.key, method, ...(this._keep ? { keep_means: true } : {}) };
    await this._send({ key: this._keyFor(asked), ...asked }, provider.title);
  }

  /** Return the key of the same order if it was sent already and its answer was lost, else a new one. */
  private _keyFor(asked: Omit<OrderRequest, "key">): string {
    const pending = this._pending();
    const same =
      pending?.id === null &&
      (["amount", "provider", "method", "keep_means"] as const).every((name) => pending.request[name] === asked[name]);
    return same ? pending.request.key : newKey();
  }

  private async _send(request: OrderRequest, title: string): Promise<void> {
    const { app } = this;
    const meter = app.session?.meter?.reference ?? "";
    this._busy = true;
    keepPending({ request, title, meter, id: null });
    app.changed();
    try {
      const ordered = await app.guarded(() => app.api.post<Ordered>("/api/orders", request));
      if (ordered === null) return keepPending(null); // somebody else is here now
      keepPending({ request, title, meter, id: ordered.id });
      app.ordered = ordered;
      app.go("pay", ordered.id, { replace: true });
    } catch (error) {
      this._refused(asFault(error));
    }
  }

  private _refused(fault: Fault): void {
    this._busy = false;
    const text = this.app.worded(fault);
    if (fault.kind === "refused") keepPending(null);
    if (fault.status === 400) this._errors = { amount: text };
    else this._errors = { form: text };
    this.app.changed();
  }
}
