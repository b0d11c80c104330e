/** The few pictures of the page, drawn with lines; all are decoration, the words stand beside them. */
import { svg, html, type SVGTemplateResult, type TemplateResult } from "lit-html";

function icon(paths: SVGTemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${paths}</svg>`;
}

export const bolt = icon(svg`<path d="M13 2 5 13.5h6L10 22l9-12h-6.5z"/>`);
export const house = icon(svg`<path d="M4 11 12 4l8 7M6 9.5V20h12V9.5M10 20v-6h4v6"/>`);
export const plus = icon(svg`<circle cx="12" cy="12" r="9"/><path d="M12 8v8M8 12h8"/>`);
export const bars = icon(svg`<path d="M5 20v-7M10 20V6M15 20v-9M20 20V9"/>`);
export const sliders = icon(svg`<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`);
export const check = icon(svg`<path d="m5 12.5 5 5L19.5 7"/>`);
export const alert = icon(svg`<path d="M12 3.5 2.5 20h19zM12 10v4.5M12 17.4v.1"/>`);
export const bell = icon(svg`<path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4"/>`);
export const chevron = icon(svg`<path d="m9 5 7 7-7 7"/>`);
export const arrow = icon(svg`<path d="M20 12H5M11 5l-7 7 7 7"/>`);
export const off = icon(svg`<path d="M12 3v9M7 6a8 8 0 1 0 10 0"/>`);
