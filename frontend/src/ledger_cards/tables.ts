/** What the cards show, worked out of the answers: plain data, without a page. */
import { compareNames } from "../site_model.ts";
import type { Site } from "../site_model.ts";
import type { CostLine, PoolResult, Pools, Run } from "./contract.ts";

/** A part of a pool's cost that its pictures show as a bar: a meter, a circuit, a bill. */
export interface CostPart {
  readonly name: string;
  readonly amount: number;
  readonly energyWh: number | undefined;
  readonly serial: string | undefined;
  /** Of the pool's cost, 0 to 1. */
  readonly part: number;
}

/** The cost lines of a pool, added up by meter or by name, the greatest first. What is not known is left out. */
export function costParts(costs: readonly CostLine[], meterName: (serial: string) => string): CostPart[] {
  const parts = new Map<string, { amount: number; energyWh: number | undefined; serial: string | undefined; name: string }>();
  for (const line of costs) {
    if (line.missing !== undefined) continue;
    const key = line.meter ?? line.name;
    const known = parts.get(key);
    const energyWh = line.energy_wh === undefined ? known?.energyWh : (known?.energyWh ?? 0) + line.energy_wh;
    const name = line.meter === undefined ? line.name : meterName(line.meter);
    parts.set(key, { name, serial: line.meter, energyWh, amount: (known?.amount ?? 0) + Number(line.amount) });
  }
  const whole = [...parts.values()].reduce((sum, part) => sum + Math.max(0, part.amount), 0);
  return [...parts.values()]
    .map((part) => ({ ...part, part: whole > 0 ? part.amount / whole : 0 }))
    .sort((one, other) => other.amount - one.amount || compareNames(one.name, other.name));
}

/** The meters of a pool as it is defined, for those who look at what they draw now. */
export function metersOf(pool: Pools["pools"][number]): string[] {
  return (pool.content?.costs ?? []).flatMap((cost) => (cost.meters ?? []).map(String));
}

/** The names of bills that pools ask for, once each. */
export function billNames(pools: Pools | undefined): string[] {
  const names = (pools?.pools ?? []).flatMap((pool) => (pool.content?.costs ?? []).flatMap((cost) => (cost.bill === undefined ? [] : [cost.bill])));
  return [...new Set(names)].sort(compareNames);
}

/** An account's part of each pool of a run, in the order of the pools; `undefined` where it has none. */
export function sharesByPool(run: Run, account: string): (number | undefined)[] {
  const lines = run.accounts[account]?.lines ?? [];
  return run.pools.map(({ pool }) => {
    const own = lines.filter((line) => line.pool === pool);
    return own.length === 0 ? undefined : own.reduce((sum, line) => sum + Number(line.amount), 0);
  });
}

/** Cost, tenants' and owner's part of all pools together; what pools have of one another is counted once. */
export function totals(pools: readonly PoolResult[]): { cost: number; tenants: number; owner: number } {
  const sum = (key: "cost" | "tenants" | "owner"): number => pools.reduce((all, pool) => all + Number(pool[key]), 0);
  return { cost: sum("cost"), tenants: sum("tenants"), owner: sum("owner") };
}

/** The accounts whose number or name has what was typed, in their order. */
export function found(numbers: readonly string[], typed: string, nameOf: (number: string) => string): string[] {
  const wanted = typed.trim().toLowerCase();
  const sorted = [...numbers].sort(compareNames);
  return wanted === "" ? sorted : sorted.filter((number) => `${number} ${nameOf(number)}`.toLowerCase().includes(wanted));
}

/** What an account is called: its device's name begins with its number. */
export function accountName(site: Site | undefined, number: string): string {
  const shop = site?.shops.find(({ name }) => name === number || name.startsWith(`${number} `));
  return shop?.name ?? number;
}

export function meterName(site: Site | undefined, serial: string): string {
  return site?.meters.find((meter) => meter.serial === serial)?.name ?? serial;
}
