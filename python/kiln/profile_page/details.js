// What is known of a slice, as the tip at the pointer and as the panel under the timeline.

/** [[label, text], …] of a slice, without what is not known. */
function factsOf(profile, core, id) {
  const { track, i } = core.slice(id);
  const length = track.end[i] - track.start[i];
  const facts = [
    ["runs", `${duration(length)}, from ${axisTime(track.start[i], 1)}`],
  ];
  if (track.result[i] >= 0) {
    facts.push(["result", `${duration(track.result[i])} after its start`]);
  }
  const cause = profile.waits[track.wait[i]];
  if (cause !== "none") {
    facts.push(["waited", `${duration(track.waitTime[i])} for ${WAIT_TEXTS[cause] ?? cause}`]);
  }
  const awaited = core.awaited(id);
  if (awaited >= 0) facts.push(["waited for", sliceText(profile, core, awaited)]);
  if (track.bytes[i] > 0) {
    const rate = length > 0 ? `, ${digits(track.bytes[i] / length)} GB/s` : "";
    facts.push(["moves", `${bytes(track.bytes[i])}${rate}`]);
  }
  if (track.descriptors[i] > 0) facts.push(["descriptors", digits(track.descriptors[i])]);
  if (track.place[i] >= 0) facts.push(["source", profile.placeText(track.place[i])]);
  if (track.step[i] >= 0) facts.push(["step", String(track.step[i])]);
  return facts;
}

const WAIT_TEXTS = {
  result: "a result",
  load: "data that a DMA brings",
  buffer: "a buffer in use",
  port: "a memory port",
  weights: "the stationary matrix",
  partner: "the other cores",
};

function sliceText(profile, core, id) {
  const { track, i } = core.slice(id);
  const place = profile.placeText(track.place[i]);
  return `${profile.names[track.name[i]]} on ${track.label}${place ? `, ${place}` : ""}`;
}

function factRows(facts) {
  return facts.flatMap(([label, text]) => [
    element("dt", {}, label),
    element("dd", {}, text),
  ]);
}

class Tip {
  constructor(box, profile, state) {
    Object.assign(this, { box, profile, state });
  }

  show(found, x, y) {
    this.box.replaceChildren(...("lane" in found ? this.ofLane(found) : this.ofSlice(found)));
    this.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const left = x + 16 + width > innerWidth ? Math.max(8, x - width - 16) : x + 16;
    const top = y + 18 + height > innerHeight ? Math.max(8, y - height - 12) : y + 18;
    this.box.style.transform = `translate(${left}px, ${top}px)`;
  }

  ofSlice({ id, merged }) {
    const { track, i } = this.state.core.slice(id);
    const code = track.code[i] >= 0 ? this.profile.codes[track.code[i]] : "";
    return [
      element("strong", {}, this.profile.names[track.name[i]]),
      element("span", { class: "where" }, track.label),
      code && element("code", {}, code),
      element("dl", {}, factRows(factsOf(this.profile, this.state.core, id))),
      merged > 1 && element("p", {}, `${merged} slices are this close: zoom in to see each`),
    ].filter(Boolean);
  }

  ofLane({ lane, ns }) {
    if (lane.kind === "throttled") {
      return [
        element("strong", {}, "Throttled"),
        element("p", {}, "The Tensor engine runs at a fraction of its clock."),
      ];
    }
    const value = seriesAt(lane, ns);
    const of = `${percent(value / lane.limit)} of ${lane.shown(lane.limit)}`;
    return [
      element("strong", {}, `${lane.label} ${lane.shown(value)}`),
      element("p", {}, `${of}${lane.of}, at ${duration(ns)}`),
    ];
  }

  hide() {
    this.box.hidden = true;
  }
}

class Details {
  constructor(box, profile, state, reveal) {
    Object.assign(this, { box, profile, state, reveal });
    state.listen(() => this.show());
    this.show();
  }

  show() {
    const { core, slice } = this.state;
    this.box.classList.toggle("empty", slice < 0);
    if (slice < 0) {
      this.box.replaceChildren(this.hint());
      return;
    }
    const { track, i } = core.slice(slice);
    const code = track.code[i] >= 0 ? this.profile.codes[track.code[i]] : "";
    const facts = factsOf(this.profile, core, slice)
      .filter(([label]) => label !== "waited for" && label !== "source");
    this.box.replaceChildren(...[
      element("div", { class: "heading" },
        element("strong", {}, this.profile.names[track.name[i]]),
        element("span", { class: "where" }, track.label),
        code && element("code", { title: code }, code)),
      element("dl", {}, factRows(facts), this.awaitedRow(slice), this.sourceRow(track.place[i])),
    ]);
  }

  awaitedRow(id) {
    const awaited = this.state.core.awaited(id);
    if (awaited < 0) return [];
    const go = () => {
      const { track, i } = this.state.core.slice(awaited);
      this.state.chooseSlice(awaited);
      this.reveal(track.start[i], track.end[i]);
    };
    return this.linkRow("waited for", sliceText(this.profile, this.state.core, awaited), go);
  }

  sourceRow(place) {
    if (place < 0) return [];
    return this.linkRow("source", this.profile.placeText(place), () => {
      this.state.choosePlace(place);
    });
  }

  linkRow(label, text, click) {
    const link = element("button", { class: "link", type: "button", click }, text);
    return [element("dt", {}, label), element("dd", {}, link)];
  }

  hint() {
    const key = (text) => element("kbd", {}, text);
    return element("p", {},
      "Click a slice to see what it waited for. Wheel or ", key("↑"), " ", key("↓"),
      " zoom, drag or ", key("←"), " ", key("→"), " move, ", key("n"), " ", key("p"),
      " next and previous slice, ", key("w"), " what it waited for, ", key("f"), " all.");
  }
}
