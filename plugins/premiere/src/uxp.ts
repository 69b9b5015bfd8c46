/**
 * The panel's outside as UXP gives it: files, a chooser, a memory. As much of its modules as is used is declared here, from Adobe's
 * reference of `fs`, `uxp` and `os`.
 */

import type { Outside } from "./panel";
import { type Files, readJson } from "./watch_folder";
import { languageOf } from "./words";

interface Uxp {
  readonly host: { readonly version: string; readonly uiLocale: string };
  readonly storage: {
    readonly localFileSystem: { getFolder(options: object): Promise<{ readonly nativePath: string } | null> };
  };
  /** Resolves with an empty string, or with what went wrong; for schemes that the manifest names alone. */
  readonly shell: { openExternal(url: string, developerText?: string): Promise<string> };
}

interface UxpFiles {
  readFile(path: string, options: { encoding: "utf-8" }): Promise<string>;
  writeFile(path: string, text: string, options: { encoding: "utf-8" }): Promise<number>;
  rename(from: string, to: string): Promise<number>;
  mkdir(path: string): Promise<number>;
  lstat(path: string): Promise<{ isFile(): boolean; isDirectory(): boolean }>;
}

/** Written by `avm-otio plugin install` beside the panel. */
const SETTINGS = "plugin:/avm_settings.json";

const CHOSEN = "avm-watch-folder";

const filesOf = (fs: UxpFiles): Files => ({
  read: (path) => fs.readFile(path, { encoding: "utf-8" }).catch(() => null),
  write: async (path, text) => void (await fs.writeFile(path, text, { encoding: "utf-8" })),
  rename: async (from, to) => void (await fs.rename(from, to)),
  makeFolder: async (path) => void (await fs.mkdir(path)),
  isFolder: (path) => fs.lstat(path).then((said) => said.isDirectory(), () => false),
  isFile: (path) => fs.lstat(path).then((said) => said.isFile(), () => false),
});

/** All but the host. */
export function outside(uxp: Uxp, fs: UxpFiles): Omit<Outside, "host"> & { readonly version: string } {
  const files = filesOf(fs);
  return {
    files,
    version: uxp.host.version,
    language: languageOf(uxp.host.uiLocale),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    stamp: () => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ""),
    watchFolder: async () =>
      localStorage.getItem(CHOSEN) ?? (await readJson<{ watch_folder?: string }>(files, SETTINGS))?.watch_folder ?? null,
    chooseFolder: async () => {
      const folder = await uxp.storage.localFileSystem.getFolder({});
      if (folder === null) return null;
      localStorage.setItem(CHOSEN, folder.nativePath);
      return folder.nativePath;
    },
    browse: async (address, why) => {
      try {
        return (await uxp.shell.openExternal(address, why)) || "";
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}
