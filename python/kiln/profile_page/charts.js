// What is told besides the timeline: advice, engines, bounds, critical path, unknown costs.

function placeLink(profile, state, place) {
  if (place < 0) return null;
  const click = () => state.choosePlace(place);
  return element("button", { class: "link", type: "button", click }, profile.placeText(place));
}

function showAdvice(box, profile, state) {
  if (!profile.advice.length) {
    box.replaceChildren(element("p", { class: "none" }, "Nothing stands out."));
    return;
  }
  box.replaceChildren(element("ol", { class: "advice" }, profile.advice.map((one) => (
    element("li", {},
      element("span", { class: "gain", title: "less time, if nothing else changes" },
        one.gain_ns === null ? "" : `−${duration(one.gain_ns)}`),
      element("span", {}, one.text, " ", placeLink(profile, state, one.place)))))));
}

/** A horizontal bar of parts, [{class, style, share, tip}]. */
function bar(parts, label) {
  return element("div", { class: "bar", role: "img", "aria-label": label }, parts
    .filter((part) => part.share > 0.0005)
    .map((part) => element("span", {
      title: part.tip,
      style: `width: ${(100 * part.share).toFixed(2)}%; background: ${part.fill}`,
    })));
}

function showEngines(box, profile, core) {
  const total = profile.total_ns;
  const causes = profile.waits.slice(1)
    .filter((cause) => core.engines.some((engine) => engine.stall_ns[cause] > 0));
  const rows = core.engines.map((engine) => {
    const stalls = causes.map((cause) => ({
      fill: `var(--wait-${cause})`, share: (engine.stall_ns[cause] ?? 0) / total,
      tip: `${engine.name} waits ${duration(engine.stall_ns[cause] ?? 0)} for ${WAIT_TEXTS[cause]}`,
    }));
    const busy = {
      fill: "var(--busy)", share: engine.busy_ns / total,
      tip: `${engine.name} is busy ${duration(engine.busy_ns)}`,
    };
    const parts = [busy, ...stalls];
    return [
      element("dt", {}, engine.name),
      element("dd", {},
        bar(parts, parts.map((part) => part.tip).join("; ")),
        element("span", { class: "figure" }, percent(busy.share))),
    ];
  });
  const key = (fill, text) => element("li", {},
    element("i", { style: `background: ${fill}` }), text);
  box.replaceChildren(
    element("dl", { class: "bars" }, rows.flat()),
    element("ul", { class: "key" }, key("var(--busy)", "busy"),
      causes.map((cause) => key(`var(--wait-${cause})`, `waits for ${WAIT_TEXTS[cause]}`))),
  );
}

function showBounds(box, profile) {
  const total = profile.total_ns;
  const [low, high] = profile.error
    ? [total * (1 - profile.error.low), total * (1 + profile.error.high)] : [total, total];
  const most = Math.max(high, ...profile.bounds.map((bound) => bound.ns));
  const rows = profile.bounds.map(({ name, ns, about }) => [
    element("dt", { title: about }, name),
    element("dd", { title: about },
      bar([{ fill: "var(--bound)", share: ns / most, tip: about }], `${name}: ${duration(ns)}`),
      element("span", { class: "figure" }, duration(ns))),
  ]);
  const whisker = element("span", {
    class: "whisker", title: "where the device's time is expected",
    style: `left: ${(100 * low) / most}%; width: ${(100 * (high - low)) / most}%`,
  });
  const own = bar([{ fill: "var(--busy)", share: total / most, tip: "the modelled time" }],
    `modelled: ${duration(total)}`);
  if (profile.error) own.append(whisker);
  box.replaceChildren(
    element("dl", { class: "bars wide" }, rows.flat(),
      element("dt", {}, "modelled"),
      element("dd", {}, own, element("span", { class: "figure" }, duration(total)))),
    element("p", { class: "note" }, "No kernel for this work can be faster than a bound."),
  );
}

const PATH_LINES_MAX = 9;

function showPath(box, profile, state) {
  const lines = profile.lines.filter((line) => line.critical_ns > 0)
    .sort((a, b) => b.critical_ns - a.critical_ns);
  if (!lines.length) {
    box.replaceChildren(element("p", { class: "none" }, "It was not followed."));
    return;
  }
  const shown = lines.slice(0, PATH_LINES_MAX);
  const most = shown[0].critical_ns;
  const row = (label, ns, tip) => [
    element("dt", {}, label),
    element("dd", { title: tip },
      bar([{ fill: "var(--heat)", share: ns / most, tip }], `${tip}: ${duration(ns)}`),
      element("span", { class: "figure" }, duration(ns))),
  ];
  const rows = shown.map(({ place, critical_ns: ns }) => {
    if (place < 0) return row("no line", ns, "instructions without a source line");
    const [file, line] = profile.places[place];
    return row(placeLink(profile, state, place), ns, profile.files[file].lines[line - 1].trim());
  });
  const left = lines.slice(PATH_LINES_MAX).reduce((sum, line) => sum + line.critical_ns, 0);
  if (left > 0) rows.push(row("other lines", left, "the lines that are not listed"));
  box.replaceChildren(element("dl", { class: "bars wide" }, rows.flat()));
}

function showUnknown(box, profile) {
  if (!profile.unknown.length) {
    box.replaceChildren(element("p", { class: "none" }, "The cost of every instruction is known."));
    return;
  }
  box.replaceChildren(element("table", {},
    element("thead", {}, element("tr", {}, ["instruction", "taken instead", "count"]
      .map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, profile.unknown.map(({ name, taken, count }) => element("tr", {},
      element("td", {}, element("code", {}, name)), element("td", {}, taken),
      element("td", { class: "count" }, count.toLocaleString("en")))))));
}
