/** The shops whose credit ends first, with the band of the forecast and the day on which it is expected to end. */
import { shopPath } from "../cards.ts";
import type { Card } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import type { Shop } from "../site_model.ts";
import { escapedName, money } from "./templates.ts";

const ROWS = 8;
/** Days left of a shop that nothing is known of: more than any shop has. */
const NEVER = 1_000_000;

/**
 * A template: only the server can sort by what changes. A shop whose use is not known yet has no days left; such shops
 * follow, those with the least money first.
 *
 * It holds ids and nothing that a person typed; names are looked up and escaped when it is rendered.
 */
export function runsOutCard(shops: readonly Shop[], labels: Labels): Card {
  const rows = shops.flatMap((shop) => {
    const { balance, days_left: daysLeft, supply_state: supply, expected_zero: zero } = shop.entities;
    return balance && daysLeft && supply ? [[shop.deviceId, balance, daysLeft, supply, zero ?? "", shopPath(shop)]] : [];
  });
  const content = `{% set found = namespace(rows=[]) -%}
{% for device, balance, days, supply, zero, path in ${JSON.stringify(rows)} -%}
{% if not is_state(supply, "off") and is_number(states(balance)) -%}
{% set left = states(days) | float(${NEVER}) -%}
{% set found.rows = found.rows + [(left, states(balance) | float, device, balance, days, zero, path)] -%}
{% endif -%}
{% endfor -%}
| ${labels.shop} | ${labels.daysLeft} | ${labels.endsOn} | ${labels.balance} |
|:---|---:|---:|---:|
{% for left, _, device, balance, days, zero, path in (found.rows | sort)[:${ROWS}] -%}
{% set low, high = state_attr(days, "low"), state_attr(days, "high") -%}
{% set wide = is_number(low) and is_number(high) and low | round(1) != high | round(1) -%}
{% set band = "&nbsp;(" ~ low | round(1) ~ "–" ~ high | round(1) ~ ")" if wide else "" -%}
{% set shown = "—" if left >= ${NEVER} else left | round(1) ~ band -%}
{% set end = as_datetime(states(zero), none) if zero else none -%}
{% set day = (end | as_local).strftime("%m‑%d") if end else "—" -%}
| [{{ ${escapedName("device")} }}]({{ path }}) | {{ shown }} | {{ day }} | ${money("balance")} |
{% endfor -%}`;
  return { type: "markdown", content };
}
