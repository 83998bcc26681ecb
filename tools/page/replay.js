'use strict';
// The trace, and the kernel's tables as it tells of them. src/trace/replay.rs does
// the same on the host, and checks it.

const LOW = 0x100000,
  PAGE = 4096,
  USED = 100,
  SLOT = 0x4000000;
const WRITE = 2,
  USER = 4,
  KEY_EVERY = 1000;

/** The records: random access without unpacking them all. */
class Records {
  constructor(data) {
    const text = atob(data.records),
      bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
    this.length = bytes.length >> 5;
    this.table = data.events;
    this.id = {};
    for (const id in data.events) this.id[data.events[id].name] = +id;
  }
  event(i) {
    return this.bytes[i << 5];
  }
  nr(i) {
    return this.bytes[(i << 5) + 1];
  }
  pid(i) {
    return this.bytes[(i << 5) + 2] | (this.bytes[(i << 5) + 3] << 8);
  }
  tick(i) {
    return this.words[(i << 3) + 1];
  }
  time(i) {
    return this.words[(i << 3) + 2] + this.words[(i << 3) + 3] * 4294967296;
  }
  arg(i, n) {
    return this.words[(i << 3) + 4 + n];
  }
  info(i) {
    return this.table[this.event(i)];
  }
  name(i) {
    return this.info(i).name;
  }
  /** 16 bytes of text in the arguments. */
  text(i) {
    let s = '';
    for (let at = (i << 5) + 16; at < (i << 5) + 32 && this.bytes[at]; at++)
      s += String.fromCharCode(this.bytes[at]);
    return s;
  }
  /** Arguments by name. */
  args(i) {
    const out = {};
    this.info(i).args.forEach((name, n) => {
      out[name] = this.arg(i, n);
    });
    return out;
  }
}

/** Slots, directory, tables, counts at one moment. */
class Tables {
  constructor() {
    this.tasks = new Array(64).fill(null);
    this.current = 0;
    this.dirs = new Map(); // number of the directory entry -> entry
    this.entries = new Map(); // linear address / 4096 -> entry
    this.counts = new Map(); // physical address / 4096 -> count, if not 0
    this.owner = new Map(); // physical address / 4096 -> [kind, slot]
    this.main = [0, 0];
    this.free = 0;
  }
  clone() {
    const t = new Tables();
    t.tasks = this.tasks.map(task => task && Object.assign({}, task));
    t.current = this.current;
    for (const m of ['dirs', 'entries', 'counts', 'owner']) t[m] = new Map(this[m]);
    t.main = this.main;
    t.free = this.free;
    return t;
  }
  /** Which entries map each page: physical page number -> [linear page numbers]. */
  mappers() {
    const map = new Map();
    for (const [lin, entry] of this.entries) {
      const page = entry >>> 12,
        list = map.get(page);
      if (list) list.push(lin);
      else map.set(page, [lin]);
    }
    return map;
  }
  state(nr, state) {
    if (this.tasks[nr]) this.tasks[nr].state = state;
  }
  count(entry, count) {
    const page = entry >>> 12;
    if (count === 0) {
      this.counts.delete(page);
      this.owner.delete(page);
    } else if (count !== USED) this.counts.set(page, count);
  }
  protect(lin) {
    const entry = this.entries.get(lin >>> 12);
    if (entry !== undefined) this.entries.set(lin >>> 12, (entry & ~WRITE) >>> 0);
  }
  user(nr, on) {
    for (let i = nr * 16; i < nr * 16 + 16; i++) {
      const entry = this.dirs.get(i);
      if (entry !== undefined) this.dirs.set(i, (on ? entry | USER : entry & ~USER) >>> 0);
    }
  }
}

