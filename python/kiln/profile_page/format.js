// Numbers as people read them, and short ways to make elements.

const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

/** Three or four digits that matter, as 1.234 or 56.7. */
function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e4) return Math.round(value).toLocaleString("en");
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toFixed(decimals);
}

function durationParts(ns) {
  const [scale, unit] = UNITS.find(([least]) => Math.abs(ns) >= least) ?? [1, "ns"];
  return [digits(ns / scale), unit];
}

function duration(ns) {
  return durationParts(ns).join(" ");
}

/** A time on an axis, all digits that its step shows. */
function axisTime(ns, step) {
  const [scale, unit] = UNITS.find(([least]) => step >= least || least === 1);
  const [larger, name] = ns >= 1000 * scale && scale < 1e9
    ? UNITS.find(([least]) => ns >= least) : [scale, unit];
  const decimals = Math.max(0, Math.ceil(-Math.log10(step / larger) - 1e-9));
  return `${(ns / larger).toFixed(decimals)} ${name}`;
}

function bytes(count) {
  const units = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];
  const [scale, unit] = units.find(([least]) => count >= least) ?? [1, "B"];
  return `${digits(count / scale).replace(/\.0+$/, "")} ${unit}`;
}

function percent(fraction) {
  const value = 100 * fraction;
  return `${value > 0 && value < 0.995 ? value.toFixed(1) : Math.round(value)}%`;
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function shortPath(path) {
  return path.split(/[\\/]/).at(-1);
}

/** An element with attributes; a function becomes a listener, null and false leave one out. */
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== false && value !== undefined) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== false));
  return made;
}
