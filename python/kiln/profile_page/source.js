// The kernel's source with the time that its lines take; a line keeps its slices in the timeline.

const MEASURES = { critical_ns: "critical path", busy_ns: "busy" };

class Source {
  constructor({ pane, picker, measure, profile, state }) {
    Object.assign(this, { pane, picker, measure, profile, state });
    this.places = new Map(profile.places.map(([file, line], i) => [`${file}:${line}`, i]));
    this.file = this.hottestFile();
    picker.replaceChildren(...profile.files.map(({ path }, i) => (
      element("option", { value: i, title: path }, shortPath(path)))));
    picker.disabled = profile.files.length < 2;
    picker.addEventListener("change", () => this.show(Number(picker.value)));
    measure.replaceChildren(...Object.entries(MEASURES).map(([value, text]) => (
      element("option", { value }, text))));
    if (profile.lines.every((line) => line.critical_ns === 0)) measure.value = "busy_ns";
    measure.addEventListener("change", () => this.show(this.file));
    state.listen(() => this.mark());
    this.show(this.file);
  }

  hottestFile() {
    const hottest = this.profile.lines.toSorted((a, b) => b.busy_ns - a.busy_ns)
      .find((line) => line.place >= 0);
    return hottest ? this.profile.places[hottest.place][0] : 0;
  }

  show(file) {
    this.file = file;
    this.picker.value = file;
    const given = this.profile.files[file];
    if (!given) {
      this.pane.replaceChildren(element("p", { class: "none" }, "There are no source lines."));
      return;
    }
    const measure = this.measure.value;
    const all = this.profile.lines.reduce((sum, line) => sum + line[measure], 0);
    const most = this.profile.lines.reduce((max, line) => Math.max(max, line[measure]), 0);
    const rows = given.lines.map((text, i) => this.row(file, i + 1, text, { measure, all, most }));
    this.pane.replaceChildren(...rows);
    this.mark({ jump: true });
    if (this.state.place < 0) this.toHottest();
  }

  row(file, number, text, { measure, all, most }) {
    const place = this.places.get(`${file}:${number}`);
    const line = place === undefined ? undefined : this.profile.lineOfPlace.get(place);
    const code = element("span", { class: "code" }, codeParts(text));
    const label = element("span", { class: "number" }, String(number));
    if (!line) return element("div", { class: "line" }, label, element("span"), code);
    const share = most > 0 ? line[measure] / most : 0;
    const tip = `${counted(line.count, "instruction")}, ${duration(line.busy_ns)} busy, ` +
      `${duration(line.critical_ns)} of the critical path`;
    const heat = element("span", { class: "heat", style: `--share: ${share.toFixed(3)}` },
      line[measure] > 0 ? percent(line[measure] / all) : "");
    return element("button", {
      class: "line timed", type: "button", title: tip, "data-place": place, "aria-pressed": "false",
      click: () => this.state.choosePlace(place),
    }, label, heat, code);
  }

  toHottest() {
    const shares = [...this.pane.querySelectorAll(".heat")];
    const share = (heat) => Number(heat.style.getPropertyValue("--share"));
    const hottest = shares.reduce((a, b) => (a && share(a) >= share(b) ? a : b), null);
    if (hottest) this.scrollTo(hottest.parentElement);
  }

  mark({ jump = false } = {}) {
    const { place, filter } = this.state;
    if (place >= 0 && this.profile.places[place][0] !== this.file && !jump) {
      this.show(this.profile.places[place][0]);
      return;
    }
    for (const row of this.pane.querySelectorAll(".timed")) {
      const own = Number(row.dataset.place) === place;
      row.classList.toggle("chosen", own);
      row.setAttribute("aria-pressed", own && filter?.kind === "place" ? "true" : "false");
      if (own) this.scrollTo(row);
    }
  }

  /** Within the pane alone: the page stays where it is. */
  scrollTo(row) {
    const { scrollTop: top, clientHeight: height } = this.pane;
    const y = row.offsetTop - this.pane.offsetTop;
    if (y < top + 24 || y + row.offsetHeight > top + height - 24) {
      this.pane.scrollTop = y - height / 3;
    }
  }
}
