// Level of detail: what of a row is seen at a magnification. Slices narrower than a pixel are
// merged by cells of time, whose borders stay where they are when the view moves: so that nothing
// flickers.

const SAMPLES = 48;

/** The width of a cell: the power of two that is one to two pixels. */
function cellWidth(nsPerPixel) {
  return 2 ** Math.ceil(Math.log2(nsPerPixel));
}

/**
 * Calls emit(start, end, coverage, position, count) for each rectangle of the row that is seen from
 * `from` to `to`: the position is that of its longest slice, of `count` that are in it. Takes time
 * for the pixels, not for the slices.
 */
function seenOfRow(row, from, to, nsPerPixel, emit) {
  const cell = cellWidth(nsPerPixel);
  let i = firstAbove(row.end, from);
  while (i < row.start.length && row.start[i] < to) {
    const length = row.end[i] - row.start[i];
    if (length >= cell) {
      emit(row.start[i], row.end[i], 1, i, 1);
      i++;
      continue;
    }
    const cellStart = Math.floor(row.start[i] / cell) * cell;
    let next = firstAbove(row.start, cellStart + cell, true, i + 1);
    if (next > i + 1 && row.end[next - 1] - row.start[next - 1] >= cell) next--;
    if (next === i + 1) {
      emit(row.start[i], row.start[i] + Math.max(length, nsPerPixel), length / nsPerPixel, i, 1);
    } else {
      const busy = row.busyBefore[next] - row.busyBefore[i];
      emit(cellStart, cellStart + cell, busy / cell, longest(row, i, next), next - i);
    }
    i = next;
  }
}

function longest(row, first, end) {
  const step = Math.max(1, Math.floor((end - first) / SAMPLES));
  let best = first;
  for (let i = first; i < end; i += step) {
    if (row.end[i] - row.start[i] > row.end[best] - row.start[best]) best = i;
  }
  return best;
}

/** The same for the slices that a filter keeps: these are found one by one. */
function keptOfRow(row, kept, from, to, nsPerPixel, emit) {
  let drawnTo = -Infinity;
  for (let i = firstAbove(row.end, from); i < row.start.length && row.start[i] < to; i++) {
    if (!kept[row.slice[i]] || row.end[i] <= drawnTo) continue;
    const end = Math.max(row.end[i], row.start[i] + nsPerPixel);
    emit(row.start[i], end, 1, i, 1);
    drawnTo = end;
  }
}

/**
 * Calls emit(start, end, least, most) for a series seen from `from` to `to`: its pieces, those of
 * one cell together.
 */
function seenOfSeries(times, values, from, to, last, nsPerPixel, emit) {
  const cell = cellWidth(nsPerPixel);
  let i = Math.max(0, firstAbove(times, from) - 1);
  while (i < times.length && times[i] < to) {
    const cellEnd = (Math.floor(times[i] / cell) + 1) * cell;
    let next = i + 1;
    let [least, most] = [values[i], values[i]];
    while (next < times.length && times[next] < cellEnd) {
      least = Math.min(least, values[next]);
      most = Math.max(most, values[next]);
      next++;
    }
    const end = next < times.length ? times[next] : last;
    if (next === i + 1) emit(times[i], end, values[i], values[i]);
    else {
      emit(times[i], Math.min(end, cellEnd), least, most);
      if (end > cellEnd) emit(cellEnd, end, values[next - 1], values[next - 1]);
    }
    i = next;
  }
}
