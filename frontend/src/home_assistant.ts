/**
 * The few parts of Home Assistant's frontend that the dashboard reads, and the cards that it writes.
 *
 * Home Assistant publishes no package of these types. Only what is used stands here, every field that a release may
 * lack is optional, and no element of Home Assistant is ever touched: the dashboard is plain configuration, and the cards of our own ask
 * Home Assistant's connection and nothing else.
 */

export interface EntityState {
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface EntityEntry {
  readonly entity_id: string;
  readonly device_id?: string | null;
  readonly area_id?: string | null;
  readonly platform?: string;
  readonly translation_key?: string | null;
  readonly hidden?: boolean;
}

export interface DeviceEntry {
  readonly id: string;
  readonly name?: string | null;
  readonly name_by_user?: string | null;
  readonly area_id?: string | null;
  readonly serial_number?: string | null;
  readonly identifiers?: readonly (readonly [domain: string, id: string])[];
  readonly parent_device_id?: string | null;
  readonly config_entry_id?: string | null;
  readonly primary_config_entry?: string | null;
  readonly config_entries?: readonly string[];
}

export interface AreaEntry {
  readonly area_id: string;
  readonly name: string;
  readonly icon?: string | null;
}

export interface HomeAssistant {
  readonly language: string;
  readonly states: Readonly<Record<string, EntityState | undefined>>;
  readonly entities: Readonly<Record<string, EntityEntry>>;
  readonly devices: Readonly<Record<string, DeviceEntry>>;
  readonly areas: Readonly<Record<string, AreaEntry>>;
  readonly user?: { readonly is_admin: boolean };
  readonly locale?: { readonly language: string };
  readonly config?: { readonly time_zone?: string };
  readonly callWS?: <Result>(message: Readonly<Record<string, unknown>>) => Promise<Result>;
  readonly fetchWithAuth?: (path: string, options: RequestInit) => Promise<Response>;
  readonly loadBackendTranslation?: (category: string, integration: string) => Promise<Localize>;
}

export type Localize = (key: string, placeholders?: Readonly<Record<string, string>>) => string;

export type Condition =
  | { condition: "state"; entity: string; state: string | string[] }
  | { condition: "state"; entity: string; state_not: string | string[] }
  | { condition: "numeric_state"; entity: string; above?: number; below?: number }
  | { condition: "not"; conditions: Condition[] };

export interface Card {
  type: string;
  visibility?: Condition[];
  grid_options?: { columns?: number | "full"; rows?: number | "auto" };
  [option: string]: unknown;
}

export interface Badge {
  type: "entity";
  entity: string;
  visibility?: Condition[];
  [option: string]: unknown;
}

/** A button beside a heading. */
export interface ButtonBadge {
  type: "button";
  text: string;
  tap_action: Record<string, unknown>;
}

export interface Section {
  type: "grid";
  cards: Card[];
  column_span?: number;
  visibility?: Condition[];
}

export interface SectionsView {
  type: "sections";
  title?: string;
  max_columns: number;
  dense_section_placement?: boolean;
  sections: Section[];
}

export interface PanelView {
  type: "panel";
  cards: Card[];
}

export interface StrategyView {
  strategy: { type: string; [option: string]: unknown };
}

/** A view as the dashboard lists it: its tab, and either its content or the strategy that makes the content. */
export type DashboardView = (SectionsView | PanelView | StrategyView) & {
  title: string;
  path: string;
  icon?: string;
  subview?: boolean;
};

export interface Dashboard {
  title: string;
  views: DashboardView[];
}
