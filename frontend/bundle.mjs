/**
 * How the dashboard's source becomes the one ES module that Home Assistant serves.
 *
 * The result is committed, so it must not depend on who builds it: no source paths of the machine, no dates, no
 * minifier. It stays readable, because a program that can switch off people's power should be.
 */
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
export const builtFile = "dashboard_strategy.js";
export const committedFolder = join(here, "..", "custom_components", "compere_prepaid", "frontend");

export async function bundle(folder) {
  await build({
    absWorkingDir: here,
    entryPoints: ["src/dashboard_strategy.ts"],
    outfile: join(folder, builtFile),
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    banner: { js: "// Built from frontend/src by `npm run build`: change the source, not this file." },
    logLevel: "warning",
  });
}
