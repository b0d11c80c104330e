/** Every shop as one line: balance in the colour of its supply, days left, load. */
import { heading, sectionsOf, shopLine } from "../cards.ts";
import type { HomeAssistant, SectionsView } from "../home_assistant.ts";
import type { Labels } from "../labels.ts";
import { byArea } from "../site_model.ts";
import type { Site } from "../site_model.ts";

export function shopsView(hass: HomeAssistant, site: Site, labels: Labels): SectionsView {
  const sections = byArea(hass, site.shops).flatMap((area) => {
    const title = heading(area.name ?? labels.noArea, area.icon ?? "mdi:map-marker");
    const lines = area.members.map((shop) => shopLine(shop, labels));
    return sectionsOf(title, lines);
  });
  return { type: "sections", max_columns: 3, sections };
}
