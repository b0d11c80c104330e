/** What stands around every page: the mall's name, the language, what went wrong, the way to the other pages. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App, Page } from "./app.ts";
import { bars, house, plus, sliders } from "./icons.ts";
import { LANGUAGE_NAMES, isLanguage } from "./texts/index.ts";
import type { LanguageTag } from "./contract.ts";

export function shell(app: App, page: Page | null, spoken: string): TemplateResult {
  const { say, session } = app;
  return html`
    <a class="skip" href="#content" @click=${skip}>${say("skip")}</a>
    <header class="top">
      <p class="site">${session?.site.name ?? ""}</p>
      ${languagePicker(app)}
    </header>
    ${session?.site.sandbox ? html`<p class="sandbox">${say("sandbox")}</p>` : nothing}
    ${app.offline ? html`<p class="note bad" role="status">${say("offline")}</p>` : nothing}
    ${app.expiring
      ? html`<p class="note expiring">
          <span>${say("expiring")}</span>
          <button type="button" class="quiet" @click=${() => void app.stay()}>${say("stay")}</button>
        </p>`
      : nothing}
    <main id="content" tabindex="-1">${app.noteView()}${page ? page.view() : waiting(app)}</main>
    ${app.level >= 1 ? navigation(app) : nothing}
    <p class="unseen" role="status" aria-live="polite">${spoken}</p>
  `;
}

function waiting(app: App): TemplateResult {
  return html`<h1 id="title" tabindex="-1" class="unseen">${app.say("loading")}</h1>
    <p class="loading" aria-hidden="true">${app.say("loading")}</p>`;
}

/** The address after `#` is the page's: the skip link must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function languagePicker(app: App): TemplateResult {
  const offered = app.session?.languages.filter(isLanguage) ?? (Object.keys(LANGUAGE_NAMES) as LanguageTag[]);
  return html`<label class="language">
    <span class="unseen">${app.say("language")}</span>
    <select @change=${(event: Event) => void app.choose((event.target as HTMLSelectElement).value as LanguageTag)}>
      ${offered.map((tag) => html`<option value=${tag} lang=${tag} ?selected=${tag === app.language}>${LANGUAGE_NAMES[tag]}</option>`)}
    </select>
  </label>`;
}

function navigation(app: App): TemplateResult {
  const { say } = app;
  const places = [
    { name: "", icon: house, label: say("home") },
    { name: "top-up", icon: plus, label: say("top_up") },
    { name: "history", icon: bars, label: say("history") },
    { name: "settings", icon: sliders, label: say("settings") },
  ];
  return html`<nav class="places" aria-label=${say("navigation")}>
    ${places.map(
      ({ name, icon, label }) =>
        html`<a href=${`#/${name}`} aria-current=${app.route.name === name ? "page" : nothing}>${icon}<span>${label}</span></a>`,
    )}
  </nav>`;
}
