/** Building elements: text is always text, so nothing that a person typed can become markup. */

export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Attributes = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | null | undefined>>;

/** An element with its attributes, listeners (`onclick`) and children; what is null or false is left out. */
export function el(name: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, String(value));
  }
  append(element, children);
  return element;
}

function append(parent: HTMLElement, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, child as readonly Child[]);
    else parent.append(child instanceof Node ? child : String(child));
  }
}

/** A table with a head; columns from `numbers` on are numbers, which stand to the right. */
export function table(head: readonly string[], rows: readonly HTMLElement[], options: { label: string; numbers?: number }): HTMLElement {
  const numbers = options.numbers ?? head.length;
  const cells = head.map((text, index) => el("th", { scope: "col", class: index >= numbers ? "number" : null }, text));
  return el("div", { class: "scroll" }, el("table", { "aria-label": options.label }, el("thead", {}, el("tr", {}, cells)), el("tbody", {}, rows)));
}

export function row(cells: readonly Child[], options: { numbers?: number; class?: string; onclick?: () => void } = {}): HTMLElement {
  const numbers = options.numbers ?? cells.length;
  const built = cells.map((cell, index) => el("td", { class: index >= numbers ? "number" : null }, cell));
  return el("tr", { class: options.class, onclick: options.onclick }, built);
}

/** A bar of `part` of the whole width (0 to 1), with what it means for those who cannot see it. */
export function bar(part: number, tone: string, label: string): HTMLElement {
  const width = `${(100 * Math.max(0, Math.min(1, part))).toFixed(1)}%`;
  return el("div", { class: "bar", role: "img", "aria-label": label, title: label }, el("span", { class: tone, style: `width:${width}` }));
}
