// The head of the page: what was timed, and the numbers that matter most.

/** What a core's DMA moved on average over the whole time, in GB/s. */
function meanOfSeries(ns, values, total) {
  const area = values.reduce((sum, value, i) => (
    sum + value * ((i + 1 < ns.length ? ns[i + 1] : total) - ns[i])), 0);
  return area / total;
}

function numbersOf(profile, core) {
  return [
    timeNumber(profile),
    boundNumber(profile),
    engineNumber(profile, core),
    rooflineNumber(profile),
    dmaNumber(profile, core),
    memoryNumber(core),
  ].filter(Boolean);
}

function timeNumber({ total_ns: total, error }) {
  const [value, unit] = durationParts(total);
  const about = error
    ? `device: ${duration(total * (1 - error.low))} – ${duration(total * (1 + error.high))}`
    : "the device's time may be far";
  return { label: "Modelled time", value, unit, about };
}

function boundNumber({ bounds, total_ns: total }) {
  if (!bounds.length) return null;
  const highest = bounds.reduce((a, b) => (b.ns > a.ns ? b : a));
  if (highest.ns <= 0) return null;
  return {
    label: "Over the bound", value: digits(total / highest.ns), unit: "×",
    about: `${highest.name}: ${duration(highest.ns)}`,
  };
}

function engineNumber({ total_ns: total }, { engines }) {
  if (!engines.length) return null;
  const busiest = engines.reduce((a, b) => (b.busy_ns > a.busy_ns ? b : a));
  return {
    label: "Busiest engine", value: percent(busiest.busy_ns / total).slice(0, -1), unit: "%",
    about: `${busiest.name}, ${duration(busiest.busy_ns)}`,
  };
}

function rooflineNumber({ roofline }) {
  if (!roofline) return null;
  return {
    label: "Matmul rate", value: digits(roofline.achieved_tflops), unit: "TFLOP/s",
    about: `${percent(roofline.achieved_tflops / roofline.peak_tflops)} of ` +
      digits(roofline.peak_tflops),
  };
}

function dmaNumber({ total_ns: total }, { dma }) {
  if (!dma.ns.length) return null;
  const mean = meanOfSeries(dma.ns, dma.gbps, total);
  return {
    label: "DMA on average", value: digits(mean), unit: "GB/s",
    about: `${percent(mean / dma.peak_gbps)} of ${digits(dma.peak_gbps)}`,
  };
}

function memoryNumber({ sbuf, psum }) {
  if (!sbuf.ns.length) return null;
  const most = (series) => series.bytes.reduce((a, b) => Math.max(a, b), 0);
  const [value, unit] = bytes(most(sbuf)).split(" ");
  const share = percent(most(sbuf) / sbuf.capacity_bytes);
  const rest = psum.ns.length ? `, PSUM ${percent(most(psum) / psum.capacity_bytes)}` : "";
  return { label: "SBUF at most", value, unit, about: share + rest };
}

function showNumbers(box, profile, core) {
  box.replaceChildren(...numbersOf(profile, core).map(({ label, value, unit, about }) => (
    element("div", { class: "number" },
      element("dt", {}, label),
      element("dd", {},
        element("span", { class: "value" }, value, element("small", {}, unit)),
        element("span", { class: "about" }, about))))));
}

function showProvenance(box, provenance) {
  box.replaceChildren(...Object.entries(provenance).flatMap(([label, text]) => [
    element("dt", {}, label),
    element("dd", { title: text }, text),
  ]));
}
