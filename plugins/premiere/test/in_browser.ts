/** Runs in the page before the panel: what `require` gives there. Files are the real ones, through the driver. */

import type { Files } from "../src/watch_folder";
import { FakePremiere, type Traits } from "./fake_premiere";

/** What the driver puts into the page. */
export interface Given {
  readonly traits: Partial<Traits>;
  readonly locale: string;
  readonly watchFolder: string;
  /** The timeline that an export writes. */
  readonly cut: string;
}

declare global {
  interface Window {
    given: Given;
    host: FakePremiere;
    /** Addresses that were opened in the browser. */
    browsed: string[];
    /** One call of `Files` on the real disk. */
    onDisk(name: keyof Files, ...named: string[]): Promise<unknown>;
  }
}

const { given } = window;
const call = <T>(name: keyof Files, ...named: string[]): Promise<T> => window.onDisk(name, ...named) as Promise<T>;

const fs = {
  readFile: async (path: string) => {
    if (path === "plugin:/avm_settings.json") return JSON.stringify({ watch_folder: given.watchFolder });
    const text = await call<string | null>("read", path);
    if (text === null) throw new Error(`no ${path}`);
    return text;
  },
  writeFile: (path: string, text: string) => call("write", path, text),
  rename: (from: string, to: string) => call("rename", from, to),
  mkdir: (path: string) => call("makeFolder", path),
  lstat: async (path: string) => {
    const [isFolder, isFile] = [await call<boolean>("isFolder", path), await call<boolean>("isFile", path)];
    return { isDirectory: () => isFolder, isFile: () => isFile };
  },
};

window.host = new FakePremiere(given.traits, (path) => call("write", path, given.cut));

const modules: Readonly<Record<string, unknown>> = {
  fs,
  premierepro: window.host.module,
  uxp: {
    host: { version: window.host.traits.version, uiLocale: given.locale },
    shell: {
      openExternal: async (url: string) => {
        window.browsed.push(url);
        return "";
      },
    },
    storage: { localFileSystem: { getFolder: async () => null } },
  },
};

Object.assign(window, { browsed: [], require: (name: string) => modules[name] });
