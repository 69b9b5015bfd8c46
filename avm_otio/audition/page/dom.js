// Elements made without markup: whatever a title holds is text.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PATHS = {
  play: "M8 5.500v13l10.500-6.500z",
  pause: "M8 5.500h2.800v13H8zM13.200 5.500H16v13h-2.800z",
  back: "M16 6.500v11L8.500 12zM6.500 6.500h1.600v11H6.500z",
  on: "M8 6.500v11l7.500-5.500zM15.900 6.500h1.600v11h-1.600z",
  again: "M12 5.200a6.800 6.800 0 1 0 6.800 6.800h-1.700a5.100 5.100 0 1 1-5.100-5.100v2.700l4.200-3.550L12 2.500z",
  loop: "M7 7.500h8.500V5l4 3.400-4 3.400V9.300H8.700v3.200H7zM17 16.500H8.500V19l-4-3.400 4-3.400v2.500h6.800v-3.200H17z",
  undo: "M9.200 5.500 4.500 9.700l4.700 4.200v-2.900h4.600a3.100 3.100 0 0 1 0 6.200H8.500v1.800h5.300a4.900 4.900 0 0 0 0-9.800H9.200z",
  redo: "M14.800 5.500l4.700 4.200-4.700 4.200v-2.900h-4.600a3.100 3.100 0 0 0 0 6.200h5.300v1.800h-5.300a4.900 4.900 0 0 1 0-9.800h4.600z",
  theme: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zm0 1.700v13.600a6.800 6.800 0 0 0 0-13.600z",
  help: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zm0 12.200a1.100 1.100 0 1 1 0 2.200 1.100 1.100 0 0 1 0-2.200zm.1-9.200c1.900 0 3.200 1.100 3.200 2.800 0 1.400-.8 2.100-1.600 2.700-.7.500-.9.800-.9 1.500v.7h-1.700v-.9c0-1.400.7-2 1.500-2.600.7-.5 1-.8 1-1.400 0-.8-.6-1.300-1.500-1.300-1 0-1.600.6-1.700 1.600H8.700c.1-1.900 1.400-3.100 3.400-3.100z",
  plus: "M11.100 5.500h1.800v5.600h5.600v1.800h-5.600v5.600h-1.800v-5.600H5.500v-1.800h5.600z",
  minus: "M5.500 11.100h13v1.800h-13z",
  fit: "M4.500 7h1.700v10H4.500zM17.800 7h1.700v10h-1.700zM10 8.500 6.900 12l3.100 3.500v-2.600h4v2.600l3.100-3.500L14 8.500v2.600h-4z",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function setIcon(button, name) {
  if (button.dataset.icon !== name) {
    button.dataset.icon = name;
    button.replaceChildren(icon(name));
  }
}

export function iconButton(name, label, onclick, props = {}) {
  const button = h("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick, ...props }, icon(name));
  button.dataset.icon = name;
  return button;
}