/** Follows the trace; `touched` collects what an event changed. */
class Replay {
  constructor(records) {
    this.r = records;
    this.now = new Tables();
    this.snapshot = null;
    this.snapshots = 0;
    this.differences = [];
    this.checks = []; // [event, differences] for each comparison
    this.touched = { pages: [], lins: [], slots: [] };
    const r = records;
    this.handlers = [];
    for (const id in r.table) this.handlers[id] = HANDLERS[r.table[id].name] || null;
  }
  clone() {
    const c = Object.create(Replay.prototype);
    Object.assign(c, this);
    c.now = this.now.clone();
    c.snapshot = this.snapshot && this.snapshot.clone();
    c.touched = { pages: [], lins: [], slots: [] };
    return c;
  }
  apply(i) {
    const t = this.touched;
    t.pages.length = t.lins.length = t.slots.length = 0;
    const handler = this.handlers[this.r.event(i)];
    if (handler)
      handler.call(
        this,
        this.r.arg(i, 0),
        this.r.arg(i, 1),
        this.r.arg(i, 2),
        this.r.arg(i, 3),
        this.r.nr(i),
        i,
      );
  }
  page(entry) {
    this.touched.pages.push(entry >>> 12);
  }
  lin(lin) {
    this.touched.lins.push(lin >>> 12);
    this.touched.slots.push(lin >>> 26);
  }
  slot(nr) {
    this.touched.slots.push(nr);
  }
}

/** What does not agree between two sets of tables. */
function differences(ours, kernel) {
  const wrong = [],
    plain = (e, mask) => (e === undefined ? undefined : (e & ~mask) >>> 0);
  const both = (what, a, b, mask) => {
    for (const key of new Set([...a.keys(), ...b.keys()]))
      if (plain(a.get(key), mask) !== plain(b.get(key), mask))
        wrong.push(`${what} ${key.toString(16)}: page ${a.get(key)}, kernel ${b.get(key)}`);
  };
  both('directory', ours.dirs, kernel.dirs, 0x60);
  both('entry', ours.entries, kernel.entries, 0x60);
  both('count', ours.counts, kernel.counts, 0);
  for (let nr = 0; nr < 64; nr++) {
    const a = ours.tasks[nr],
      b = kernel.tasks[nr];
    if (!a !== !b || (a && (a.pid !== b.pid || a.father !== b.father || a.state !== b.state)))
      wrong.push(`slot ${nr}: page ${JSON.stringify(a)}, kernel ${JSON.stringify(b)}`);
  }
  return wrong;
}

