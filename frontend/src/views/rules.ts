/**
 * Who is treated how by the rules at present, whose credit ends next, and which policy each shop of an area has.
 *
 * An administrator gives a whole area another policy here, in one step and after a question.
 */
import { countTiles, heading, section, sectionsOf, shopPath, text } from "../cards.ts";
import type { Badge, ButtonBadge, Card, HomeAssistant, Section, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import { byArea } from "../site_model.ts";
import type { AreaGroup, Shop, Site } from "../site_model.ts";
import { runsOutCard } from "./runs_out.ts";
import { MOMENT_MACRO, escapedName, money } from "./templates.ts";

/** A longer list is no overview; the rest is counted. */
const ROWS = 60;
/** Above this the buttons of a heading are no help. */
const POLICIES = 6;

export function rulesView(hass: HomeAssistant, site: Site, labels: Labels, path: string): SectionsView {
  const sections: Section[] = [
    section([heading(labels.underRules, "mdi:gavel"), ...counts(site, labels, path), standingCard(site.shops, labels), ...policyHint(hass, site, labels)]),
    section([heading(labels.runsOutNext, "mdi:calendar-clock"), runsOutCard(site.shops, labels)]),
    ...byArea(hass, site.shops).flatMap((area) => policiesSections(hass, area, labels)),
  ];
  return { type: "sections", max_columns: 3, dense_section_placement: true, sections };
}

/** A policy may come or go: the buttons are then made anew. */
export function policiesOf(hass: HomeAssistant, shops: readonly Shop[]): string[] {
  const select = shops.map((shop) => shop.entities["policy"]).find((entity) => entity !== undefined);
  const options = select === undefined ? undefined : hass.states[select]?.attributes["options"];
  return Array.isArray(options) ? options.map(String) : [];
}

function policiesSections(hass: HomeAssistant, area: AreaGroup<Shop>, labels: Labels): Section[] {
  const badges = policyButtons(hass, area, labels);
  const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker", { badges });
  return sectionsOf(title, area.members.flatMap((shop) => policyLine(shop, labels)));
}

function policyButtons(hass: HomeAssistant, area: AreaGroup<Shop>, labels: Labels): ButtonBadge[] {
  const policies = policiesOf(hass, area.members);
  if (!hass.user?.is_admin || area.id === undefined || policies.length < 2 || policies.length > POLICIES) return [];
  return policies.map((policy) => ({
    type: "button",
    text: `→ ${policy}`,
    tap_action: {
      action: "perform-action",
      perform_action: "compere_prepaid.apply_policy",
      data: { policy },
      target: { area_id: area.id },
      confirmation: {
        text: labels.applyPolicy
          .replace("{policy}", () => policy)
          .replace("{count}", String(area.members.length))
          .replace("{area}", () => area.name ?? ""),
      },
    },
  }));
}

/** What the buttons beside the areas do, for those who see them. */
function policyHint(hass: HomeAssistant, site: Site, labels: Labels): Card[] {
  const seen = byArea(hass, site.shops).some((area) => policyButtons(hass, area, labels).length > 0);
  return seen ? [text(labels.policyHint)] : [];
}

function policyLine(shop: Shop, labels: Labels): Card[] {
  const policy = shop.entities["policy"];
  if (policy === undefined) return [];
  const badge: Badge = { type: "entity", entity: policy, name: labels.policy, show_icon: false, show_state: true };
  return [
    {
      type: "heading",
      heading: shop.name,
      heading_style: "subtitle",
      badges: [{ ...badge, tap_action: { action: "more-info" } }],
      tap_action: { action: "navigate", navigation_path: shopPath(shop) },
    },
  ];
}

function counts(site: Site, labels: Labels, path: string): Card[] {
  const entities = site.entities;
  return [
    ...countTiles(entities["accounts_off"], labels.shopsOff, "mdi:flash-off", "red", path),
    ...countTiles(entities["accounts_warned"], labels.shopsWarned, "mdi:flash-alert", "amber", path),
    ...countTiles(entities["accounts_put_off"], labels.cutsWaiting, "mdi:timer-sand", "deep-orange", path),
    ...countTiles(entities["accounts_adapting"], labels.shopsAdapting, "mdi:school", "blue", path),
    ...countTiles(entities["accounts_disputed"], labels.shopsDisputed, "mdi:scale-balance", "purple", path),
  ];
}

type Row = readonly [device: string, supply: string, balance: string, path: string];

function rowsOf(shops: readonly Shop[]): Row[] {
  return shops.flatMap((shop) => {
    const { supply_state: supply, balance } = shop.entities;
    return supply && balance ? [[shop.deviceId, supply, balance, shopPath(shop)] as const] : [];
  });
}

/**
 * The shops that are off, short of credit or under a rule of their own, by a template that follows the states.
 *
 * It holds ids and our own words, nothing that a person typed.
 */
function standingCard(shops: readonly Shop[], labels: Labels): Card {
  const standings = {
    off: [0, labels.stateOff, "mdi:flash-off", "red"],
    exhausted: [1, labels.stateExhausted, "mdi:flash-alert", "orangered"],
    emergency: [2, labels.stateEmergency, "mdi:flash-alert", "orangered"],
    warning: [3, labels.stateWarning, "mdi:flash-alert", "orange"],
  };
  const reasons = {
    protected: labels.protectedTime,
    notice: labels.noticePeriod,
    grace: labels.grace,
    dispute: labels.disputed,
    adaptation: labels.adapting,
  };
  const content = `{% set standings = ${JSON.stringify(standings)} -%}
{% set reasons = ${JSON.stringify(reasons)} -%}
${MOMENT_MACRO}
{% set found = namespace(rows=[]) -%}
{% for device, supply, balance, path in ${JSON.stringify(rowsOf(shops))} -%}
{% set rank, label, icon, color = standings.get(states(supply), [9, "", "", ""]) -%}
{% set said = namespace(list=['<font color="' ~ color ~ '"><ha-icon icon="' ~ icon ~ '"></ha-icon></font> ' ~ label] if label else []) -%}
${note("reconnect_awaited", labels.reconnectAwaited)}
${note("disputed", labels.disputed)}
{% set why = state_attr(supply, "put_off_why") -%}
{% if why != "grace" -%}
${noteUntil("grace_until", labels.graceUntil)}
{% endif -%}
{% if why -%}
{% set until = state_attr(supply, "put_off_until") -%}
{% set said.list = said.list + [${JSON.stringify(labels.cutWaits)} ~ (" " ~ moment(until) if until else "") ~ " (" ~ reasons.get(why, why) ~ ")"] -%}
{% endif -%}
${note("shadow_cut", labels.wouldBeOff)}
${noteUntil("adapts_until", labels.adaptsUntil)}
{% if said.list -%}
{% set found.rows = found.rows + [(rank, states(balance) | float(0), device, balance, path, said.list | join("<br>"))] -%}
{% endif -%}
{% endfor -%}
{% if found.rows -%}
| ${labels.shop} | ${labels.balance} | ${labels.standing} |
|:---|---:|:---|
{% for _, _, device, balance, path, standing in (found.rows | sort)[:${ROWS}] -%}
| [{{ ${escapedName("device")} }}]({{ path }}) | ${money("balance")} | {{ standing }} |
{% endfor -%}
{% if found.rows | count > ${ROWS} %}
+ {{ found.rows | count - ${ROWS} }}
{% endif -%}
{% else -%}
${labels.noShopUnderRules}
{% endif -%}`;
  return { type: "markdown", content };
}

/** The template's part that adds a remark where an attribute of the shop's supply is set. */
function note(attribute: string, label: string): string {
  return `{% if state_attr(supply, "${attribute}") %}{% set said.list = said.list + [${JSON.stringify(label)}] %}{% endif -%}`;
}

/** The same, for an attribute that is a moment. */
function noteUntil(attribute: string, label: string): string {
  return `{% set until = state_attr(supply, "${attribute}") -%}
{% if until %}{% set said.list = said.list + [${JSON.stringify(label)} ~ " " ~ moment(until)] %}{% endif -%}`;
}
