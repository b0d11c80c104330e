/** What the cards have in common: Home Assistant gives them its state, they ask, show the answer or the refusal. */
import type { HomeAssistant } from "../home_assistant.ts";
import { KnownSites } from "../known_sites.ts";
import type { Site } from "../site_model.ts";
import { ask, reasonOf } from "./actions.ts";
import type { Data } from "./actions.ts";
import { el } from "./dom.ts";
import type { Child } from "./dom.ts";
import { Format, today } from "./format.ts";
import { STYLE } from "./style.ts";
import { textsFor } from "./texts.ts";
import type { Texts } from "./texts.ts";

export interface CardConfig {
  readonly site: string;
}

export interface Confirmation {
  readonly text: string;
  readonly button: string;
  /** Whether whoever confirms has to say why. */
  readonly reason?: boolean;
  readonly danger?: boolean;
}

/** A card that asks the integration. It draws itself anew whenever something that it shows has changed. */
export abstract class LedgerCard extends HTMLElement {
  protected config: CardConfig = { site: "" };
  protected currency = "";
  protected busy = "";
  protected error = "";
  protected notice = "";
  private current: HomeAssistant | undefined;
  private readonly sites = new KnownSites();
  private readonly page = el("div", { class: "card" });

  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.attachShadow({ mode: "open" }).append(style, this.page);
  }

  setConfig(config: CardConfig): void {
    this.config = config;
  }

  set hass(hass: HomeAssistant) {
    const before = this.current;
    this.current = hass;
    if (before === undefined) {
      this.refresh();
      void this.load();
    } else if (before.language !== hass.language || this.concerns(before, hass)) {
      this.refresh();
    }
  }

  getCardSize(): number {
    return 8;
  }

  getGridOptions(): Record<string, unknown> {
    return { columns: "full", rows: "auto" };
  }

  protected get home(): HomeAssistant {
    if (this.current === undefined) throw new Error("no state yet");
    return this.current;
  }

  protected get texts(): Texts {
    return textsFor(this.home.language);
  }

  protected get format(): Format {
    return new Format(this.home.locale?.language ?? this.home.language, this.currency);
  }

  protected get site(): Site | undefined {
    return this.sites.of(this.home).find(({ id }) => id === this.config.site);
  }

  protected get today(): string {
    return today(this.home.config?.time_zone);
  }

  /** What the card shows first. */
  protected abstract load(): Promise<void>;

  protected abstract content(): Child[];

  /** Whether a change of states changes what is shown; most cards show what they asked for. */
  protected concerns(_before: HomeAssistant, _now: HomeAssistant): boolean {
    return false;
  }

  protected ask<Answer>(action: string, data: Data = {}): Promise<Answer> {
    return ask<Answer>(this.home, this.config.site, action, data);
  }

  /** Do something that takes a while; a refusal is shown, and leaves everything as it was. */
  protected async work(doing: string, work: () => Promise<void>): Promise<void> {
    if (this.busy !== "") return;
    [this.busy, this.error, this.notice] = [doing, "", ""];
    this.refresh();
    try {
      await work();
    } catch (error) {
      await this.tell(error);
    }
    this.busy = "";
    this.refresh();
  }

  /** Show why something was refused. */
  protected async tell(error: unknown): Promise<void> {
    [this.error, this.notice] = [await reasonOf(this.home, error), ""];
    this.refresh();
  }

  protected refresh(): void {
    const banners = [
      this.error === "" ? null : el("div", { class: "banner error", role: "alert" }, this.error),
      this.notice === "" ? null : el("div", { class: "banner notice", role: "status" }, this.notice),
      this.busy === "" ? null : el("div", { class: "banner busy", role: "status" }, el("span", { class: "spinner" }), this.busy),
    ];
    this.page.replaceChildren(el("div", { class: "content" }, banners, this.content()));
  }

  /** A button that does something at once, and is dead while something else is being done. */
  protected button(label: string, onclick: () => void, options: { kind?: string; disabled?: boolean } = {}): HTMLElement {
    const disabled = this.busy !== "" || options.disabled === true;
    return el("button", { type: "button", class: options.kind ?? "plain", disabled, onclick }, label);
  }

  /** A form that is built once, so that what somebody typed stays; it is sent only while nothing else is being done. */
  protected kept(form: HTMLElement): HTMLElement {
    for (const button of form.querySelectorAll("button")) button.disabled = this.busy !== "";
    return form;
  }

  /** Ask before something that moves money; calls back with the reason that was given, if one was. */
  protected confirm(question: Confirmation, confirmed: (reason: string) => void): void {
    const input = question.reason ? (el("input", { type: "text", maxlength: 200, required: true }) as HTMLInputElement) : undefined;
    const dialog = el(
      "dialog",
      { "aria-label": question.button },
      el("p", {}, question.text),
      input ? el("label", { class: "field" }, this.texts.reason, input) : null,
      el(
        "div",
        { class: "buttons end" },
        el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, this.texts.back),
        el("button", { type: "button", class: question.danger ? "danger" : "primary", onclick: () => {
          const reason = input?.value.trim() ?? "";
          if (input !== undefined && reason === "") return void input.focus();
          dialog.close();
          confirmed(reason);
        } }, question.button),
      ),
    ) as HTMLDialogElement;
    dialog.addEventListener("close", () => dialog.remove());
    this.shadowRoot?.append(dialog); // beside the page, which is drawn anew whenever something changes
    dialog.showModal();
  }
}

/** A labelled field. */
export function field(label: string, input: HTMLElement): HTMLElement {
  return el("label", { class: "field" }, label, input);
}

export function value(input: HTMLElement): string {
  return (input as HTMLInputElement).value.trim();
}
