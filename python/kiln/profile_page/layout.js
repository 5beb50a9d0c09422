// Where the timeline's lanes are: tracks, when the Tensor engine is throttled, and series.

const RULER_HEIGHT = 28;
const LANE_GAP = 5;
const SERIES_HEIGHT = 44;
const ROW_HEIGHTS = [[1, 20], [3, 15], [6, 8], [ROWS_MAX, 5]]; // up to so many rows, in pixels

/** {lanes, height}; a lane is {kind: "track" | "throttled" | "series", label, y, height, …}. */
function lanesOf(core) {
  const lanes = [];
  let y = RULER_HEIGHT + LANE_GAP;
  const add = (lane) => {
    lanes.push({ y, ...lane });
    y += lane.height + LANE_GAP;
  };
  for (const track of core.tracks) {
    const rows = Math.max(1, track.rows.length);
    const rowHeight = ROW_HEIGHTS.find(([most]) => rows <= most)[1];
    add({ kind: "track", label: track.label, track, rowHeight, height: rows * rowHeight });
  }
  if (core.throttled.length) {
    add({ kind: "throttled", label: "Throttled", spans: core.throttled, height: 12 });
  }
  for (const series of seriesOf(core)) {
    y += LANE_GAP;
    add({ kind: "series", height: SERIES_HEIGHT, ...series });
  }
  return { lanes, height: y };
}

function seriesOf(core) {
  const most = (values) => values.reduce((a, b) => Math.max(a, b), 0);
  const memory = (label, { ns, bytes: values, capacity_bytes: limit }) => ({
    label, ns, values, limit, most: most(values), shown: bytes, of: " of a partition",
  });
  const { ns, gbps, peak_gbps: peak } = core.dma;
  return [
    {
      label: "DMA", ns, values: gbps, limit: peak, most: most(gbps),
      shown: (value) => `${digits(value)} GB/s`, of: "",
    },
    memory("SBUF", core.sbuf),
    memory("PSUM", core.psum),
  ].filter((series) => series.ns.length > 0);
}

/** Where a series' scale ends: at the limit, unless that would leave most of the lane empty. */
function seriesTop({ limit, most }) {
  return most > 0 && most < 0.4 * limit ? 1.15 * most : Math.max(limit, most, 1);
}

function seriesAt(series, ns) {
  const after = firstAbove(series.ns, ns);
  return after > 0 ? series.values[after - 1] : 0;
}

/** The slice at a place of the timeline, {id, merged: how many are within the pixel}, or null. */
function sliceAt(lane, y, ns, nsPerPixel) {
  const row = lane.track.rows[Math.floor((y - lane.y) / lane.rowHeight)];
  const at = row ? row.at(ns, 3 * nsPerPixel) : -1;
  if (at < 0) return null;
  const cell = cellWidth(nsPerPixel);
  const first = Math.floor(ns / cell) * cell;
  const merged = firstAbove(row.start, first + cell, true) - firstAbove(row.start, first, true);
  return { id: lane.track.firstId + row.slice[at], merged };
}

function rectangleOf(lanes, track, i, view) {
  const lane = lanes.find((one) => one.track === track);
  const row = track.rows.findIndex((one) => one.slice[firstAbove(one.slice, i, true)] === i);
  const x = view.x(track.start[i]);
  return {
    x, width: Math.max(2, view.x(track.end[i]) - x),
    y: lane.y + row * lane.rowHeight, height: lane.rowHeight - 1,
  };
}

/** A step of 1, 2 or 5 times a power of ten, so that ticks are at least `pixels` apart. */
function tickStep(nsPerPixel, pixels) {
  const least = nsPerPixel * pixels;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].find((factor) => factor * power >= least) * power;
}
