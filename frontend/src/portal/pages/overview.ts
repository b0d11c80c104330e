/** How the account stands now: one big number, whether there is power, and one thing to do. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "../app.ts";
import { asFault } from "../api.ts";
import type { Announcement, Overview } from "../contract.ts";
import { alert, bell, bolt, check, off } from "../icons.ts";
import { wordFor } from "../texts/index.ts";
import { loading } from "./parts.ts";

export class OverviewPage implements Page {
  private _wasOn: boolean | null = null;
  private _reading = new Set<string>();

  constructor(private readonly app: App) {
    this._wasOn = app.overview?.supply.on ?? null;
  }

  title(): string {
    return this.app.say("home");
  }

  entered(): void {
    if (this.app.overview) void this.app.live.refresh();
  }

  /** Say when the power went or came; the balance changes too often to be read out. */
  heard(): void {
    const on = this.app.overview?.supply.on ?? null;
    if (on !== null && this._wasOn !== null && on !== this._wasOn) this.app.announce(this.app.say(on ? "power_is_on" : "power_is_off"));
    this._wasOn = on;
  }

  view(): TemplateResult {
    const now = this.app.overview;
    if (!now) return html`<h1 id="title" tabindex="-1" class="unseen">${this.title()}</h1>${loading(this.app)}`;
    return html`<h1 id="title" tabindex="-1" class="unseen">${this.title()}</h1>
      <div class="columns">
        <div>${this._hero(now)}</div>
        <div>
          ${this._todo(now)} ${this._figures(now)} ${this._warnings(now)} ${this._announcements(now)} ${this._meters(now)}
          ${this._messages(now)}
        </div>
      </div>`;
  }

  private _hero(now: Overview): TemplateResult {
    const { say, format } = this.app;
    const mood = !now.supply.on ? "off" : now.low || now.supply.state !== "in_credit" ? "low" : "good";
    const { sign, symbol, number } = format.moneyParts(now.balance);
    return html`<section class=${`hero ${mood}`} aria-labelledby="balance">
      <p class="who"><bdi>${now.name}</bdi><span>${this.app.meterName()}</span></p>
      <h2 id="balance">${say("balance")}</h2>
      <p class=${`amount${number.length > 9 ? " long" : ""}`}>${sign}<span class="symbol">${symbol}</span>${number}</p>
      ${this._lasts(now)}
      ${Number(now.available_credit) <= Number(now.balance)
        ? nothing
        : html`<p class="quiet-line">${say("credit_usable", { amount: format.money(now.available_credit) })}</p>`}
      ${this._supply(now)}
      <a class="primary" href="#/top-up">${say("top_up")}</a>
    </section>`;
  }

  private _lasts({ days_left, empty_at, supply }: Overview): TemplateResult | typeof nothing {
    if (days_left === null || !supply.on) return nothing;
    const { say, format } = this.app;
    const days = Math.floor(days_left);
    const text = days >= 2 ? say("days_left", { days }) : days === 1 ? say("day_left") : say("hours_left");
    return html`<p class="lasts">${text}${empty_at ? html` <span>${say("lasts_until", { day: format.day(empty_at) })}</span>` : nothing}</p>`;
  }

  private _supply({ supply }: Overview): TemplateResult {
    const { say, format } = this.app;
    const words = supply.on ? say("power_is_on") : say("power_is_off");
    const state = supply.on && supply.state !== "in_credit" ? wordFor(say, "supply", supply.state) : "";
    return html`<div class="supply">
      <p class="supply-state">${supply.on ? bolt : off}<strong>${words}</strong>${state && html`<span> · ${state}</span>`}</p>
      ${supply.reason ? html`<p>${supply.reason}</p>` : nothing} ${supply.what_to_do ? html`<p>${supply.what_to_do}</p>` : nothing}
      ${supply.until ? html`<p>${say("until", { time: format.moment(supply.until) })}</p>` : nothing}
    </div>`;
  }

  private _todo({ can, low, supply }: Overview): TemplateResult | typeof nothing {
    const { say, format } = this.app;
    const emergency = can.emergency;
    const isNeeded = low || !supply.on || supply.state !== "in_credit";
    const offered = emergency && isNeeded && Number(emergency.offered) > 0 && Number(emergency.in_use) === 0;
    const inUse = emergency && Number(emergency.in_use) > 0;
    if (!can.confirm_reconnect && !offered && !inUse) return nothing;
    return html`<section class="todo">
      ${can.confirm_reconnect
        ? html`<h2>${say("reconnect_offered")}</h2>
            <a class="secondary" href="#/reconnect">${say("reconnect_go")}</a>`
        : nothing}
      ${offered
        ? html`<h2>${say("emergency_offered", { amount: format.money(emergency.offered) })}</h2>
            <a class="secondary" href="#/emergency">${say("emergency_go")}</a>`
        : nothing}
      ${inUse ? html`<p>${say("emergency_in_use", { amount: format.money(emergency.in_use) })}</p>` : nothing}
    </section>`;
  }

  private _figures(now: Overview): TemplateResult {
    const { say, format } = this.app;
    const period = (word: string): TemplateResult | typeof nothing =>
      word ? html`<span class="period">${wordFor(say, "period", word)}</span>` : nothing;
    const next = now.next_price;
    return html`<section aria-label=${say("today")}>
      <dl class="figures">
        <div class="wide">
          <dt>${say("power_now")} ${this._liveness()}</dt>
          <dd class="power">
            ${now.power_w === null ? html`<span class="missing">${say("power_unknown")}</span>` : format.power(now.power_w)}
          </dd>
        </div>
        <div>
          <dt>${say("today")}</dt>
          <dd>${now.cost_today === null ? "–" : format.money(now.cost_today)}</dd>
          ${now.energy_today_kwh === null ? nothing : html`<dd class="also">${format.energy(now.energy_today_kwh)}</dd>`}
          ${now.cost_usual_today === null
            ? nothing
            : html`<dd class="also">${say("usual", { amount: format.money(now.cost_usual_today) })}</dd>`}
        </div>
        <div>
          <dt>${say("this_month")}</dt>
          <dd>${now.cost_month === null ? "–" : format.money(now.cost_month)}</dd>
        </div>
        <div class="wide">
          <dt>${say("price_now")}</dt>
          <dd>${say("per_kwh", { price: format.price(now.price) })} ${period(now.period)}</dd>
          ${next
            ? html`<dd class="also">
                ${say("price_next", { time: format.time(next.at), price: format.price(next.price) })} ${period(next.period)}
              </dd>`
            : nothing}
        </div>
      </dl>
    </section>`;
  }

  private _liveness(): TemplateResult {
    const { app } = this;
    const stale = app.offline || !app.live.streaming;
    if (!stale) return html`<span class="live"><span class="pulse" aria-hidden="true"></span>${app.say("live")}</span>`;
    const clock = new Intl.DateTimeFormat(app.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const time = app.overviewAt ? clock.format(app.overviewAt) : "";
    return html`<span class="live stale">${app.say("updated_at", { time })}</span>`;
  }

  private _warnings({ warnings }: Overview): TemplateResult | typeof nothing {
    if (warnings.length === 0) return nothing;
    return html`<section>
      <h2>${this.app.say("warnings")}</h2>
      <ul class="plain-list warnings">
        ${warnings.map(({ text }) => html`<li>${alert}<span>${text}</span></li>`)}
      </ul>
    </section>`;
  }

  private _announcements({ announcements }: Overview): TemplateResult | typeof nothing {
    if (announcements.length === 0) return nothing;
    const { say, format } = this.app;
    return html`<section>
      <h2>${say("announcements")}</h2>
      ${announcements.map(
        (each) => html`<article class=${each.read ? "announcement" : "announcement unread"}>
          <h3>${each.read ? nothing : bell}<span>${each.title || say("announcements")}</span></h3>
          <p class="body">${each.text}</p>
          ${each.until ? html`<p class="hint">${say("until", { time: format.moment(each.until) })}</p>` : nothing}
          ${each.read
            ? html`<p class="done">${check}<span>${say("announcement_was_read")}</span></p>`
            : html`<button type="button" class="secondary" ?disabled=${this._reading.has(each.id)} @click=${() => void this._read(each)}>
                ${say("announcement_read")}
              </button>`}
        </article>`,
      )}
    </section>`;
  }

  private async _read(announcement: Announcement): Promise<void> {
    const { app } = this;
    this._reading.add(announcement.id);
    app.changed();
    try {
      const done = await app.guarded(() => app.api.post(`/api/announcements/${encodeURIComponent(announcement.id)}/read`));
      if (done !== null) {
        announcement.read = true;
        app.announce(app.say("announcement_was_read"));
      }
    } catch (error) {
      app.note = app.worded(asFault(error));
    }
    this._reading.delete(announcement.id);
    app.changed();
  }

  private _meters({ meters }: Overview): TemplateResult | typeof nothing {
    if (meters.length < 2) return nothing;
    const { say, format } = this.app;
    return html`<section>
      <h2>${say("meters")}</h2>
      <ul class="plain-list rows">
        ${meters.map(
          (meter) => html`<li>
            <span><bdi>${meter.name}</bdi><span class="also">${meter.reference}</span></span>
            <span class="right">
              ${meter.online && meter.power_w !== null ? format.power(meter.power_w) : "–"}
              <span class="also">${wordFor(say, "relay", meter.relay)}</span>
            </span>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  private _messages({ messages }: Overview): TemplateResult | typeof nothing {
    if (messages.length === 0) return nothing;
    const { say, format } = this.app;
    return html`<details>
      <summary>${say("messages")} (${messages.length})</summary>
      <ul class="plain-list rows">
        ${messages.map(
          (each) => html`<li class="message">
            <strong>${each.title}</strong><span>${each.text}</span><span class="also">${format.moment(each.at)}</span>
          </li>`,
        )}
      </ul>
    </details>`;
  }
}
