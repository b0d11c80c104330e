/**
 * Which page is shown. The server gives the same shell for `/`, `/m/<reference>`, `/l` and `/pay/<id>`; inside of it
 * pages have addresses after `#`, so that the phone's back button works and WeChat sees one address that pays.
 */
export interface Route {
  name: string;
  /** What stands behind the name, e.g. the order of `#/pay/<id>`. */
  id: string;
}

/** How somebody came to the page: by a meter's code, a link of the management, or back from a provider. */
export type Arrival =
  | { kind: "meter"; reference: string; tag: string }
  | { kind: "link"; token: string }
  | { kind: "returned"; order: string }
  | { kind: "plain" };

export function routeOf(hash: string): Route {
  const [name = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  return { name, id: decoded(id) };
}

export function addressOf(name: string, id = ""): string {
  return `/#/${name}${id && `/${encodeURIComponent(id)}`}`;
}

export function arrivalOf(location: { pathname: string; hash: string }): Arrival {
  const [first = "", second = ""] = location.pathname.split("/").slice(1);
  const secret = location.hash.startsWith("#/") ? "" : location.hash.slice(1);
  if (first === "m" && second) return { kind: "meter", reference: decoded(second), tag: secret };
  if (first === "l" && secret) return { kind: "link", token: secret };
  if (first === "pay" && second) return { kind: "returned", order: decoded(second) };
  return { kind: "plain" };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
