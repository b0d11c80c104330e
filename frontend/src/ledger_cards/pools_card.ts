/** What each shared cost is made of: every escalator, chiller and bill with its part, and its load at this moment. */
import type { HomeAssistant } from "../home_assistant.ts";
import { LedgerCard } from "./base.ts";
import type { Pools, Run, RunHead } from "./contract.ts";
import { bar, el } from "./dom.ts";
import type { Child } from "./dom.ts";
import { costParts, meterName, metersOf } from "./tables.ts";
import type { CostPart } from "./tables.ts";
import { filled } from "./texts.ts";
import type { Texts } from "./texts.ts";

type PoolShown = Pools["pools"][number];

export class PoolsCard extends LedgerCard {
  private pools: Pools | undefined;
  private run: Run | undefined;

  protected async load(): Promise<void> {
    await this.work(this.texts.loading, async () => {
      this.pools = await this.ask<Pools>("get_pools");
      this.currency = this.pools.currency;
      const { runs } = await this.ask<{ runs: readonly RunHead[] }>("list_allocations");
      const latest = [...runs].reverse().find(({ state }) => state === "posted" || state === "proposed");
      if (latest?.run) this.run = await this.ask<Run>("get_allocation", { run: latest.run, lines: false });
    });
  }

  protected override concerns(before: HomeAssistant, now: HomeAssistant): boolean {
    const powers = (this.pools?.pools ?? []).flatMap(metersOf).flatMap((serial) => this.powerOf(serial) ?? []);
    return powers.some((entity) => before.states[entity]?.state !== now.states[entity]?.state);
  }

  protected content(): Child[] {
    const inForce = (this.pools?.pools ?? []).filter(({ content }) => content !== null);
    if (this.pools === undefined) return [];
    if (inForce.length === 0) return [el("p", { class: "muted" }, this.texts.noPools)];
    const said = this.run === undefined ? this.texts.loadOnly : filled(this.texts.ofRun, { days: this.format.days(this.run.since, this.run.until) });
    return [el("p", { class: "muted small" }, said), el("div", { class: "pools" }, inForce.map((pool) => this.pool(pool)))];
  }

  private pool(pool: PoolShown): HTMLElement {
    const result = this.run?.pools.find((one) => one.pool === pool.name);
    const kind = pool.content?.kind === "energy" ? this.texts.kindEnergy : this.texts.kindService;
    const title = el("div", { class: "parts" }, el("h4", {}, pool.name), result ? el("b", {}, this.format.money(result.cost)) : null);
    const parts = result === undefined ? this.byLoad(pool) : costParts(result.costs, (serial) => meterName(this.site, serial));
    return el(
      "div",
      { class: "pool" },
      title,
      el("p", { class: "muted small" }, `${kind} · ${basisText(pool, this.texts)}`),
      parts.map((part) => this.partRow(part)),
      pool.warnings.map((warning) => el("p", { class: "small" }, warning)),
    );
  }

  private partRow(part: CostPart): HTMLElement {
    const load = part.serial === undefined ? undefined : this.loadOf(part.serial);
    const figures = [
      part.amount > 0 || part.energyWh !== undefined ? this.format.money(String(part.amount)) : "",
      part.energyWh === undefined ? "" : this.format.kwh(part.energyWh),
      load === undefined ? "" : this.format.watts(load),
    ].filter((text) => text !== "");
    const shown = this.format.percent(part.part);
    return el("div", { class: "parts" }, el("span", {}, part.name), el("span", { class: "small" }, [...figures, shown].join(" · ")), bar(part.part, part.serial === undefined ? "owner" : "energy", `${part.name}: ${shown}`));
  }

  /** As long as there is no run, the parts are those of the load at this moment. */
  private byLoad(pool: PoolShown): CostPart[] {
    const loads = metersOf(pool).map((serial) => ({ serial, load: this.loadOf(serial) ?? 0 }));
    const whole = loads.reduce((sum, { load }) => sum + load, 0);
    return loads.map(({ serial, load }) => ({ name: meterName(this.site, serial), serial, amount: 0, energyWh: undefined, part: whole > 0 ? load / whole : 0 }));
  }

  private powerOf(serial: string): string | undefined {
    return this.site?.meters.find((meter) => meter.serial === serial)?.entities["power"];
  }

  /** The power of a meter now, in W; nothing if it is not known. */
  private loadOf(serial: string): number | undefined {
    const entity = this.powerOf(serial);
    const state = entity === undefined ? undefined : this.home.states[entity];
    const power = Number.parseFloat(state?.state ?? "");
    if (Number.isNaN(power)) return undefined;
    return state?.attributes["unit_of_measurement"] === "kW" ? power * 1000 : power;
  }
}

/** By what a pool is split: `floor area 60 %, metered energy 40 %`. */
function basisText(pool: PoolShown, texts: Texts): string {
  const basis = pool.content?.basis;
  const name = (key: string): string => texts[`basis_${key}` as keyof Texts] ?? key;
  if (basis === undefined) return name(pool.content?.percent === undefined ? "floor_area" : "percent");
  if (typeof basis === "string") return name(basis);
  return Object.entries(basis).map(([key, percent]) => `${name(key)} ${percent} %`).join(", ");
}
