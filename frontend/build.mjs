/** Builds the dashboard into the integration's folder. */
import { bundle, committedFolder } from "./bundle.mjs";

await bundle(committedFolder);
