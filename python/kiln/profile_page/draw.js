// Draws the timeline on a canvas. Rectangles of one colour are drawn together, which is what makes
// a frame cheap.

const OPACITIES = [0.3, 0.5, 0.75, 1]; // of merged slices, by how much of the time they fill
const DIMMED = 0.16;

class Painter {
  constructor(context, theme) {
    this.context = context;
    this.theme = theme;
    this.textWidths = new Map();
  }

  draw({ view, lanes, height, profile, state, hover }) {
    Object.assign(this, { view, lanes, height, profile, state });
    const { context } = this;
    context.clearRect(0, 0, view.width, height);
    context.font = `11px ${this.theme.font}`;
    context.textBaseline = "middle";
    this.background();
    for (const lane of lanes) this[lane.kind](lane);
    this.choice();
    if (hover !== null) this.cursor(hover);
  }

  background() {
    const { context, theme, view, profile } = this;
    for (const lane of this.lanes) {
      context.fillStyle = theme.lane;
      context.fillRect(0, lane.y, view.width, lane.height);
    }
    const step = tickStep(view.nsPerPixel, 96);
    context.textAlign = "left";
    for (let ns = Math.ceil(view.from / step) * step; ns <= view.to; ns += step) {
      const x = Math.round(view.x(ns)) + 0.5;
      context.fillStyle = theme.line;
      context.fillRect(x - 0.5, 14, 1, this.height - 14);
      context.fillStyle = theme.faint;
      if (x < view.width - 40) context.fillText(axisTime(ns, step), x + 4, 13);
    }
    const end = view.x(profile.prologue_ns);
    if (end > 1) this.prologue(Math.min(end, view.width));
  }

  prologue(end) {
    const { context, theme, view } = this;
    const start = Math.max(0, view.x(0));
    context.save();
    context.beginPath();
    context.rect(start, RULER_HEIGHT, end - start, this.height - RULER_HEIGHT);
    context.clip();
    context.strokeStyle = theme.line;
    context.beginPath();
    for (let x = start - this.height; x < end; x += 9) {
      context.moveTo(x, this.height);
      context.lineTo(x + this.height, 0);
    }
    context.stroke();
    context.restore();
    const label = "prologue";
    if (end - start < this.textWidth(label) + 14) return;
    const { y, height } = this.lanes[0];
    context.fillStyle = theme.card;
    context.fillRect(start + 4, y + height / 2 - 8, this.textWidth(label) + 8, 16);
    context.fillStyle = theme.faint;
    context.fillText(label, start + 8, y + height / 2 + 0.5);
  }

  track(lane) {
    const { track, rowHeight } = lane;
    const { view } = this;
    const buckets = new Map();
    const labels = [];
    track.rows.forEach((row, index) => {
      const box = { y: lane.y + index * rowHeight, height: rowHeight - 1 };
      const emit = (opacity) => (start, end, coverage, at, count) => {
        const i = row.slice[at];
        const left = Math.max(-4, view.x(start));
        const width = Math.max(1, Math.min(view.width + 4, view.x(end)) - left);
        const colour = this.theme.colourOfName[track.name[i]];
        const level = opacity ?? OPACITIES[Math.min(3, Math.floor(coverage * 4))];
        const key = `${colour} ${level}`;
        if (!buckets.has(key)) buckets.set(key, []);
        // A hair's breadth between neighbours that are wide enough to be told apart.
        buckets.get(key).push(left, box.y, width > 4 ? width - 1 : width, box.height);
        if (count === 1 && width > 30 && rowHeight >= 14 && opacity !== DIMMED) {
          labels.push([this.profile.names[track.name[i]], left, width, box, colour]);
        }
        if (count === 1 && opacity !== DIMMED) this.wait(track, i, box);
      };
      const seen = [view.from, view.to, view.nsPerPixel];
      seenOfRow(row, ...seen, emit(track.kept ? DIMMED : null));
      if (track.kept) keptOfRow(row, track.kept, ...seen, emit(1));
    });
    this.fill(buckets);
    for (const label of labels) this.label(...label);
  }

