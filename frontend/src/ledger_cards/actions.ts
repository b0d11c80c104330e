/** Asking the integration to do something, by its actions, as whoever is logged in. */
import type { HomeAssistant } from "../home_assistant.ts";
import { PLATFORM } from "../site_model.ts";

export type Data = Readonly<Record<string, unknown>>;

/** Call an action of a site and return what it answers. */
export async function ask<Answer>(hass: HomeAssistant, site: string, action: string, data: Data = {}): Promise<Answer> {
  if (hass.callWS === undefined) throw new Error("Home Assistant is not connected");
  const result = await hass.callWS<{ response: Answer }>({
    type: "call_service",
    domain: PLATFORM,
    service: action,
    service_data: { config_entry_id: site, ...data },
    return_response: true,
  });
  return result.response;
}

interface Refusal {
  readonly message?: string;
  readonly translation_domain?: string;
  readonly translation_key?: string;
  readonly translation_placeholders?: Readonly<Record<string, string>>;
}

/** What a refusal says, in the language of whoever asked if Home Assistant has it. */
export async function reasonOf(hass: HomeAssistant, error: unknown): Promise<string> {
  const refusal = (error ?? {}) as Refusal;
  const { translation_domain: domain, translation_key: key } = refusal;
  if (domain !== undefined && key !== undefined && hass.loadBackendTranslation !== undefined) {
    const localize = await hass.loadBackendTranslation("exceptions", domain);
    const text = localize(`component.${domain}.exceptions.${key}.message`, refusal.translation_placeholders);
    if (text) return text;
  }
  return refusal.message ?? String(error);
}

/** Hand a file to Home Assistant; return the id under which the next action finds it. */
export async function upload(hass: HomeAssistant, file: File): Promise<string> {
  if (hass.fetchWithAuth === undefined) throw new Error("Home Assistant is not connected");
  const form = new FormData();
  form.append("file", file);
  const answer = await hass.fetchWithAuth("/api/file_upload", { method: "POST", body: form });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return ((await answer.json()) as { file_id: string }).file_id;
}
