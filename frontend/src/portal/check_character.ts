/**
 * The check character of a meter's public reference, so that a slip of the finger is told at once and never pays a
 * neighbour's electricity. ISO 7064 MOD 37,36 over letters and digits; other characters do not count.
 */
const CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MODULUS = CHARACTERS.length;

/** Return a reference as it is printed: whoever types leaves out the dash, or puts spaces into it. */
export function asPrinted(typed: string): string {
  const plain = typed.normalize("NFKC").replace(/\s/g, "").replace(/[‐‑–—−]/g, "-");
  return plain.length < 2 || plain[plain.length - 2] === "-" ? plain : `${plain.slice(0, -1)}-${plain.slice(-1)}`;
}

/** Tell whether the last letter or digit of a reference fits the others. */
export function fitsTogether(reference: string): boolean {
  const values = [...reference.toUpperCase()].map((each) => CHARACTERS.indexOf(each)).filter((value) => value >= 0);
  if (values.length < 2) return false;
  const check = values[values.length - 1]!;
  let product = MODULUS;
  for (const value of values.slice(0, -1)) {
    const sum = (product + value) % MODULUS || MODULUS;
    product = (sum * 2) % (MODULUS + 1);
  }
  return (product + check) % MODULUS === 1;
}
