'use strict';
// The pictures: slots, mem_map, the walk through the tables, the timeline.

const HUES = [210, 30, 140, 280, 60, 0, 175, 320, 95, 250, 15, 195, 120, 300, 45, 225];
function slotColor(nr, dark) {
  return nr === 0 ? (dark ? '#8a8f98' : '#777') : `hsl(${HUES[nr % 16]} 65% ${dark ? 58 : 45}%)`;
}
const MODES = ['running', 'syscall', 'fault', 'ready', 'sleeping', 'stopped', 'zombie'];
const MODE_COLORS = {
  running: '#2e9e4f',
  syscall: '#3b7dd8',
  fault: '#d8432f',
  ready: '#e0b100',
  sleeping: '#a9b2bd',
  zombie: '#7b5ea7',
  stopped: '#8d6e63',
};

/** What a page of physical memory is: [kind, slot, count]. */
function pageKind(tables, mappers, page) {
  const count = tables.counts.get(page) || 0;
  if (!count) return ['free', 0, 0];
  const list = mappers.get(page);
  if (list) {
    const slots = [...new Set(list.map(lin => lin >>> 14))];
    return [slots.length > 1 ? 'shared' : 'program', slots[0], count, slots];
  }
  const owner = tables.owner.get(page) || ['kernel', 0];
  return [owner[0], owner[1], count];
}

/** Side of a page in the larger picture. */
const BOX = 20;

class Memory {
  constructor(canvas) {
    this.canvas = canvas;
    this.columns = 96;
    this.size = 0;
  }
  /** Draws mem_map; pages in `changed` get a frame. */
  draw(tables, mappers, changed, chosen, dark) {
    const [start, end] = tables.main,
      first = LOW >>> 12,
      pages = Math.max(0, (end >>> 12) - first);
    const width = this.canvas.clientWidth || 600,
      cell = Math.max(4, Math.floor(width / this.columns));
    const columns = Math.floor(width / cell),
      rows = Math.ceil(pages / columns) || 1;
    const scale = window.devicePixelRatio || 1;
    this.columns = 96;
    this.cell = cell;
    this.perRow = columns;
    this.first = first;
    this.pages = pages;
    // Below the map, larger: the pages that tasks have, and those that change.
    const used = new Set(changed);
    for (const [page] of tables.counts) if (pageKind(tables, mappers, page)[0] !== 'kernel') used.add(page);
    this.large = [...used].sort((a, b) => a - b);
    this.top = rows * cell + 8;
    this.perLine = Math.max(1, Math.floor(width / BOX));
    const height = this.top + Math.ceil(this.large.length / this.perLine) * BOX;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.canvas.style.height = height + 'px';
    const g = this.canvas.getContext('2d');
    g.scale(scale, scale);
    const free = dark ? '#2a303a' : '#e9e7df',
      kernel = dark ? '#4c5361' : '#b9b6aa';
    for (let n = 0; n < pages; n++) {
      const page = first + n,
        x = (n % columns) * cell,
        y = Math.floor(n / columns) * cell;
      if (page < start >>> 12) {
        g.fillStyle = dark ? '#1f242c' : '#f4f2ec';
        g.fillRect(x, y, cell - 1, cell - 1);
        continue;
      }
      const [kind, slot, count] = pageKind(tables, mappers, page);
      g.fillStyle = kind === 'free' ? free : kind === 'kernel' ? kernel : slotColor(slot, dark);
      g.fillRect(x, y, cell - 1, cell - 1);
      if (kind === 'table' || kind === 'task') {
        g.fillStyle = dark ? '#000' : '#fff';
        const s = Math.max(1, cell >> 2);
        if (kind === 'table')
          g.fillRect(x + s, y + (cell >> 1) - 1, cell - 2 * s - 1, Math.max(1, cell >> 3));
        else g.fillRect(x + s, y + s, cell - 2 * s - 1, cell - 2 * s - 1);
      }
      if (count > 1) {
        g.fillStyle = dark ? '#fff' : '#000';
        const d = Math.min(cell - 2, count * 2);
        g.fillRect(x, y, d, Math.max(2, cell >> 2));
      }
    }
    g.font = '11px system-ui, sans-serif';
    g.textBaseline = 'middle';
    g.textAlign = 'center';
    this.large.forEach((page, n) => {
      const [kind, slot, count] = pageKind(tables, mappers, page),
        x = (n % this.perLine) * BOX,
        y = this.top + Math.floor(n / this.perLine) * BOX;
      g.fillStyle = kind === 'free' ? free : kind === 'kernel' ? kernel : slotColor(slot, dark);
      g.fillRect(x, y, BOX - 2, BOX - 2);
      g.fillStyle = kind === 'free' ? (dark ? '#fff' : '#000') : '#fff';
      g.fillText(kind === 'table' ? '━' : kind === 'task' ? '■' : count, x + BOX / 2 - 1, y + BOX / 2);
    });
    g.lineWidth = 2;
    const frame = (page, color) => {
      const n = page - first;
      if (n < 0 || n >= pages) return;
      const at = this.large.indexOf(page);
      g.strokeStyle = color;
      if (at >= 0)
        g.strokeRect(
          (at % this.perLine) * BOX,
          this.top + Math.floor(at / this.perLine) * BOX,
          BOX - 2,
          BOX - 2,
        );
      g.strokeRect((n % columns) * cell - 1, Math.floor(n / columns) * cell - 1, cell + 1, cell + 1);
    };
    for (const page of changed) frame(page, '#e11d48');
    if (chosen !== null) frame(chosen, dark ? '#fff' : '#000');
  }
  /** The page next to `page` in the direction of an arrow key; null for another key. */
  beside(page, key) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.perRow, ArrowDown: this.perRow }[key];
    if (by === undefined) return null;
    const last = this.first + this.pages - 1;
    return Math.min(last, Math.max(this.first, (page ?? this.first) + by));
  }
  /** The page under the mouse. */
  at(event) {
    const box = this.canvas.getBoundingClientRect(),
      y = event.clientY - box.top - this.top;
    if (y >= 0)
      return (
        this.large[Math.floor(y / BOX) * this.perLine + Math.floor((event.clientX - box.left) / BOX)] ?? null
      );
    const n =
      Math.floor((event.clientY - box.top) / this.cell) * this.perRow +
      Math.floor((event.clientX - box.left) / this.cell);
    return n >= 0 && n < this.pages ? this.first + n : null;
  }
}

