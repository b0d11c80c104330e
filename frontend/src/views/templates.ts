/** Pieces of templates that Home Assistant renders on the server, where only it can sort and count by what changes. */

/** The name of a device as a person typed it, made harmless for a table with links. */
export function escapedName(device: string): string {
  const typed = `(device_attr(${device}, "name_by_user") or device_attr(${device}, "name"))`;
  return `${typed} | e | replace("|", "&#124;") | replace("[", "&#91;") | replace("]", "&#93;")`;
}

/** What a balance shows, with the digits of its currency. */
export function money(balance: string): string {
  const digits = `(0 if state_attr(${balance}, "step") | float(0) >= 1 else 2)`;
  return `{{ "%.*f" | format(${digits}, states(${balance}) | float(0)) }}&nbsp;{{ state_attr(${balance}, "unit_of_measurement") }}`;
}

/** A moment as day and time that no line breaks, in Home Assistant's zone. */
export const MOMENT_MACRO = `{% macro moment(at) %}{{ (as_datetime(at) | as_local).strftime("%m‑%d&nbsp;%H:%M") }}{% endmacro -%}`;
