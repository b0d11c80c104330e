/** Where a payment goes: debts first, the rest to the balance. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app.ts";
import type { Step } from "../contract.ts";

export function stepList(app: App, steps: Step[], after?: string): TemplateResult {
  const { say, format } = app;
  const seen = steps.filter((step) => Number(step.amount) >= 0.5 / 10 ** (app.session?.site.digits ?? 2));
  return html`<ul class="plain-list rows steps">
    ${seen.map(
      (step) => html`<li>
        <span>${say(`step_${step.kind}`, { name: step.name })}</span><span class="right">${format.money(step.amount)}</span>
      </li>`,
    )}
    ${after === undefined
      ? nothing
      : html`<li class="sum"><span>${say("balance_after")}</span><span class="right">${format.money(after)}</span></li>`}
  </ul>`;
}
