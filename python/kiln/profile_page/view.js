// The part of the time that is seen, and how it moves there.

const SPAN_MIN_NS = 20;

class View {
  constructor(total) {
    this.total = total;
    this.from = this.goalFrom = 0;
    this.to = this.goalTo = total;
    this.width = 1; // pixels
    this.changed = () => {};
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get span() {
    return this.to - this.from;
  }

  get nsPerPixel() {
    return this.span / this.width;
  }

  x(ns) {
    return (ns - this.from) / this.nsPerPixel;
  }

  ns(x) {
    return this.from + x * this.nsPerPixel;
  }

  /** Goes to a span of time, kept within the launch; at once, or over some frames. */
  go(from, to, { atOnce = false } = {}) {
    const span = Math.min(this.total, Math.max(SPAN_MIN_NS, to - from));
    const middle = (from + to) / 2;
    this.goalFrom = Math.min(Math.max(0, middle - span / 2), this.total - span);
    this.goalTo = this.goalFrom + span;
    if (atOnce || this.calm.matches) [this.from, this.to] = [this.goalFrom, this.goalTo];
    this.changed();
  }

  fit() {
    this.go(0, this.total);
  }

  /** Zooms by a factor below 1 to see less; what is at `ns` stays where it is. */
  zoom(factor, ns = (this.goalFrom + this.goalTo) / 2) {
    const span = this.goalTo - this.goalFrom;
    const share = Math.min(1, Math.max(0, (ns - this.goalFrom) / span));
    const wide = Math.min(this.total, Math.max(SPAN_MIN_NS, span * factor));
    this.go(ns - share * wide, ns + (1 - share) * wide);
  }

  pan(ns, options) {
    this.go(this.goalFrom + ns, this.goalTo + ns, options);
  }

  /** Makes a span of time seen, without a change where it already is. */
  reveal(start, end) {
    const span = this.goalTo - this.goalFrom;
    if (start >= this.goalFrom && end <= this.goalTo && end - start > span / 400) return;
    const wide = Math.max(Math.min(span, (end - start) * 60), (end - start) * 1.6);
    this.go((start + end - wide) / 2, (start + end + wide) / 2);
  }

  /** One frame of the way; true while there is more to go. */
  advance() {
    const near = (this.goalTo - this.goalFrom) / this.width / 4;
    const left = Math.max(Math.abs(this.goalFrom - this.from), Math.abs(this.goalTo - this.to));
    const share = left < near ? 1 : 0.34;
    this.from += (this.goalFrom - this.from) * share;
    this.to += (this.goalTo - this.to) * share;
    return left > 0;
  }
}
