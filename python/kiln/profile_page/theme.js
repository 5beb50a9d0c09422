// Colours, from the style sheet's variables: one for each of the names that take the most time.

const NAME_COLOURS = 8;

class Theme {
  constructor(profile) {
    this.order = Theme.namesByTime(profile);
    this.colourOfName = new Int32Array(profile.names.length).fill(NAME_COLOURS);
    this.order.slice(0, NAME_COLOURS).forEach((name, colour) => {
      this.colourOfName[name] = colour;
    });
    this.waits = profile.waits;
    this.read();
  }

  static namesByTime(profile) {
    const time = new Float64Array(profile.names.length);
    for (const core of profile.cores) {
      for (const track of core.tracks) {
        for (let i = 0; i < track.count; i++) time[track.name[i]] += track.end[i] - track.start[i];
      }
    }
    return [...time.keys()].filter((name) => time[name] > 0).sort((a, b) => time[b] - time[a]);
  }

  read() {
    const style = getComputedStyle(document.documentElement);
    const variable = (name) => style.getPropertyValue(name).trim();
    this.fills = Array.from({ length: NAME_COLOURS }, (_, i) => variable(`--name-${i}`));
    this.fills.push(variable("--name-other"));
    this.inks = this.fills.map(Theme.inkOn);
    this.waitFills = this.waits.map((cause) => variable(`--wait-${cause}`));
    for (const name of ["ink", "faint", "line", "card", "lane", "accent", "counter", "throttle"]) {
      this[name] = variable(`--${name}`);
    }
    this.font = variable("--font");
  }

  /** Dark or light text, whichever stands out more from a #rrggbb. */
  static inkOn(fill) {
    const parts = [1, 3, 5].map((at) => parseInt(fill.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    const luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    return luminance > 0.2 ? "#10161d" : "#ffffff";
  }
}
