// The page as a file begins here: its data stand in the document, the maps are mounted beside them.

import { byId, element } from "./dom.js";
import { mount } from "./main.js";

const root = byId("page");

mount(root, JSON.parse(byId("data").textContent ?? "")).catch((error) => {
  const said = `This page cannot be shown here: ${error.message}`;
  root.replaceChildren(element("p", { class: "empty", role: "alert" }, said));
  throw error;
});
