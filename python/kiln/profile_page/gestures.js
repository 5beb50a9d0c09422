// What pointer, wheel and keys do with the timeline.

const DRAG_PIXELS = 4; // less is a click

class Gestures {
  constructor(timeline, tip) {
    Object.assign(this, { timeline, tip, view: timeline.view, state: timeline.state });
    this.pointers = new Map();
    this.moved = false;
    const { canvas } = timeline;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => this.leave());
    canvas.addEventListener("dblclick", (event) => {
      this.view.zoom(0.4, this.view.ns(this.place(event).x));
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  place(event) {
    const box = this.timeline.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === 0 ? 1 : 30;
    const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.view.pan(across * pixels * this.view.nsPerPixel);
    } else {
      const factor = Math.exp(event.deltaY * pixels * (event.ctrlKey ? 0.008 : 0.0022));
      this.view.zoom(factor, this.view.ns(this.place(event).x));
    }
    this.tip.hide();
  }

  down(event) {
    this.timeline.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    this.start = this.place(event);
    this.moved = this.pointers.size > 1;
  }

  move(event) {
    const at = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.hover(at, event);
      return;
    }
    this.moved ||= Math.abs(at.x - this.start.x) > DRAG_PIXELS;
    if (!this.moved) return;
    this.tip.hide();
    if (this.pointers.size === 2) this.pinch(event.pointerId, at);
    else this.view.pan((before.x - at.x) * this.view.nsPerPixel, { atOnce: true });
    this.pointers.set(event.pointerId, at);
  }

  pinch(id, at) {
    const other = [...this.pointers].find(([one]) => one !== id)[1];
    const before = Math.abs(this.pointers.get(id).x - other.x);
    const now = Math.max(1, Math.abs(at.x - other.x));
    this.view.zoom(before / now, this.view.ns((at.x + other.x) / 2));
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (!this.moved) this.click(this.place(event));
  }

  leave() {
    this.timeline.hover = null;
    this.tip.hide();
    this.timeline.redraw();
  }

  hover(at, event) {
    this.timeline.hover = at.x;
    this.timeline.redraw();
    const found = this.found(at);
    this.timeline.canvas.style.cursor = found?.id >= 0 ? "pointer" : "";
    if (found) this.tip.show(found, event.clientX, event.clientY);
    else this.tip.hide();
  }

  /** What is at a place: {id, merged} of a slice, {lane, ns} of what has no slices, or null. */
  found(at) {
    const lane = this.timeline.laneAt(at.y);
    if (!lane) return null;
    const ns = this.view.ns(at.x);
    if (lane.kind === "track") return sliceAt(lane, at.y, ns, this.view.nsPerPixel);
    const throttled = lane.spans?.some(([start, end]) => start <= ns && ns <= end);
    return lane.kind === "series" || throttled ? { lane, ns } : null;
  }

  click(at) {
    this.state.chooseSlice(this.found(at)?.id ?? -1);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (this.view.goalTo - this.view.goalFrom) * (event.shiftKey ? 0.5 : 0.12);
    const actions = {
      ArrowLeft: () => this.view.pan(-step),
      ArrowRight: () => this.view.pan(step),
      ArrowUp: () => this.view.zoom(0.7),
      ArrowDown: () => this.view.zoom(1 / 0.7),
      "+": () => this.view.zoom(0.7),
      "=": () => this.view.zoom(0.7),
      "-": () => this.view.zoom(1 / 0.7),
      0: () => this.view.fit(),
      f: () => this.view.fit(),
      n: () => this.neighbour(1),
      p: () => this.neighbour(-1),
      w: () => this.toAwaited(),
      Escape: () => (this.state.filter ? this.state.setFilter(null) : this.state.chooseSlice(-1)),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    this.tip.hide();
    action();
  }

  /** The next slice of the chosen one's track, or the first that is seen. */
  neighbour(direction) {
    const { core, slice } = this.state;
    let track, i;
    if (slice < 0) {
      track = core.tracks.find((one) => one.count > 0);
      if (!track) return;
      i = Math.min(track.count - 1, firstAbove(track.start, this.view.from, true));
    } else {
      ({ track, i } = core.slice(slice));
      i = Math.min(track.count - 1, Math.max(0, i + direction));
    }
    this.state.chooseSlice(track.firstId + i);
    this.view.reveal(track.start[i], track.end[i]);
  }

  toAwaited() {
    if (this.state.slice < 0) return;
    const awaited = this.state.core.awaited(this.state.slice);
    if (awaited < 0) return;
    const { track, i } = this.state.core.slice(awaited);
    this.state.chooseSlice(awaited);
    this.view.reveal(track.start[i], track.end[i]);
  }
}
