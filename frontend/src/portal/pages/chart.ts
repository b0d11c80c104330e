/** Energy per day as bars, told in a sentence for who does not see them; the numbers are in a table below. */
import { html, svg, type TemplateResult } from "lit-html";
import type { App } from "../app.ts";
import type { History } from "../contract.ts";

const STEP = 10;
const HEIGHT = 100;
const LEAST = 0.8;
/** Days on which next to nothing was used look like that. */
const LEAST_SCALE_KWH = 1;

type Day = History["days"][number];

export function dayChart(app: App, days: Day[]): TemplateResult {
  const { say, format } = app;
  const energies = days.map(({ kwh }) => Number(kwh));
  const mostDay = days[energies.indexOf(Math.max(...energies))]!;
  const most = Math.max(Number(mostDay.kwh), LEAST_SCALE_KWH);
  const average = energies.reduce((sum, kwh) => sum + kwh, 0) / days.length;
  const first = days[0]!;
  const last = days[days.length - 1]!;
  const line = HEIGHT - (average / most) * HEIGHT;
  const told = say("daily_chart", {
    from: format.shortDay(first.day),
    to: format.shortDay(last.day),
    most: format.energy(mostDay.kwh),
    most_day: format.shortDay(mostDay.day),
    average: format.energy(String(average)),
  });
  return html`<figure class="chart">
    <svg viewBox=${`0 0 ${days.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${told}>
      ${days.map((day, index) => {
        const height = Math.max((energies[index]! / most) * HEIGHT, LEAST);
        return svg`<rect x=${index * STEP + 1.5} y=${HEIGHT - height} width=${STEP - 3} height=${height}
          class=${day === mostDay ? "most" : ""}></rect>`;
      })}
      <line x1="0" x2=${days.length * STEP} y1=${line} y2=${line} vector-effect="non-scaling-stroke"></line>
    </svg>
    <div class="axis" aria-hidden="true"><span>${format.shortDay(first.day)}</span><span>${format.shortDay(last.day)}</span></div>
    <figcaption>
      <span>${say("average")} <strong>${format.energy(String(average))}</strong></span>
      <span>${say("most")} <strong>${format.energy(mostDay.kwh)}</strong> ${format.shortDay(mostDay.day)}</span>
    </figcaption>
  </figure>`;
}
