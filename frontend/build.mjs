/** Builds the dashboard and the tenants' page into the integration's folder. */
import { bundles } from "./bundle.mjs";

for (const { build, folder } of bundles) await build(folder);
