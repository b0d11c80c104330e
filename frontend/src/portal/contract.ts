/** What the portal's API answers, as far as the page uses it. Money is decimal text, times are ISO 8601 with offset. */

export type LanguageTag = "en" | "zh-Hans" | "ms";

/** 0: a meter number was given. 1: its code or PIN. 2: a device that staff or WeChat vouched for. */
export type Level = 0 | 1 | 2;

export interface MeterShown {
  reference: string;
  /** The number as far as a stranger may see it: its last characters. */
  shown: string;
  /** The shop's name, masked. */
  shop: string;
}

export interface Session {
  csrf: string;
  level: Level;
  language: LanguageTag;
  languages: LanguageTag[];
  site: { name: string; currency: string; digits: number; sandbox: boolean; open: boolean };
  meter: MeterShown | null;
  wechat: { inside: boolean; known: boolean; oauth: boolean };
  expires_at: string;
}

export type Method = "jsapi" | "redirect" | "qr" | "cashier" | "automatic";

export interface Provider {
  key: string;
  title: string;
  kind: string;
  methods: Method[];
  sandbox: boolean;
  automatic: boolean;
}

export interface Terms {
  amounts: string[];
  minimum: string;
  maximum: string | null;
  currency: string;
  providers: Provider[];
}

/** Where a part of a payment goes; `name` is a debt's. */
export interface Step {
  kind: "percent_debt" | "time_debt" | "below_cut_off" | "emergency" | "balance";
  name: string;
  amount: string;
}

export interface Preview {
  amount: string;
  steps: Step[];
  before: string;
  after: string;
  reconnects: boolean;
}

export type Checkout =
  | { kind: "jsapi"; parameters: Record<string, string> }
  | { kind: "redirect"; url: string }
  | { kind: "qr"; text: string; svg: string }
  | { kind: "cashier"; text: string; svg: string; reference: string }
  | { kind: "charged" };

export interface OrderRequest {
  key: string;
  amount: string;
  provider: string;
  method: Method;
  keep_means?: boolean;
}

export interface Ordered {
  id: string;
  state: OrderState;
  amount: string;
  expires_at: string;
  checkout: Checkout;
}

export type OrderState = "new" | "open" | "closing" | "closed" | "paid";
export type Power = "on" | "coming" | "off" | "unknown";

export interface Order {
  id: string;
  state: OrderState;
  amount: string;
  paid_at: string | null;
  power: Power;
  /** The reference of the receipt, once there is one. */
  receipt: string | null;
  /** How it stands, in words. */
  note: string;
}

export interface Overview {
  name: string;
  balance: string;
  available_credit: string;
  low: boolean;
  days_left: number | null;
  empty_at: string | null;
  power_w: number | null;
  energy_today_kwh: string | null;
  cost_today: string | null;
  cost_month: string | null;
  cost_usual_today: string | null;
  price: string;
  period: string;
  next_price: { price: string; period: string; at: string } | null;
  supply: { state: string; on: boolean; reason: string | null; what_to_do: string | null; until: string | null };
  warnings: { kind: string; text: string }[];
  announcements: Announcement[];
  messages: { at: string; title: string; text: string }[];
  meters: {
    reference: string;
    name: string;
    relay: "closed" | "open" | "unknown";
    power_w: number | null;
    read_at: string | null;
    online: boolean;
  }[];
  can: { confirm_reconnect: boolean; emergency: { offered: string; in_use: string } | null };
}

export interface Announcement {
  id: string;
  title: string;
  text: string;
  from: string | null;
  until: string | null;
  read: boolean;
}

export interface History {
  days: { day: string; kwh: string; cost: string }[];
  top_ups: { at: string; amount: string; via: string; receipt: string | null; reference: string }[];
}

export interface Receipt {
  reference: string;
  receipt: string | null;
  at: string;
  amount: string;
  via: string;
  steps?: Step[];
}

export interface Settings {
  language: LanguageTag;
  alarm_threshold: string | null;
}

export interface Devices {
  devices: { id: string; name: string; bound_at: string; current: boolean }[];
}

export interface AutoTopUp {
  available: boolean;
  enabled: boolean;
  threshold: string | null;
  amount: string | null;
}

export interface StatementHead {
  number: string;
  since: string;
  until: string;
}

export interface Statement {
  since: string;
  until: string;
  /** By fund: what it held, and what moved it. */
  funds: Record<string, { opening_shown: string; closing_shown: string; lines: StatementLine[] }>;
}

export interface StatementLine {
  kind: string;
  item?: string;
  at: string;
  shown: string;
  energy_wh?: number;
  period?: string;
  demand?: { name: string };
  /** Of before the statement's time. */
  late?: boolean;
  /** A share of common costs; a reversed one is given back. */
  allocation?: { reversed: boolean };
}
