/** By which ways a payment can be made from here. */
import type { Method, Provider, Terms } from "./contract.ts";

export interface Way {
  provider: Provider;
  method: Method;
}

/** What decides how a provider is reached from this browser. */
export interface Browser {
  /** Inside WeChat, and it may be told who pays. */
  bridge: boolean;
  touch: boolean;
}

/**
 * Return the ways to pay that work in this browser, one for a provider that knows WeChat: its bridge inside of WeChat,
 * its page on another phone, a code to scan on a screen.
 */
export function waysOf(terms: Terms, { bridge, touch }: Browser): Way[] {
  return terms.providers.flatMap((provider) => {
    const methods = provider.methods.filter((method) => method !== "automatic" && (bridge || method !== "jsapi"));
    const wanted: Method[] = [...(bridge ? ["jsapi" as const] : []), touch ? "redirect" : "qr", touch ? "qr" : "redirect"];
    const best = wanted.find((method) => methods.includes(method));
    const chosen = provider.methods.includes("jsapi") && best ? [best] : methods;
    return chosen.map((method) => ({ provider, method }));
  });
}
