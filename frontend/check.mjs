/** Fails when the committed dashboard is not what the source builds to. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile, bundle, committedFolder } from "./bundle.mjs";

const folder = await mkdtemp(join(tmpdir(), "compere-prepaid-frontend-"));
try {
  await bundle(folder);
  const built = await readFile(join(folder, builtFile));
  const committed = await readFile(join(committedFolder, builtFile)).catch(() => Buffer.alloc(0));
  if (!built.equals(committed)) {
    console.error(`${builtFile} is not what frontend/src builds to: run "npm run build" and commit the result.`);
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}
