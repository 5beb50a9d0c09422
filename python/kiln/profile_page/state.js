// What is chosen: a core, a slice, and a filter of slices. All parts of the page listen.

class State {
  constructor(profile) {
    this.profile = profile;
    this.core = profile.cores[0];
    this.slice = -1;
    this.place = -1; // the source line that stands out
    this.filter = null; // {kind: "place" | "name" | "critical", value}
    this.listeners = [];
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  tell(change) {
    for (const listener of this.listeners) listener(change);
  }

  chooseCore(index) {
    this.clearFilter();
    this.core = this.profile.cores[index];
    this.slice = this.place = -1;
    this.tell("core");
  }

  chooseSlice(id) {
    this.slice = id;
    if (id >= 0) {
      const { track, i } = this.core.slice(id);
      this.place = track.place[i];
    } else this.place = this.filter?.kind === "place" ? this.filter.value : -1;
    this.tell("slice");
  }

  /** Keeps the slices of a source line; the same line again takes the filter away. */
  choosePlace(place) {
    this.slice = -1;
    this.setFilter("place", place);
    this.place = this.filter ? place : -1;
    this.tell("slice");
  }

  /** The same filter again, or none, takes it away. */
  setFilter(kind, value) {
    const again = this.filter?.kind === kind && this.filter.value === value;
    this.clearFilter();
    if (kind && !again) {
      this.filter = { kind, value, count: 0 };
      for (const track of this.core.tracks) this.mark(track);
    }
    if (kind !== "place" && this.slice < 0) this.place = -1;
    this.tell("filter");
  }

  clearFilter() {
    this.filter = null;
    for (const track of this.core.tracks) track.kept = null;
  }

  mark(track) {
    const { kind, value } = this.filter;
    const column = { place: track.place, name: track.name }[kind];
    track.kept = new Uint8Array(track.count);
    for (let i = 0; i < track.count; i++) {
      const keep = column ? column[i] === value : this.core.critical.has(track.step[i]);
      if (!keep) continue;
      track.kept[i] = 1;
      this.filter.count++;
    }
  }
}