  fill(buckets) {
    const { context } = this;
    for (const [key, boxes] of buckets) {
      const [colour, opacity] = key.split(" ").map(Number);
      context.fillStyle = this.theme.fills[colour];
      context.globalAlpha = opacity;
      for (let i = 0; i < boxes.length; i += 4) {
        context.fillRect(boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3]);
      }
    }
    context.globalAlpha = 1;
  }

  /** The line before a slice that tells what it waited for, by its colour. */
  wait(track, i, box) {
    const cause = track.wait[i];
    const width = track.waitTime[i] / this.view.nsPerPixel;
    if (cause === 0 || width < 3) return;
    const end = this.view.x(track.start[i]);
    const start = Math.max(0, end - width);
    this.context.fillStyle = this.theme.waitFills[cause];
    this.context.fillRect(start, box.y + box.height / 2 - 1, end - start - 1, 2);
  }

  label(text, left, width, box, colour) {
    const { context } = this;
    const start = Math.max(left, 0) + 5;
    const room = left + width - start - 5;
    let shown = text;
    if (this.textWidth(text) > room) {
      const fits = Math.floor((room / this.textWidth(text)) * text.length) - 1;
      if (fits < 3) return;
      shown = `${text.slice(0, fits)}…`;
    }
    context.fillStyle = this.theme.inks[colour];
    context.fillText(shown, start, box.y + box.height / 2 + 0.5);
  }

  textWidth(text) {
    if (!this.textWidths.has(text)) {
      this.textWidths.set(text, this.context.measureText(text).width);
    }
    return this.textWidths.get(text);
  }

  throttled(lane) {
    const { context, theme, view } = this;
    context.fillStyle = theme.throttle;
    for (const [start, end] of lane.spans) {
      if (end < view.from || start > view.to) continue;
      const x = Math.max(0, view.x(start));
      const width = Math.max(1, Math.min(view.width, view.x(end)) - x);
      context.fillRect(x, lane.y + 3, width, lane.height - 6);
    }
  }

  series(lane) {
    const { context, theme, view } = this;
    const scale = (lane.height - 4) / seriesTop(lane);
    const bottom = lane.y + lane.height;
    context.fillStyle = theme.counter;
    let before = null; // where the line is so far
    seenOfSeries(
      lane.ns, lane.values, view.from, view.to, this.profile.total_ns, view.nsPerPixel,
      (start, end, least, most) => {
        const x = Math.max(0, Math.round(view.x(start)));
        const width = Math.min(view.width, Math.round(view.x(end))) - x;
        const [top, low] = [bottom - most * scale, bottom - least * scale];
        if (width <= 0) return;
        context.globalAlpha = 0.2;
        context.fillRect(x, top, width, bottom - top);
        context.globalAlpha = 1;
        context.fillRect(x, top - 0.5, width, 1.25);
        const [from, to] = [Math.min(top, before ?? top), Math.max(low, before ?? low)];
        if (to > from) context.fillRect(x, from - 0.5, 1, to - from + 1.25);
        before = top;
      },
    );
    const y = Math.round(bottom - lane.limit * scale) + 0.5;
    if (y < lane.y) return;
    context.strokeStyle = theme.faint;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(view.width, y);
    context.stroke();
    context.setLineDash([]);
  }

  /** The chosen slice with all of its step, and what it waited for. */
  choice() {
    const { context, theme, state, view } = this;
    if (state.slice < 0) return;
    const box = (id) => {
      const { track, i } = state.core.slice(id);
      return rectangleOf(this.lanes, track, i, view);
    };
    const { track, i } = state.core.slice(state.slice);
    const own = new Set([state.slice, ...state.core.slicesOfStep(track.step[i])]);
    for (const id of own) this.outline(box(id), theme.ink, [], id === state.slice ? 2 : 1);
    const awaited = state.core.awaited(state.slice);
    if (awaited < 0) return;
    const [before, after] = [box(awaited), box(state.slice)];
    this.outline(before, theme.accent, [4, 2], 2);
    context.strokeStyle = context.fillStyle = theme.accent;
    this.arrow(before.x + before.width, before.y + before.height / 2,
      after.x, after.y + after.height / 2);
  }

  outline({ x, y, width, height }, colour, dashes, lineWidth) {
    const { context, view } = this;
    const left = Math.max(-4, x);
    const right = Math.min(view.width + 4, x + width);
    if (right < left) return;
    context.lineWidth = lineWidth;
    context.strokeStyle = colour;
    context.setLineDash(dashes);
    context.strokeRect(left, y, right - left, height);
    context.setLineDash([]);
    context.lineWidth = 1;
  }

  arrow(x1, y1, x2, y2) {
    const { context } = this;
    const bend = Math.max(14, Math.min(60, Math.abs(x2 - x1) / 2));
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x1, y1);
    context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2 - 4, y2);
    context.stroke();
    context.beginPath();
    context.moveTo(x2, y2);
    context.lineTo(x2 - 7, y2 - 4);
    context.lineTo(x2 - 7, y2 + 4);
    context.fill();
    context.lineWidth = 1;
  }

  cursor(x) {
    const { context, theme, view } = this;
    context.fillStyle = theme.faint;
    context.fillRect(Math.round(x), 14, 1, this.height - 14);
    const text = axisTime(view.ns(x), view.nsPerPixel);
    const width = context.measureText(text).width + 10;
    const left = Math.min(view.width - width, Math.max(0, x - width / 2));
    context.fillStyle = theme.ink;
    context.beginPath();
    context.roundRect(left, 4, width, 18, 4);
    context.fill();
    context.fillStyle = theme.card;
    context.fillText(text, left + 5, 13.5);
  }
}
