/** Pieces that several pages are made of. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app.ts";
import { arrow } from "../icons.ts";

/** A page's heading: where the focus goes when the page is shown. */
export function heading(text: string): TemplateResult {
  return html`<h1 id="title" tabindex="-1">${text}</h1>`;
}

export function backLink(app: App, name = "", label = app.say("back")): TemplateResult {
  return html`<p class="back"><a href=${`#/${name}`}>${arrow}<span>${label}</span></a></p>`;
}

/** Where WeChat is asked who is there; it leads back to a page of ours. */
export function askWeChat(page: string): string {
  return `/wechat/oauth/start?back=${encodeURIComponent(`/#/${page}`)}`;
}

/** What a WeChat user can do who is not known yet. */
export function weChatLogin(app: App, page: string, kind: "primary" | "secondary"): TemplateResult | typeof nothing {
  const wechat = app.session?.wechat;
  return wechat?.inside && wechat.oauth ? html`<a class=${kind} href=${askWeChat(page)}>${app.say("wechat_login")}</a>` : nothing;
}

export interface Field {
  id: string;
  label: string;
  hint?: string;
  error?: string;
  value: string;
  changed: (value: string) => void;
  inputmode?: "text" | "numeric" | "decimal";
  autocomplete?: string;
  type?: "text" | "password";
  maxlength?: number;
  prefix?: string;
}

/** A text field with its label, its hint and, next to it, what is wrong with it. */
export function field(it: Field): TemplateResult {
  const described = [it.hint && `${it.id}-hint`, it.error && `${it.id}-error`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${it.id}>${it.label}</label>
    <div class="input">
      ${it.prefix ? html`<span class="prefix" aria-hidden="true">${it.prefix}</span>` : nothing}
      <input
        id=${it.id}
        name=${it.id}
        type=${it.type ?? "text"}
        inputmode=${it.inputmode ?? "text"}
        autocomplete=${it.autocomplete ?? "off"}
        autocapitalize="off"
        spellcheck="false"
        maxlength=${it.maxlength ?? 64}
        aria-invalid=${it.error ? "true" : "false"}
        aria-describedby=${described || nothing}
        .value=${it.value}
        @input=${(event: Event) => it.changed((event.target as HTMLInputElement).value)}
      />
    </div>
    ${it.hint ? html`<p class="hint" id=${`${it.id}-hint`}>${it.hint}</p>` : nothing}
    ${errorText(`${it.id}-error`, it.error)}
  </div>`;
}

/** What is wrong, in words; told at once by a screen reader. */
export function errorText(id: string, text: string | undefined): TemplateResult {
  return html`<p class="error" id=${id} role="alert" ?hidden=${!text}>${text ?? ""}</p>`;
}

export interface Press {
  busy?: boolean;
  kind?: "submit" | "button";
  click?: () => void;
}

/** The one button of a page that does what the page is for. */
export function primary(label: string, { busy = false, kind = "submit", click }: Press = {}): TemplateResult {
  return html`<button type=${kind} class="primary" ?disabled=${busy} aria-busy=${busy} @click=${click ?? nothing}>${label}</button>`;
}

/** Move the focus to a field once it is drawn. */
export function focusOn(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}

export function loading(app: App): TemplateResult {
  return html`<p class="loading" role="status">${app.say("loading")}</p>`;
}

export function failure(app: App, text: string, again: () => void): TemplateResult {
  return html`<div class="note bad" role="alert">
    <span>${text}</span>
    <button type="button" class="quiet" @click=${again}>${app.say("try_again")}</button>
  </div>`;
}

/** Handle a form's sending by a function, not by the browser. */
export function sent(work: () => void): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    work();
  };
}