const HANDLERS = {
  SnapBegin() {
    this.snapshot = new Tables();
  },
  SnapTask(state, father, page, counter, nr, i) {
    if (this.snapshot) this.snapshot.tasks[nr] = { pid: this.r.pid(i), father, state, name: '?', page };
    this.slot(nr);
  },
  SnapName(a, b, c, d, nr, i) {
    if (this.snapshot && this.snapshot.tasks[nr]) this.snapshot.tasks[nr].name = this.r.text(i);
    this.slot(nr);
  },
  SnapTable(lin, dir) {
    if (this.snapshot) this.snapshot.dirs.set(lin >>> 22, dir);
    this.lin(lin);
  },
  SnapEntry(lin, entry) {
    if (this.snapshot) this.snapshot.entries.set(lin >>> 12, entry);
    this.lin(lin);
    this.page(entry);
  },
  SnapCount(page, count) {
    if (this.snapshot) this.snapshot.counts.set(page >>> 12, count);
    this.page(page);
  },
  SnapEnd(start, end, free, d, nr, i) {
    const s = this.snapshot;
    if (!s) return;
    this.snapshot = null;
    s.main = [start, end];
    s.free = free;
    s.current = this.now.current;
    if (this.snapshots++ === 0) {
      for (const [page] of s.counts) s.owner.set(page, ['kernel', 0]);
      for (const task of s.tasks) if (task) s.owner.set(task.page >>> 12, ['task', s.tasks.indexOf(task)]);
      for (const [n, dir] of s.dirs) s.owner.set(dir >>> 12, ['table', n >> 4]);
    } else {
      this.differences = differences(this.now, s);
      this.checks.push([i, this.differences.length]);
      s.owner = this.now.owner;
    }
    this.now = s;
  },
  BootSched(task, page) {
    this.now.tasks[0] = { pid: 0, father: 0xffffffff, state: 0, name: 'swapper', page };
    this.slot(0);
  },
  BootMemory(start, end) {
    if (!this.now.main[1]) this.now.main = [start, end];
  },
  ForkSlot(child) {
    this.slot(child);
  },
  ForkPage(child, page) {
    this.now.owner.set(page >>> 12, ['task', child]);
    this.page(page);
    this.slot(child);
  },
  ForkCopied(child, pid, counter, father, nr) {
    const parent = this.now.tasks[nr];
    this.now.tasks[child] = {
      pid,
      father,
      state: 2,
      name: nr === 0 ? 'init' : parent ? parent.name : '?',
      page: 0,
    };
    this.slot(child);
  },
  ForkSegments(child, lin) {
    this.slot(child);
  },
  ForkReady(child) {
    this.now.state(child, 0);
    this.slot(child);
  },
  ForkGdt(child) {
    this.slot(child);
  },
  ForkFailed(child) {
    this.now.tasks[child] = null;
    this.slot(child);
  },
  ForkShared(from, lin, entry, count) {
    this.now.entries.set(lin >>> 12, entry);
    if (count !== USED) {
      this.now.protect(from);
      this.now.count(entry, count);
    }
    this.lin(lin);
    this.lin(from);
    this.page(entry);
  },
  ExecFile(a, b, c, d, nr, i) {
    if (this.now.tasks[nr]) this.now.tasks[nr].name = this.r.text(i);
    this.slot(nr);
  },
  ExecLdt(lin) {
    this.lin(lin);
  },
  ExecDone(eip, esp, c, d, nr) {
    this.lin(nr * SLOT + eip);
  },
  Fault(lin) {
    this.lin(lin);
  },
  TableMade(lin, dir) {
    this.now.dirs.set(lin >>> 22, dir);
    this.now.owner.set(dir >>> 12, ['table', lin >>> 26]);
    this.page(dir);
    this.lin(lin);
  },
  TableFreed(lin, dir) {
    this.now.dirs.delete(lin >>> 22);
    this.page(dir);
    this.lin(lin);
  },
  TablesFreed(lin) {
    this.slot(lin >>> 26);
  },
  PutPage(lin, entry) {
    this.now.entries.set(lin >>> 12, entry);
    this.now.owner.delete(entry >>> 12);
    this.lin(lin);
    this.page(entry);
  },
  Unmap(lin, entry, count) {
    this.now.entries.delete(lin >>> 12);
    this.now.count(entry, count);
    this.lin(lin);
    this.page(entry);
  },
  LoadPage(lin, page) {
    this.lin(lin);
    this.page(page);
  },
  ZeroFill(lin) {
    this.lin(lin);
  },
  StackGrow(lin) {
    this.lin(lin);
  },
  SharePage(lin, from, entry, count) {
    this.now.entries.set(lin >>> 12, entry);
    this.now.protect(from);
    this.now.count(entry, count);
    this.lin(lin);
    this.lin(from);
    this.page(entry);
  },
  WpGivenBack(lin, entry) {
    this.now.entries.set(lin >>> 12, entry);
    this.lin(lin);
    this.page(entry);
  },
  CopyPage(old, page) {
    this.page(old);
    this.page(page);
  },
  WpCopied(lin, entry, old, count) {
    this.now.entries.set(lin >>> 12, entry);
    this.now.count(old, count);
    this.now.owner.delete(entry >>> 12);
    this.lin(lin);
    this.page(entry);
    this.page(old);
  },
  PageAlloc(page, free, c, d, nr) {
    this.now.counts.set(page >>> 12, 1);
    this.now.owner.set(page >>> 12, ['kernel', nr]);
    this.now.free = free;
    this.page(page);
  },
  PageFree(page, free) {
    this.now.counts.delete(page >>> 12);
    this.now.owner.delete(page >>> 12);
    this.now.free = free;
    this.page(page);
  },
  Switch(from, to, state) {
    this.now.state(from, state);
    this.now.user(from, false);
    this.now.user(to, true);
    this.now.current = to;
    this.slot(from);
    this.slot(to);
  },
  Sleep(queue, state, c, d, nr) {
    this.now.state(nr, state);
    this.slot(nr);
  },
  Pause(a, b, c, d, nr) {
    this.now.state(nr, 1);
    this.slot(nr);
  },
  Awake(a, b, c, d, nr) {
    this.now.state(nr, 0);
    this.slot(nr);
  },
  Wake(slot) {
    this.now.state(slot, 0);
    this.slot(slot);
  },
  WakeSignal(slot) {
    this.now.state(slot, 0);
    this.slot(slot);
  },
  WakeTimeout(slot) {
    this.now.state(slot, 0);
    this.slot(slot);
  },
  SigCont(slot) {
    this.now.state(slot, 0);
    this.slot(slot);
  },
  SigSend(signal, slot) {
    this.slot(slot);
  },
  SigStop(a, b, c, d, nr) {
    this.now.state(nr, 4);
    this.slot(nr);
  },
  ExitZombie(father, code, c, d, nr, i) {
    this.now.state(nr, 3);
    const pid = this.r.pid(i);
    for (const task of this.now.tasks) if (task && task.father === pid) task.father = 1;
    this.slot(nr);
  },
  Release(slot, number, page) {
    this.now.tasks[slot] = null;
    this.slot(slot);
    this.page(page);
  },
};

