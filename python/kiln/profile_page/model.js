// The data as the page works with it: columns as typed arrays, tracks in rows without overlap, and
// which slices belong to a step.

const ROWS_MAX = 16;
const ROUNDING_NS = 0.21; // two times that each are rounded to a tenth

/** Index of the first of `sorted` that is above `value` (or equal to it, with `orEqual`). */
function firstAbove(sorted, value, orEqual = false, first = 0) {
  let end = sorted.length;
  while (first < end) {
    const middle = (first + end) >> 1;
    if (sorted[middle] > value || (orEqual && sorted[middle] === value)) end = middle;
    else first = middle + 1;
  }
  return first;
}

/** What one line of a track shows: slices one after the other. */
class Row {
  constructor(slices, track) {
    this.slice = Int32Array.from(slices);
    this.start = Float64Array.from(slices, (i) => track.start[i]);
    this.end = Float64Array.from(slices, (i) => track.end[i]);
    this.busyBefore = new Float64Array(slices.length + 1);
    for (let i = 0; i < slices.length; i++) {
      this.busyBefore[i + 1] = this.busyBefore[i] + this.end[i] - this.start[i];
    }
  }

  /** The position of the slice at a time, or within `margin` of it; -1 if there is none. */
  at(ns, margin) {
    const after = firstAbove(this.start, ns);
    if (after > 0 && ns <= this.end[after - 1]) return after - 1;
    const left = after > 0 ? ns - this.end[after - 1] : Infinity;
    const right = after < this.start.length ? this.start[after] - ns : Infinity;
    if (Math.min(left, right) > margin) return -1;
    return left <= right ? after - 1 : after;
  }
}

class Track {
  constructor(given, index, firstId) {
    const columns = given.slices;
    const count = columns.start_ns.length;
    const column = (name, absent) => columns[name]
      ? Float64Array.from(columns[name]) : new Float64Array(count).fill(absent);
    Object.assign(this, {
      label: given.name, index, firstId, count,
      start: column("start_ns"),
      name: column("name"),
      step: column("step", -1),
      waitedFor: column("waited_for", -1),
      wait: column("wait", 0),
      waitTime: column("wait_ns", 0),
      code: column("code", -1),
      place: column("place", -1),
      bytes: column("bytes", 0),
      descriptors: column("descriptors", 0),
      result: column("result_ns", -1),
      kept: null, // of each slice 1 if the filter keeps it; null without one
    });
    this.end = column("duration_ns").map((length, i) => length + this.start[i]);
    this.rows = this.makeRows();
  }

  makeRows() {
    const rows = [];
    const ends = [];
    for (let i = 0; i < this.count; i++) {
      let row = ends.findIndex((end) => end <= this.start[i] + ROUNDING_NS);
      if (row < 0 && rows.length < ROWS_MAX) row = rows.push([]) - 1;
      if (row < 0) row = ends.indexOf(Math.min(...ends));
      rows[row].push(i);
      ends[row] = this.end[i];
    }
    return rows.map((slices) => new Row(slices, this));
  }
}

class Core {
  constructor(given) {
    Object.assign(this, given);
    let firstId = 0;
    this.tracks = given.tracks.map((track, index) => {
      const made = new Track(track, index, firstId);
      firstId += made.count;
      return made;
    });
    this.sliceCount = firstId;
    this.critical = new Set(given.critical);
    this.linkSteps();
  }

  linkSteps() {
    let last = -1;
    for (const track of this.tracks) for (const step of track.step) last = Math.max(last, step);
    this.firstOfStep = new Int32Array(last + 1).fill(-1);
    this.nextOfStep = new Int32Array(this.sliceCount).fill(-1);
    // Backwards, so that the first slice of a step is the one on the foremost track.
    for (const track of this.tracks.toReversed()) {
      for (let i = track.count - 1; i >= 0; i--) {
        const step = track.step[i];
        if (step < 0) continue;
        this.nextOfStep[track.firstId + i] = this.firstOfStep[step];
        this.firstOfStep[step] = track.firstId + i;
      }
    }
  }

  /** {track, i} of a slice's id. */
  slice(id) {
    const track = this.tracks.findLast((one) => one.firstId <= id && one.count > 0);
    return { track, i: id - track.firstId };
  }

  /** Ids of the slices of a step, as many as there are. */
  slicesOfStep(step) {
    const ids = [];
    let id = step >= 0 && step < this.firstOfStep.length ? this.firstOfStep[step] : -1;
    for (; id >= 0; id = this.nextOfStep[id]) ids.push(id);
    return ids;
  }

  /** The slice of the awaited step that ends last: what the result came from. */
  awaited(id) {
    const { track, i } = this.slice(id);
    let [last, lastEnd] = [-1, -Infinity];
    for (const other of this.slicesOfStep(track.waitedFor[i])) {
      const at = this.slice(other);
      const end = at.track.end[at.i];
      if (end > lastEnd + ROUNDING_NS) [last, lastEnd] = [other, end];
    }
    return last;
  }
}

class Profile {
  constructor(data) {
    Object.assign(this, data);
    this.cores = data.cores.map((core) => new Core(core));
    this.lineOfPlace = new Map(data.lines.map((line) => [line.place, line]));
  }

  placeText(place) {
    if (place < 0) return "";
    const [file, line] = this.places[place];
    return `${shortPath(this.files[file].path)}:${line}`;
  }
}
