/** Every shop as one line: balance in the colour of its supply, days left, load. */
import { heading, section, shopLine } from "../cards.ts";
import type { HomeAssistant, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import { byArea } from "../site_model.ts";
import type { Site } from "../site_model.ts";

/** A list longer than this is cut into sections of this length, so that they share the columns of a wide screen. */
const LINES_PER_SECTION = 30;

export function shopsView(hass: HomeAssistant, site: Site, labels: Labels): SectionsView {
  const sections = byArea(hass, site.shops).flatMap((area) => {
    const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker");
    const lines = area.members.map((shop) => shopLine(shop, labels));
    return chunks(lines, LINES_PER_SECTION).map((some, index) => section(index === 0 ? [title, ...some] : some));
  });
  return { type: "sections", max_columns: 3, sections };
}

function chunks<Member>(members: readonly Member[], size: number): Member[][] {
  const cut: Member[][] = [];
  for (let start = 0; start < members.length; start += size) cut.push(members.slice(start, start + size));
  return cut;
}
