/** Waiting for a payment, and for the power after it. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import { payInWeChat } from "../bridge.ts";
import type { Checkout, Order, Ordered } from "../contract.ts";
import { bolt, check, off } from "../icons.ts";
import { keepPending, pendingOrder, type Pending } from "../remembered.ts";
import { backLink, failure, heading, loading, primary } from "./parts.ts";

const AT_ONCE_MS = 600;
const SOON_MS = 1_500;
const LATER_MS = 5_000;
const SOON_FOR_MS = 3 * 60_000;
const COMING_FOR_MS = 10_000;
const POWER_FOR_MS = 60_000;

export class PaymentPage implements Page {
  private _order: Order | null = null;
  private _checkout: Checkout | null = null;
  private _openUntil = "";
  /** What became of what was pressed. */
  private _note = "";
  /** Why nothing is heard just now. */
  private _trouble = "";
  private _provider = "";
  private _error = "";
  private _busy = false;
  private _gone = false;
  private _isFinding: boolean;
  private _asking = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _since = Date.now();
  private _paidSeenAt = 0;
  private readonly _seen = (): void => void this._cameBack();

  constructor(
    private readonly app: App,
    /** The order's id or, after coming back from a provider's page, the key that it was made with. */
    private readonly name: string,
  ) {
    this._isFinding = this._pending() !== null;
  }

  title(): string {
    const { say, format } = this.app;
    if (this._order?.state === "closed") return say("closed_title");
    const amount = this._order && format.money(this._order.amount);
    return amount === null ? say("top_up") : say(this._order?.state === "paid" ? "paid_title" : "wait_title", { amount });
  }

  entered(): void {
    document.addEventListener("visibilitychange", this._seen);
    void this._begin();
  }

  left(): void {
    this._gone = true;
    clearTimeout(this._timer);
    document.removeEventListener("visibilitychange", this._seen);
  }

  private async _begin(): Promise<void> {
    this._error = "";
    await this._ask("get");
    if (!this._isWaiting || this._gone) return;
    const pending = this._pending();
    if (pending?.request.key === this.name) await this._ask("check"); // back from the provider's page
    if (pending && this._isWaiting) await this._findWay(pending);
    if (this._checkout?.kind === "jsapi" && this._isWaiting) void this._bridge();
  }

  /** Ask for the order again by its key: that orders nothing new, and tells where to pay, also after a reload. */
  private async _findWay(pending: Pending): Promise<void> {
    try {
      const known = this.app.ordered?.id === pending.id ? this.app.ordered : null;
      const ordered = known ?? (await this.app.guarded(() => this.app.api.post<Ordered>("/api/orders", pending.request)));
      if (!ordered || this._gone) return;
      this._provider = pending.title;
      this._checkout = ordered.checkout;
      this._openUntil = ordered.expires_at;
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind !== "refused") this._trouble = this.app.worded(fault);
    }
    this._isFinding = false;
    this.app.changed();
  }

  /** Return what this tab remembers of the order. */
  private _pending(): Pending | null {
    const pending = pendingOrder();
    const isThis = pending?.id === this.name || pending?.request.key === this.name;
    return isThis && pending?.meter === this.app.session?.meter?.reference ? pending : null;
  }

  private get _isWaiting(): boolean {
    return this._order !== null && this._order.state !== "paid" && this._order.state !== "closed";
  }

  private async _ask(how: "get" | "check"): Promise<void> {
    const { app } = this;
    const path = `/api/orders/${encodeURIComponent(this.name)}`;
    clearTimeout(this._timer);
    this._asking = true;
    let pause = 0;
    try {
      const order = how === "get" ? await app.api.get<Order>(path) : await app.guarded(() => app.api.post<Order>(`${path}/check`));
      if (!order || this._gone) return;
      this._error = this._trouble = "";
      this._take(order);
    } catch (error) {
      const fault = asFault(error);
      pause = (fault.retryAfterS ?? 0) * 1000;
      const isNotHere = fault.status === 404 || fault.status === 403;
      if (fault.kind === "refused") this._error = isNotHere ? app.say("wait_not_here") : app.worded(fault);
      else this._trouble = app.worded(fault);
    }
    this._asking = false;
    if (this._gone) return;
    app.changed();
    this._askAgain(pause);
  }

  private _take(order: Order): void {
    const before = this._order;
    this._order = order;
    if (order.state === "paid" || order.state === "closed") {
      this._note = "";
      if (this._pending()) keepPending(null);
    }
    if (order.state === "paid") {
      this._paidSeenAt ||= Date.now();
      if (before?.state !== "paid" || before.power !== order.power) this.app.announce(`${this.title()}. ${order.note}`);
    } else if (order.state === "closed" && before?.state !== "closed") this.app.announce(this.app.say("closed_title"));
  }

  private _askAgain(least: number): void {
    const order = this._order;
    this._timer = undefined;
    if (this._gone || document.hidden || this._error) return;
    if (order?.state === "closed") return;
    if (order?.state === "paid" && (order.power === "on" || Date.now() - this._paidSeenAt > POWER_FOR_MS)) return;
    const isComing = order?.state === "paid" && Date.now() - this._paidSeenAt < COMING_FOR_MS;
    const pause = isComing ? AT_ONCE_MS : Date.now() - this._since < SOON_FOR_MS ? SOON_MS : LATER_MS;
    this._timer = setTimeout(() => void this._ask("get"), Math.max(pause, least));
  }

  /** News of the account may be that the payment came, or the power. */
  heard(): void {
    if (this._timer !== undefined && !this._asking) void this._ask("get");
  }

  /** Who comes back from the payment wants to know at once: the provider is asked. */
  private async _cameBack(): Promise<void> {
    if (document.hidden) return clearTimeout(this._timer);
    this._since = Date.now();
    await this._ask(this._isWaiting ? "check" : "get");
  }

  private async _check(): Promise<void> {
    this._busy = true;
    this.app.changed();
    await this._ask("check");
    this._busy = false;
    if (this._isWaiting && !this._trouble) this._note = this.app.say("wait_not_yet");
    this.app.changed();
  }

  private async _bridge(): Promise<void> {
    if (this._checkout?.kind !== "jsapi") return;
    const answer = await payInWeChat(this._checkout.parameters);
    if (this._gone) return;
    this._note = answer === "cancel" ? this.app.say("wait_cancelled") : answer === "fail" ? this.app.say("failed") : "";
    await this._ask("check");
  }

  view(): TemplateResult {
    const { app } = this;
    const order = this._order;
    if (this._error) {
      const again = (): void => void this._begin();
      return html`<div class="narrow">${backLink(app)} ${heading(this.title())}${failure(app, this._error, again)}</div>`;
    }
    if (!order) return html`<div class="narrow">${heading(this.title())}${loading(app)}</div>`;
    if (order.state === "paid") return this._paid(order);
    return html`<div class="narrow">
      ${backLink(app)} ${heading(this.title())} ${order.state === "closed" ? this._closed() : this._waiting()}
    </div>`;
  }

  private _waiting(): TemplateResult {
    const { say, format } = this.app;
    return html`${this._way()}
      <p class="looking"><span class="pulse" aria-hidden="true"></span><span>${say("wait_looking")}</span></p>
      ${[this._trouble, this._note].map((text) => (text ? html`<p class="note" role="status">${text}</p>` : nothing))}
      ${this._openUntil ? html`<p class="hint">${say("wait_until", { time: format.time(this._openUntil) })}</p>` : nothing}
      <button type="button" class="secondary" ?disabled=${this._busy} @click=${() => void this._check()}>${say("wait_check")}</button>`;
  }

  private _way(): TemplateResult {
    const { say, format } = this.app;
    const checkout = this._checkout;
    if (!checkout) return this._isFinding ? loading(this.app) : html`<p class="lead">${say("wait_elsewhere")}</p>`;
    switch (checkout.kind) {
      case "jsapi":
        return html`<p class="lead">${say("wait_jsapi")}</p>
          ${primary(say("wait_jsapi_go"), { kind: "button", click: () => void this._bridge() })}`;
      case "redirect":
        return html`<p class="lead">${say("wait_redirect", { provider: this._provider })}</p>
          <a class="primary" href=${safeUrl(checkout.url)} referrerpolicy="origin" rel="noopener">${say("wait_redirect_go")}</a>`;
      case "qr":
        return html`<p class="lead">${say("wait_qr", { provider: this._provider })}</p>
          ${code(checkout.svg, say("wait_qr_alt", { amount: format.money(this._order?.amount ?? "0") }))}
          <p class="hint">${say("wait_qr_save")}</p>
          ${this.app.session?.site.sandbox && isWeb(checkout.text)
            ? html`<p><a class="secondary" href=${checkout.text} target="_blank" rel="noopener">${say("wait_qr_open")}</a></p>`
            : nothing}`;
      case "cashier":
        return html`<p class="lead">${say("wait_cashier")}</p>
          ${checkout.svg ? code(checkout.svg, say("wait_qr_alt", { amount: format.money(this._order?.amount ?? "0") })) : nothing}
          <dl class="facts">
            <div><dt>${say("wait_reference")}</dt><dd class="code big">${checkout.reference}</dd></div>
          </dl>`;
      case "charged":
        return html`<p class="lead">${say("wait_charged")}</p>`;
    }
  }

  private _closed(): TemplateResult {
    const { say } = this.app;
    return html`<p class="lead">${say("closed_lead")}</p>
      ${this._order?.note ? html`<p class="hint">${this._order.note}</p>` : nothing}
      <a class="primary" href="#/top-up">${say("pay_again")}</a>`;
  }

  private _paid(order: Order): TemplateResult {
    const { say, format } = this.app;
    const isOn = order.power === "on";
    const picture = isOn ? bolt : order.power === "off" ? off : check;
    return html`<div class="narrow">
      <section class=${`hero result ${order.power === "off" ? "low" : "good"}`}>
        <span class=${isOn ? "medal lit" : "medal"}>${picture}</span>
        ${heading(this.title())}
        <p class="power-state">${order.power === "coming" ? html`<span class="pulse" aria-hidden="true"></span>` : nothing}${order.note}</p>
        ${order.paid_at ? html`<p class="quiet-line small">${format.moment(order.paid_at)}</p>` : nothing}
        <a class="primary" href="#/">${say(this.app.level >= 1 ? "to_overview" : "close")}</a>
      </section>
      ${order.receipt
        ? html`<p><a class="secondary" href=${`#/receipt/${encodeURIComponent(order.receipt)}`}>${say("see_receipt")}</a></p>`
        : nothing}
    </div>`;
  }
}

/** A picture, so that nothing in it can run. */
function code(svg: string, alt: string): TemplateResult {
  const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  return html`<p class="qr"><img src=${source} alt=${alt} width="240" height="240" /></p>`;
}

/** Where a payment goes on is the server's to say; but never a script. */
function safeUrl(url: string): string {
  return isWeb(url) ? url : "#/";
}

function isWeb(url: string): boolean {
  return /^https?:\/\//i.test(url);
}
