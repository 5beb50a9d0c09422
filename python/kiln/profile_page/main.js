// Puts the page together.

function start() {
  const byId = (id) => document.getElementById(id);
  const profile = new Profile(JSON.parse(byId("data").textContent));
  const theme = new Theme(profile);
  const state = new State(profile);
  const view = new View(profile.total_ns);
  const reveal = (from, to) => view.reveal(from, to);

  byId("kernel").textContent = profile.kernel;
  byId("target").textContent = profile.target;
  showProvenance(byId("provenance"), profile.provenance);

  const timeline = new Timeline({
    canvas: byId("timeline"), labels: byId("lanes"), theme, view, state, profile,
  });
  const tip = new Tip(byId("tip"), profile, state);
  new Gestures(timeline, tip);
  const overview = new Overview({
    canvas: byId("overview"), window: byId("window"), theme, view, state,
  });
  timeline.onView = () => overview.drawWindow();
  new Details(byId("details"), profile, state, reveal);
  new Source({
    pane: byId("source"), picker: byId("file"), measure: byId("measure"), profile, state,
  });

  showAdvice(byId("advice"), profile, state);
  showBounds(byId("bounds"), profile);
  showRoofline(byId("roofline"), profile);
  showPath(byId("path"), profile, state);
  showUnknown(byId("unknown"), profile);
  buttons(byId, view, state);
  cores(byId("cores"), profile, state);
  const ofCore = () => {
    showNumbers(byId("numbers"), profile, state.core);
    showEngines(byId("engines"), profile, state.core);
    byId("critical").hidden = state.core.critical.size === 0;
    legend(byId("legend"), profile, theme, state);
  };
  state.listen((change) => {
    if (change === "core") ofCore();
    filterText(byId("filter"), profile, state);
    byId("critical").setAttribute("aria-pressed", String(state.filter?.kind === "critical"));
  });
  ofCore();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    theme.read();
    timeline.draw();
    overview.draw();
  });
}

function buttons(byId, view, state) {
  byId("fit").addEventListener("click", () => view.fit());
  byId("in").addEventListener("click", () => view.zoom(0.5));
  byId("out").addEventListener("click", () => view.zoom(2));
  byId("critical").addEventListener("click", () => state.setFilter("critical", true));
}

function cores(picker, profile, state) {
  picker.replaceChildren(...profile.cores.map(({ name }, i) => (
    element("option", { value: i }, name))));
  picker.hidden = profile.cores.length < 2;
  picker.addEventListener("change", () => state.chooseCore(Number(picker.value)));
}

/** The colours of names; each is a button that keeps the name's slices. */
function legend(box, profile, theme, state) {
  const other = theme.order.length - NAME_COLOURS;
  const keys = theme.order.slice(0, NAME_COLOURS).map((name) => {
    const key = element("button", {
      type: "button", "aria-pressed": "false", click: () => state.setFilter("name", name),
    }, element("i", { style: `background: var(--name-${theme.colourOfName[name]})` }),
    profile.names[name]);
    state.listen(() => {
      const on = state.filter?.kind === "name" && state.filter.value === name;
      key.setAttribute("aria-pressed", String(on));
    });
    return element("li", {}, key);
  });
  if (other > 0) {
    keys.push(element("li", { class: "other" },
      element("i", { style: "background: var(--name-other)" }), `${other} other`));
  }
  box.replaceChildren(...keys, ...waitKeys(profile, state.core));
}

function waitKeys(profile, core) {
  const causes = new Set(core.tracks.flatMap((track) => [...new Set(track.wait)]));
  return [...causes].filter((cause) => cause > 0).sort((a, b) => a - b).map((cause) => (
    element("li", { class: "wait", title: `waits for ${WAIT_TEXTS[profile.waits[cause]]}` },
      element("i", { style: `background: var(--wait-${profile.waits[cause]})` }),
      `waits: ${profile.waits[cause]}`)));
}

function filterText(box, profile, state) {
  box.hidden = !state.filter;
  if (!state.filter) return;
  const { kind, value, count } = state.filter;
  const what = {
    place: () => profile.placeText(value), name: () => profile.names[value],
    critical: () => "critical path",
  }[kind]();
  box.replaceChildren(
    element("strong", {}, what), ` ${counted(count, "slice")} `,
    element("button", {
      type: "button", "aria-label": "show all slices", click: () => state.setFilter(null),
    }, "×"),
  );
}

start();
