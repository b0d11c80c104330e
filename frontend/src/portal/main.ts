/** The tenant's page starts here. */
import { App } from "./app.ts";

const root = document.getElementById("portal");
if (root) {
  root.textContent = "";
  void new App(root).start();
}
