/** A chart of columns: what was counted and, on top of it, what got lost. */
import { el } from "./dom.ts";

/** Without numbers it is not known, which is drawn as such and never as nothing. */
export interface Column {
  readonly at: string;
  readonly label: string;
  readonly energy?: number;
  readonly loss?: number;
}

/** The heights of a column's parts in percent of the highest one; a loss below zero is not drawn. */
export function heights(columns: readonly Column[]): ({ energy: number; loss: number } | undefined)[] {
  const most = Math.max(0, ...columns.map(({ energy = 0, loss = 0 }) => energy + Math.max(0, loss)));
  return columns.map(({ energy, loss }) => {
    if (energy === undefined || loss === undefined) return undefined;
    const part = (amount: number): number => (most > 0 ? (100 * Math.max(0, amount)) / most : 0);
    return { energy: part(energy), loss: part(loss) };
  });
}

/** Draw it, or nothing where no column is known. */
export function columns(all: readonly Column[], names: { energy: string; loss: string }, label: string): HTMLElement | undefined {
  const drawn = heights(all);
  if (drawn.every((one) => one === undefined)) return undefined;
  const bars = all.map((column, index) => {
    const one = drawn[index];
    const part = (kind: string, height: number): HTMLElement => el("span", { class: kind, style: `height:${height.toFixed(1)}%` });
    return el("div", { class: "column", title: column.label }, one === undefined ? el("span", { class: "unknown" }) : [part("loss", one.loss), part("energy", one.energy)]);
  });
  const key = (kind: "energy" | "loss"): HTMLElement => el("span", {}, el("span", { class: `key ${kind}` }), names[kind]);
  return el("div", {}, el("div", { class: "chart", role: "img", "aria-label": label }, bars), el("div", { class: "legend" }, key("energy"), key("loss"), el("span", {}, `${all[0]?.at ?? ""} – ${all.at(-1)?.at ?? ""}`)));
}
