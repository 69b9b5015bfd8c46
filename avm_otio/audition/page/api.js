// The page's server.

export class Refused extends Error {
  constructor(fields, status) {
    super([fields.message, fields.hint].filter(Boolean).join(" "));
    this.kind = fields.kind ?? "";
    this.what = fields.message ?? "";
    this.status = status;
  }
}

async function answer(response) {
  if (response.ok) return response.json();
  let fields;
  try {
    fields = await response.json();
  } catch {
    fields = { message: `The server refuses (${response.status}).` };
  }
  throw new Refused(fields, response.status);
}

export async function session() {
  return answer(await fetch("/api/session"));
}

export async function post(path, body, { keepalive = false } = {}) {
  return answer(await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    keepalive,
  }));
}

export async function library(asked) {
  const said = Object.entries(asked).filter(([, value]) => value);
  return answer(await fetch(`/api/library?${new URLSearchParams(said)}`));
}

export async function samples(sound, number, signal) {
  const response = await fetch(`/sound/${sound}/${number}`, { signal });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`sound ${response.status}`);
  return response.arrayBuffer();
}

export async function peaks(sound) {
  const response = await fetch(`/peaks/${sound}`);
  if (!response.ok) return null;
  return { perSecond: Number(response.headers.get("x-columns-a-second")), heights: new Uint8Array(await response.arrayBuffer()) };
}

/** What happens, as it happens; comes back by itself. */
export function events(handle, { lost, back }) {
  const source = new EventSource("/api/events");
  let isLost = false;
  source.onmessage = (message) => handle(JSON.parse(message.data));
  source.onopen = () => {
    if (isLost) back();
    isLost = false;
  };
  source.onerror = () => {
    if (!isLost) lost();
    isLost = true;
  };
  return source;
}
