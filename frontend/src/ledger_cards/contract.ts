/** What the actions answer, as far as the cards show it. Amounts are decimal numbers as text; `until` is a day behind. */

export interface RunHead {
  readonly run: string | null;
  readonly since: string;
  readonly until: string;
  readonly state: "proposed" | "posted" | "rejected" | "reversed" | null;
  readonly time?: string;
  readonly user?: string;
  readonly steps?: readonly { readonly step: string; readonly time: string; readonly user: string; readonly reason: string }[];
}

export interface CostLine {
  readonly name: string;
  readonly amount: string;
  readonly fixed: boolean;
  readonly meter?: string;
  readonly energy_wh?: number;
  readonly missing?: string;
  readonly supplier?: string;
  readonly pool?: string;
}

export interface PoolResult {
  readonly pool: string;
  readonly kind: "energy" | "service";
  readonly cost: string;
  readonly tenants: string;
  readonly owner: string;
  readonly tax: { readonly percent: string; readonly included: boolean };
  readonly gross_up: string;
  readonly costs: readonly CostLine[];
}

export interface ShareLine {
  readonly pool: string;
  readonly amount: string;
  readonly explanation: string;
}

export interface AccountShare {
  readonly amount: string;
  readonly tax: string;
  readonly total: string;
  readonly lines?: readonly ShareLine[];
}

export interface Markup {
  readonly sold_wh: number;
  readonly sold: string;
  readonly sold_price: string | null;
  readonly bought_wh: number;
  readonly bought: string;
  readonly bought_price: string | null;
  readonly difference: string | null;
}

export interface Run extends RunHead {
  readonly owner: string | null;
  readonly currency: string;
  readonly pools: readonly PoolResult[];
  readonly accounts: Readonly<Record<string, AccountShare>>;
  readonly notes: readonly { readonly pool: string; readonly note: string; readonly text: string }[];
  readonly markup?: Markup;
}

export interface PoolCost {
  readonly meters?: readonly string[];
  readonly bill?: string;
  readonly losses?: string;
  readonly amount?: string | number;
  readonly name?: string;
  readonly pool?: string;
}

export interface Pools {
  readonly currency: string;
  readonly pools: readonly {
    readonly name: string;
    readonly content: {
      readonly kind: "energy" | "service";
      readonly costs: readonly PoolCost[];
      readonly basis?: string | Readonly<Record<string, string | number>>;
      readonly percent?: Readonly<Record<string, string | number>>;
    } | null;
    readonly warnings: readonly string[];
  }[];
}

export interface Bill {
  readonly supplier: string;
  readonly number: string;
  readonly name: string;
  readonly since: string;
  readonly until: string;
  readonly amount: string;
  readonly tax: string;
  readonly energy_wh: number;
  readonly document: string;
  readonly user: string;
  readonly cancelled?: { readonly time: string; readonly user: string; readonly reason: string } | null;
  readonly replayed?: boolean;
}

export interface Fault {
  readonly line: number;
  readonly path: string;
  readonly message: string;
}

interface File {
  readonly path: string;
  readonly link: string;
}

export interface Papers {
  readonly accounts: Readonly<Record<string, { readonly number?: number; readonly files?: Readonly<Record<string, File>>; readonly error?: string }>>;
  readonly files?: Readonly<Record<string, File>>;
  readonly printed?: number;
  readonly cancelled?: boolean;
}

export interface FeederBalance {
  readonly main_kwh: string;
  readonly meters_kwh: string;
  readonly loss_kwh: string;
  readonly loss_percent: string | null;
  readonly expected_percent: string;
  readonly unexplained_kwh: string;
  readonly unexplained_percent: string | null;
  readonly hours_known: number;
  readonly hours_unknown: number;
  readonly meters_missing: Readonly<Record<string, number>>;
}

export interface HourBalance {
  readonly at: string;
  readonly main_kwh: string | null;
  readonly meters_kwh: string | null;
  readonly loss_kwh: string | null;
  readonly meters_missing: readonly string[];
}

export interface DayBalance extends FeederBalance {
  readonly day: string;
}

export interface EnergyBalance {
  readonly feeders: Readonly<
    Record<string, FeederBalance & {
      readonly alarm_since: string | null;
      readonly days?: readonly DayBalance[];
      readonly hours?: readonly HourBalance[];
    }>
  >;
  readonly findings: readonly {
    readonly kind: string;
    readonly feeder: string | null;
    readonly meter: string | null;
    readonly meter_name: string | null;
    readonly since: string;
    readonly until: string;
    readonly energy_kwh: string;
    readonly advice: string;
  }[];
  readonly night_base_loads: readonly {
    readonly meter: string;
    readonly meter_name: string | null;
    readonly usual_w: number;
    readonly last_night_w: number;
    readonly growth_percent: string | null;
    readonly kwh_a_year: string;
  }[];
}
