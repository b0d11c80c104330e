/**
 * How the source becomes what Home Assistant and the tenants' portal serve.
 *
 * The result is committed, so it must not depend on who builds it: no source paths of the machine, no dates. The
 * dashboard stays readable, because a program that can switch off people's power should be; the tenants' page is small
 * instead, for phones with a bad connection.
 */
import { createHash } from "node:crypto";
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
const integration = join(here, "..", "custom_components", "compere_prepaid");

/** What is built, and where it is committed. */
export const bundles = [
  { folder: join(integration, "frontend"), build: bundleDashboard, built: () => ["dashboard_strategy.js"] },
  { folder: join(integration, "portal", "assets"), build: bundlePortal, built: (folder) => readdir(folder).catch(() => []) },
];

async function bundleDashboard(folder) {
  await build({
    absWorkingDir: here,
    entryPoints: ["src/dashboard_strategy.ts"],
    outfile: join(folder, "dashboard_strategy.js"),
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    banner: { js: "// Built from frontend/src by `npm run build`: change the source, not this file." },
    logLevel: "warning",
  });
}

/** Templates would carry the source's indentation to every phone. */
const withoutIndentation = {
  name: "without-indentation",
  setup(build) {
    build.onLoad({ filter: /src\/portal\/.*\.ts$/ }, async ({ path }) => {
      return { contents: (await readFile(path, "utf8")).replace(/\n\s+/g, "\n"), loader: "ts" };
    });
  },
};

/** The page's files carry a hash of what is in them, so that browsers may keep them for ever. */
async function bundlePortal(folder) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ["src/portal/main.ts", "src/portal/portal.css"],
    entryNames: "portal",
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    mangleProps: /^_[a-z]/, // what is private of a class
    format: "iife",
    target: ["es2019", "chrome87"],
    charset: "utf8",
    legalComments: "eof",
    plugins: [withoutIndentation],
    logLevel: "warning",
  });
  const source = join(here, "src", "portal");
  const files = result.outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
  files.push({ name: "icon.svg", contents: await readFile(join(source, "icon.svg")) });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  let shell = await readFile(join(source, "index.html"), "utf8");
  for (const { name, contents } of files) {
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 12);
    const hashed = `${basename(name, extname(name))}-${hash}${extname(name)}`;
    await writeFile(join(folder, hashed), contents);
    shell = shell.replace(`"${name}"`, `"/assets/${hashed}"`);
  }
  await writeFile(join(folder, "index.html"), shell);
}
