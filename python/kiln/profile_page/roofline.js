// The roofline: what rate the memory allows at an arithmetic intensity, and what was reached.

const ROOF = { width: 380, height: 236, left: 44, right: 12, top: 14, bottom: 36 };

/** Powers of two or ten around a span, for an axis with a logarithmic scale. */
function decades(least, most) {
  const first = Math.floor(Math.log10(least));
  const last = Math.ceil(Math.log10(most));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

function roofScales({ peak_tflops: peak, hbm_gbps: hbm, intensity, achieved_tflops: achieved }) {
  const ridge = (peak * 1000) / hbm;
  const intensities = [ridge / 8, ridge * 8, intensity || ridge];
  const rates = [peak * 1.6, (peak / ridge) * Math.min(...intensities), achieved || peak];
  const [x0, x1] = [Math.min(...intensities) / 1.3, Math.max(...intensities) * 1.3];
  const [y0, y1] = [Math.min(...rates) / 1.3, Math.max(...rates)];
  const along = (value, least, most, from, to) => (
    from + ((to - from) * Math.log(value / least)) / Math.log(most / least));
  return {
    ridge, x0, x1, y0, y1,
    x: (value) => along(value, x0, x1, ROOF.left, ROOF.width - ROOF.right),
    y: (value) => along(value, y0, y1, ROOF.height - ROOF.bottom, ROOF.top),
  };
}

function roofAxes({ x, y, x0, x1, y0, y1 }) {
  const bottom = ROOF.height - ROOF.bottom;
  const right = ROOF.width - ROOF.right;
  const text = (attributes, content) => svgElement("text", attributes, content);
  const number = (value) => (value < 1 ? String(Number(value.toPrecision(1))) : digits(value)
    .replace(/\.0+$/, ""));
  return [
    ...decades(x0, x1).filter((value) => value >= x0 && value <= x1).flatMap((value) => [
      svgElement("line", { class: "grid", x1: x(value), x2: x(value), y1: ROOF.top, y2: bottom }),
      text({ x: x(value), y: bottom + 15, "text-anchor": "middle" }, number(value)),
    ]),
    ...decades(y0, y1).filter((value) => value >= y0 && value <= y1).flatMap((value) => [
      svgElement("line", { class: "grid", x1: ROOF.left, x2: right, y1: y(value), y2: y(value) }),
      text({ x: ROOF.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)),
    ]),
    text({ x: right, y: ROOF.height - 5, "text-anchor": "end" }, "FLOP per byte of HBM"),
    text({ x: 4, y: 10 }, "TFLOP/s"),
  ];
}

function showRoofline(box, { roofline }) {
  if (!roofline) {
    box.replaceChildren(element("p", { class: "none" }, "No matmul was executed."));
    return;
  }
  const { peak_tflops: peak, hbm_gbps: hbm, intensity, achieved_tflops: achieved } = roofline;
  const scales = roofScales(roofline);
  const { x, y, x0, x1, ridge } = scales;
  const bottom = ROOF.height - ROOF.bottom;
  const allowed = Math.min(peak, (intensity * hbm) / 1000);
  const summary = intensity > 0
    ? `${percent(achieved / allowed)} of the ${digits(allowed)} TFLOP/s that ` +
      `${intensity < ridge ? "the memory allows" : "the Tensor engine can do"} at ` +
      `${digits(intensity)} FLOP per byte`
    : "no byte of the HBM was moved";
  const parts = [
    ...roofAxes(scales),
    svgElement("line", { class: "ridge", x1: x(ridge), x2: x(ridge), y1: y(peak), y2: bottom }),
    svgElement("text", { x: x(ridge) + 5, y: bottom - 6 }, `ridge ${digits(ridge)}`),
    svgElement("polyline", {
      class: "roof",
      points: [[x0, (x0 * hbm) / 1000], [ridge, peak], [x1, peak]]
        .map(([a, b]) => `${x(a)},${y(b)}`).join(" "),
    }),
    svgElement("text", { x: x(x1), y: y(peak) - 6, "text-anchor": "end" },
      `${digits(peak)} TFLOP/s`),
  ];
  if (intensity > 0 && achieved > 0) {
    parts.push(
      svgElement("line", {
        class: "gap", x1: x(intensity), x2: x(intensity), y1: y(achieved), y2: y(allowed),
      }),
      svgElement("circle", { class: "point", cx: x(intensity), cy: y(achieved), r: 5 }),
      svgElement("text", {
        class: "strong", y: y(achieved) + 16,
        x: x(intensity) + (intensity > ridge * 2 ? -9 : 9),
        "text-anchor": intensity > ridge * 2 ? "end" : "start",
      }, digits(achieved)),
    );
  }
  box.replaceChildren(
    svgElement("svg", {
      class: "roofline", viewBox: `0 0 ${ROOF.width} ${ROOF.height}`, role: "img",
      "aria-label": `Roofline: ${summary}`,
    }, parts),
    element("p", { class: "note" }, `${summary}; ${roofline.about}.`),
  );
}
