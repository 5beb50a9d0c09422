// The whole launch in one strip, with the part of it that is seen as a window that can be moved.

const OVERVIEW_HEIGHT = 34;

class Overview {
  constructor({ canvas, window: box, theme, view, state }) {
    Object.assign(this, { canvas, box, theme, view, state });
    canvas.style.height = `${OVERVIEW_HEIGHT}px`;
    const frame = canvas.parentElement;
    new ResizeObserver(() => this.draw()).observe(frame);
    frame.addEventListener("pointerdown", (event) => {
      frame.setPointerCapture(event.pointerId);
      this.centre(event);
    });
    frame.addEventListener("pointermove", (event) => {
      if (frame.hasPointerCapture(event.pointerId)) this.centre(event);
    });
    state.listen((change) => (change === "core" ? this.draw() : null));
  }

  centre(event) {
    const frame = this.canvas.getBoundingClientRect();
    const ns = ((event.clientX - frame.left) / frame.width) * this.view.total;
    const half = (this.view.goalTo - this.view.goalFrom) / 2;
    this.view.go(ns - half, ns + half, { atOnce: true });
  }

  /** One line for each track: the darker, the more of the time is filled. */
  draw() {
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(OVERVIEW_HEIGHT * devicePixelRatio);
    const context = this.canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    context.fillStyle = this.theme.counter;
    const tracks = this.state.core.tracks.filter((track) => track.count > 0);
    const height = (OVERVIEW_HEIGHT - 4) / Math.max(1, tracks.length);
    tracks.forEach((track, index) => {
      const busy = Overview.busy(track, this.view.total / width, width);
      busy.forEach((share, x) => {
        if (share === 0) return;
        context.globalAlpha = 0.15 + 0.75 * Math.min(1, share);
        context.fillRect(x, 2 + index * height, 1, Math.max(1, height - 1));
      });
    });
    this.drawWindow();
  }

  /** Of each pixel the share of its time that the track's fullest row is busy. */
  static busy(track, nsPerPixel, width) {
    const busy = new Float64Array(width);
    for (const row of track.rows) {
      const filled = new Float64Array(width);
      for (let i = 0; i < row.start.length; i++) {
        const last = Math.min(width - 1, Math.floor(row.end[i] / nsPerPixel));
        for (let x = Math.floor(row.start[i] / nsPerPixel); x <= last; x++) {
          const start = Math.max(row.start[i], x * nsPerPixel);
          filled[x] += (Math.min(row.end[i], (x + 1) * nsPerPixel) - start) / nsPerPixel;
        }
      }
      filled.forEach((share, x) => { busy[x] = Math.max(busy[x], share); });
    }
    return busy;
  }

  drawWindow() {
    this.box.style.left = `${(100 * this.view.from) / this.view.total}%`;
    this.box.style.width = `${(100 * this.view.span) / this.view.total}%`;
  }
}
