/** Fails when a committed bundle is not what the source builds to. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundles } from "./bundle.mjs";

const temporary = await mkdtemp(join(tmpdir(), "compere-prepaid-frontend-"));
try {
  for (const [index, { build, built, folder }] of bundles.entries()) {
    const fresh = join(temporary, String(index));
    await build(fresh);
    for (const name of new Set([...(await built(fresh)), ...(await built(folder))])) {
      const [now, committed] = await Promise.all([fresh, folder].map((where) => readFile(join(where, name)).catch(() => null)));
      if (now === null || committed === null || !now.equals(committed)) {
        console.error(`${name} is not what frontend/src builds to: run "npm run build" and commit the result.`);
        process.exitCode = 1;
      }
    }
  }
} finally {
  await rm(temporary, { recursive: true });
}