/** Height of a lane, and what is left of the lanes, for names. */
const LANE = 18,
  LEFT = 110;

class Timeline {
  constructor(canvas, lanes, length) {
    this.canvas = canvas;
    this.length = length;
    this.lanes = [...lanes.lanes.entries()].sort((a, b) => a[0] - b[0]);
    this.from = 0;
    this.to = length;
  }
  show(from, to) {
    this.from = Math.max(0, Math.floor(from));
    this.to = Math.min(this.length, Math.max(this.from + 10, Math.ceil(to)));
  }
  zoom(factor, around) {
    const width = Math.max(20, Math.min(this.length, (this.to - this.from) * factor));
    const from = Math.max(0, Math.min(this.length - width, around - width / 2));
    this.show(from, from + width);
  }
  keep(i) {
    if (i < this.from || i >= this.to) {
      const w = this.to - this.from;
      this.show(
        Math.max(0, Math.min(this.length - w, i - w / 2)),
        Math.max(0, Math.min(this.length - w, i - w / 2)) + w,
      );
    }
  }
  draw(now, marks, dark, nameOf) {
    const width = this.canvas.clientWidth || 900,
      scale = window.devicePixelRatio || 1,
      height = this.lanes.length * LANE + 18;
    this.width = width;
    const key = [width, scale, this.from, this.to, dark].join();
    if (this.key !== key) {
      this.key = key;
      this.canvas.width = width * scale;
      this.canvas.height = height * scale;
      this.canvas.style.height = height + 'px';
      this.still = document.createElement('canvas');
      this.still.width = width * scale;
      this.still.height = height * scale;
      this.drawLanes(this.still.getContext('2d'), width, scale, dark);
    }
    const g = this.canvas.getContext('2d'),
      x = i => LEFT + ((i - this.from) / (this.to - this.from)) * (width - LEFT);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.drawImage(this.still, 0, 0);
    g.scale(scale, scale);
    g.font = '11px system-ui, sans-serif';
    g.textBaseline = 'middle';
    g.fillStyle = dark ? '#e4e6ea' : '#1d2430';
    this.lanes.forEach(([nr], row) => g.fillText(nameOf(nr), 10, row * LANE + LANE / 2, LEFT - 14));
    g.fillStyle = '#e0b100';
    for (const mark of marks)
      if (mark >= this.from && mark < this.to) {
        g.beginPath();
        g.moveTo(x(mark) - 4, height);
        g.lineTo(x(mark) + 4, height);
        g.lineTo(x(mark), height - 8);
        g.fill();
      }
    g.strokeStyle = dark ? '#ff8a80' : '#b3261e';
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(x(now + 0.5), 0);
    g.lineTo(x(now + 0.5), height);
    g.stroke();
  }
  /** What does not change from step to step: the stretches. */
  drawLanes(g, width, scale, dark) {
    const lane = LANE,
      left = LEFT,
      x = i => left + ((i - this.from) / (this.to - this.from)) * (width - left);
    g.scale(scale, scale);
    this.lanes.forEach(([nr, stretches], row) => {
      const y = row * lane;
      g.fillStyle = slotColor(nr, dark);
      g.fillRect(0, y + 4, 6, lane - 8);
      // Binary search for the first stretch in view.
      let lo = 0,
        hi = stretches.length;
      while (lo < hi) {
        const mid = (lo + hi) >> 1;
        if (stretches[mid][1] <= this.from) lo = mid + 1;
        else hi = mid;
      }
      for (let drawn = -1; lo < stretches.length && stretches[lo][0] < this.to; lo++) {
        const [a, b, , mode] = stretches[lo],
          xa = Math.max(left, x(a)),
          xb = Math.min(width, x(b));
        if (xb <= drawn) continue;
        const thin = mode === 'sleeping' || mode === 'ready' || mode === 'zombie' || mode === 'stopped';
        g.fillStyle = MODE_COLORS[mode];
        g.fillRect(xa, y + (thin ? 7 : 3), Math.max(0.6, xb - xa), thin ? 4 : lane - 6);
        drawn = Math.max(xa, Math.floor(xb));
      }
    });
  }
  at(event) {
    const box = this.canvas.getBoundingClientRect(),
      part = (event.clientX - box.left - LEFT) / (this.width - LEFT);
    return part < 0 ? null : Math.min(this.length - 1, Math.floor(this.from + part * (this.to - this.from)));
  }
}

/** How `linear` is mapped: directory entry, table entry (undefined: none). */
function walkTables(tables, linear) {
  if (linear < SLOT) {
    // Slot 0 maps memory to itself; its tables lie behind the directory.
    const index = linear >>> 22;
    return { dir: (((1 + index) * PAGE) | 7) >>> 0, entry: ((linear & ~0xfff) | 7) >>> 0, identity: true };
  }
  const dir = tables.dirs.get(linear >>> 22);
  return { dir, entry: dir === undefined ? undefined : tables.entries.get(linear >>> 12), identity: false };
}
