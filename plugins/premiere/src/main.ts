/** The panel inside Premiere Pro. */

import type { premierepro } from "@adobe/premierepro";

import { Panel } from "./panel";
import { Premiere } from "./premiere";
import { outside } from "./uxp";
import { mount } from "./view";

declare function require(name: "premierepro"): premierepro;
declare function require(name: "uxp"): Parameters<typeof outside>[0];
declare function require(name: "fs"): Parameters<typeof outside>[1];

const around = outside(require("uxp"), require("fs"));
const host = new Premiere(require("premierepro"), around.version, around.files, around.pause);
const panel: Panel = new Panel({ ...around, host }, (state) => show(state));
const show = mount(document.body, panel);
void panel.start();
