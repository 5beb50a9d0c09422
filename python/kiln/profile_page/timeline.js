// The timeline: its canvas, the names of its lanes, and when it is drawn.

class Timeline {
  constructor({ canvas, labels, theme, view, state, profile }) {
    Object.assign(this, { canvas, labels, theme, view, state, profile });
    this.painter = new Painter(canvas.getContext("2d"), theme);
    this.hover = null; // x of the pointer
    this.onView = () => {};
    view.changed = () => this.redraw();
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    state.listen((change) => (change === "core" ? this.layOut() : this.redraw()));
    this.layOut();
  }

  layOut() {
    Object.assign(this, lanesOf(this.state.core));
    this.labels.style.height = `${this.height}px`;
    this.labels.replaceChildren(...this.lanes.map((lane) => this.label(lane)));
    this.resize();
  }

  label(lane) {
    const style = `top: ${lane.y}px; height: ${lane.height}px`;
    if (lane.kind !== "series") return element("div", { class: "lane", style }, lane.label);
    const most = element("small", { title: "at most" },
      `${lane.shown(lane.most)}, ${percent(lane.most / lane.limit)}`);
    return element("div", { class: "lane", style }, lane.label, most);
  }

  resize() {
    const width = Math.max(60, this.canvas.parentElement.getBoundingClientRect().width);
    const scale = devicePixelRatio;
    this.view.width = width;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.canvas.style.height = `${this.height}px`;
    this.painter.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.draw();
    this.redraw();
  }

  redraw() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      const more = this.view.advance();
      this.draw();
      if (more) this.redraw();
    });
  }

  draw() {
    this.painter.draw(this);
    this.canvas.dataset.from = this.view.from;
    this.canvas.dataset.to = this.view.to;
    this.onView();
  }

  laneAt(y) {
    return this.lanes.find((lane) => y >= lane.y && y < lane.y + lane.height);
  }
}