/** The lanes of the timeline: for each slot its stretches [from, to, pid, mode]. */
class Lanes {
  constructor(records) {
    this.lanes = new Map();
    this.open = new Array(64).fill(null);
    this.base = new Array(64).fill(null).map(() => ({ sys: false, fault: false }));
    const r = records,
      id = r.id;
    const ends = new Set(['PutPage', 'WpCopied', 'WpGivenBack', 'SharePage', 'FaultSignal'].map(n => id[n]));
    let running = 0;
    const mode = nr => (this.base[nr].fault ? 'fault' : this.base[nr].sys ? 'syscall' : 'running');
    for (let i = 0; i < r.length; i++) {
      const e = r.event(i),
        nr = r.nr(i);
      switch (e) {
        case id.BootSched:
          this.set(0, i, 0, 'running');
          break;
        case id.SnapTask:
          if (!this.open[nr])
            this.set(nr, i, r.pid(i), ['ready', 'sleeping', 'sleeping', 'zombie', 'stopped'][r.arg(i, 0)]);
          break;
        case id.SysEnter:
          this.base[nr] = { sys: true, fault: false };
          this.set(nr, i, r.pid(i), 'syscall');
          break;
        case id.SysExit:
          this.base[nr] = { sys: false, fault: false };
          this.set(nr, i, r.pid(i), 'running');
          break;
        case id.Fault:
          this.base[nr].fault = true;
          this.set(nr, i, r.pid(i), 'fault');
          break;
        case id.ForkReady:
          this.base[r.arg(i, 0)] = { sys: false, fault: false };
          this.set(r.arg(i, 0), i, r.arg(i, 1), 'ready');
          break;
        case id.Switch: {
          const from = r.arg(i, 0),
            to = r.arg(i, 1);
          if (this.open[from])
            this.set(
              from,
              i,
              this.open[from][2],
              ['ready', 'sleeping', 'sleeping', 'zombie', 'stopped'][r.arg(i, 2)],
            );
          if (this.open[to]) this.set(to, i, this.open[to][2], mode(to));
          running = to;
          break;
        }
        case id.Wake:
        case id.WakeSignal:
        case id.WakeTimeout:
        case id.SigCont: {
          const slot = r.arg(i, 0);
          if (slot !== running && this.open[slot]) this.set(slot, i, r.arg(i, 1), 'ready');
          break;
        }
        case id.Release:
          this.close(r.arg(i, 0), i);
          break;
        default:
          if (ends.has(e) && this.base[nr].fault) {
            this.base[nr].fault = false;
            if (nr === running) this.set(nr, i + 1, r.pid(i), mode(nr));
          }
      }
    }
    for (let nr = 0; nr < 64; nr++) this.close(nr, r.length);
  }
  set(nr, i, pid, mode) {
    const open = this.open[nr];
    if (open && open[2] === pid && open[3] === mode) return;
    this.close(nr, i);
    this.open[nr] = [i, i, pid, mode];
  }
  close(nr, i) {
    const open = this.open[nr];
    if (!open) return;
    open[1] = i;
    if (i > open[0]) {
      if (!this.lanes.has(nr)) this.lanes.set(nr, []);
      this.lanes.get(nr).push(open);
    }
    this.open[nr] = null;
  }
}

/** The tables at any event, by snapshots every KEY_EVERY events. */
class History {
  constructor(records) {
    this.r = records;
    this.keys = [];
    const replay = new Replay(records);
    for (let i = 0; i < records.length; i++) {
      if (i % KEY_EVERY === 0) this.keys.push(replay.clone());
      replay.apply(i);
    }
    this.checks = replay.checks;
    this.replay = null;
    this.at = -1;
  }
  /** The tables after event i. */
  goto(i) {
    if (!this.replay || i < this.at || i - this.at > KEY_EVERY) {
      const key = Math.floor(i / KEY_EVERY);
      this.replay = this.keys[key].clone();
      this.at = key * KEY_EVERY - 1;
    }
    while (this.at < i) this.replay.apply(++this.at);
    return this.replay;
  }
}

if (typeof module !== 'undefined') module.exports = { Records, Replay, History, Lanes, differences };
