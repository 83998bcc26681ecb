'use strict';
// The page: where we are in the trace, and what is shown of it.

(function () {
  const began = performance.now();
  const data = window.TRACE,
    $ = id => document.getElementById(id);
  const records = new Records(data),
    history = new History(records),
    lanes = new Lanes(records);
  const stories = [lifeStory(records, data.program), cowStory(records)].filter(Boolean);
  const memory = new Memory($('memory')),
    timeline = new Timeline($('timeline'), lanes, records.length);
  const view = {
    at: 0,
    chinese: false,
    dark: false,
    kind: '',
    slot: 0,
    page: null,
    story: null,
    step: 0,
    follow: true,
    address: 0,
    walkSlot: 0,
  };
  let state = history.goto(0);

  const word = name => (WORDS[name] ? WORDS[name][view.chinese ? 1 : 0] : name);
  const pick = pair => pair[view.chinese ? 1 : 0];
  const escape = text =>
    String(text).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
  const who = (nr, pid) => {
    const task = state.now.tasks[nr];
    return `${task ? task.name : '?'}[${pid}]`;
  };

  function queueName(queue) {
    const name = data.queues[queue];
    if (name) return name;
    const nr = state.now.tasks.findIndex(
      (task, n) =>
        task &&
        state.now.owner.get(queue >>> 12) &&
        state.now.owner.get(queue >>> 12)[0] === 'task' &&
        state.now.owner.get(queue >>> 12)[1] === n,
    );
    if (nr >= 0)
      return view.chinese
        ? `进程 ${state.now.tasks[nr].pid} 的子进程`
        : `a child of process ${state.now.tasks[nr].pid}`;
    return (view.chinese ? '缓冲块或 i 节点 ' : 'a buffer or an inode, ') + hex(queue);
  }

  function faultCode(code) {
    const parts = view.chinese
      ? [code & 1 ? '页面存在、写保护' : '页面不存在', code & 2 ? '写' : '读', code & 4 ? '用户态' : '内核态']
      : [
          code & 1 ? 'the page is there but protected' : 'no page',
          code & 2 ? 'writing' : 'reading',
          code & 4 ? 'level 3' : 'level 0',
        ];
    return parts.join(view.chinese ? '，' : ', ');
  }

  const FORMATS = {
    x: hex,
    o: n => '0' + n.toString(8),
    d: n => String(n),
    i: n => String(n | 0),
    state: n => pick(STATES[n] || ['?', '?']),
    why: n => pick(WHY[n] || ['?', '?']),
    code: faultCode,
    queue: queueName,
    rw: n => (n ? (view.chinese ? '写' : 'write') : view.chinese ? '读' : 'read'),
    slot: n => String(n >>> 26),
    blocks: n => `${n & 0xffff}, ${n >>> 16}`,
    call: n => CALLS[n] || String(n),
    signal: n => SIGNALS[n] || String(n),
  };
  const HEX = /^(lin|page(?!s)|entry|dir|queue|eip|esp|handler|main_|memory_end|buffer_end)/;

  /** The sentence that explains event i, as HTML. */
  function sentence(i) {
    const text = pick(TEXTS[records.name(i)] || ['', '']),
      args = records.args(i);
    return escape(text).replace(/\{(\w+)(?::(\w+))?\}/g, (all, name, format) => {
      let value;
      if (name === 'who') value = who(records.nr(i), records.pid(i));
      else if (name === 'name' || name === 'text') value = records.text(i);
      else if (name === 'nr' || (name === 'pid' && args.pid === undefined))
        value = name === 'nr' ? records.nr(i) : records.pid(i);
      else if (format) value = FORMATS[format](args[name]);
      else value = HEX.test(name) ? hex(args[name]) : args[name] | 0;
      return `<b>${escape(value)}</b>`;
    });
  }

  /** A place in a source; it leads to the page of both sources where there is one. */
  function place(text, link) {
    const code = `<code>${escape(text)}</code>`;
    return link ? `<a href="${escape(link)}">${code}</a>` : code;
  }

  function showEvent() {
    const i = view.at;
    const { name, site, old, link } = records.info(i);
    $('slider').value = i;
    $('where').textContent = [
      `${word('event')} ${i + 1} ${word('of')} ${records.length}`,
      name,
      who(records.nr(i), records.pid(i)),
      `${word('tick')} ${records.tick(i)}`,
      `${word('time')} ${records.time(i)}`,
    ].join(' · ');
    $('sentence').innerHTML = sentence(i);
    const ours = site ? place(`${site[0]}:${site[1]} ${site[2]}()`, link) : '–';
    const theirs = place(old[0] ? `${old[0]}:${old[1]} ${old[2]}` : word('none'), link);
    $('source').innerHTML = `${word('ours')}: ${ours} · ${word('old')}: ${theirs}`;
  }

  function showSlots(mappers) {
    const tables = state.now,
      counts = new Array(64).fill(0),
      changed = new Set(state.touched.slots);
    for (const lin of tables.entries.keys()) counts[lin >>> 14]++;
    tables.tasks.forEach((task, nr) => {
      const cell = $('slots').children[nr];
      cell.className =
        (task ? 'used ' : '') +
        (nr === tables.current && task ? 'now ' : '') +
        (changed.has(nr) ? 'changed ' : '') +
        (nr === view.slot ? 'chosen' : '');
      cell.style.borderColor = task ? slotColor(nr, view.dark) : '';
      const label = task ? `${nr}\n${task.name}\n${counts[nr] || ''}` : String(nr);
      if (cell.shown !== label) {
        cell.shown = label;
        cell.textContent = '';
        label.split('\n').forEach((line, n) => {
          if (n) cell.append(document.createElement('br'));
          cell.append(line);
        });
      }
      cell.title = task
        ? `${word('slot')} ${nr}: ${task.name}[${task.pid}], ${pick(STATES[task.state])}, ${hex(nr * SLOT)}`
        : `${word('slot')} ${nr}: ${word('empty')}`;
    });
    showSlotDetail(mappers, counts);
  }

  function flags(entry) {
    return (
      (entry & 1 ? 'P' : '-') +
      (entry & 2 ? 'W' : '-') +
      (entry & 4 ? 'U' : '-') +
      (entry & 0x20 ? 'A' : '-') +
      (entry & 0x40 ? 'D' : '-')
    );
  }

  function showSlotDetail(mappers, counts) {
    const tables = state.now,
      nr = view.slot,
      task = tables.tasks[nr],
      changed = new Set(state.touched.lins),
      out = $('slot-detail');
    out.textContent = '';
    const head = document.createElement('div');
    head.textContent = task
      ? `${word('slot')} ${nr} · ${task.name}[${task.pid}] · ${pick(STATES[task.state])} · ${hex(nr * SLOT)} · GDT ${4 + 2 * nr}, ${5 + 2 * nr} · ${nr ? counts[nr] + ' ' + word('pages') : word('low')}`
      : `${word('slot')} ${nr}: ${word('empty')} · ${hex(nr * SLOT)}`;
    out.append(head);
    const lins = [...tables.entries.keys()].filter(lin => lin >>> 14 === nr).sort((a, b) => a - b);
    for (const lin of lins) {
      const entry = tables.entries.get(lin),
        cell = document.createElement('button');
      cell.textContent = `${hex((lin & 0x3fff) * PAGE)} → ${hex(entry & ~0xfff)} ${flags(entry)} ×${tables.counts.get(entry >>> 12) || '–'}`;
      if (changed.has(lin)) cell.className = 'changed';
      cell.onclick = () => {
        stay();
        view.walkSlot = nr;
        view.address = (lin & 0x3fff) * PAGE;
        view.page = entry >>> 12;
        showPictures();
        focusEntry(lin);
      };
      cell.dataset.lin = lin;
      out.append(cell);
    }
  }

  /** The list of entries was made anew: the keyboard stays at its place in it. */
  function focusEntry(lin) {
    const again = $('slot-detail').querySelector(`[data-lin="${lin}"]`);
    if (again) again.focus();
  }

  /** What was chosen by hand stays, whatever the next events change. */
  function stay() {
    view.follow = $('follow').checked = false;
  }

  function choosePage(page) {
    if (page === null) return;
    stay();
    view.page = page;
    showPictures();
  }

  function showPage(mappers) {
    const out = $('page-detail');
    if (view.page === null) {
      out.textContent = '';
      return;
    }
    const [kind, slot, count] = pageKind(state.now, mappers, view.page),
      list = mappers.get(view.page) || [];
    const kinds = {
      free: 'free',
      task: 'task_page',
      table: 'table_page',
      kernel: 'kernel_page',
      shared: 'shared',
      program: 'page',
    };
    const text =
      `${hex(view.page * PAGE)} · ${word(kinds[kind])} · ${word('count')} ${count}` +
      (kind === 'task' || kind === 'table' ? ` · ${word('slot')} ${slot}` : '');
    out.textContent =
      text +
      list
        .map(
          lin =>
            `\n${word('slot')} ${lin >>> 14}: ${hex((lin & 0x3fff) * PAGE)} ${flags(state.now.entries.get(lin))}`,
        )
        .join('');
    out.style.whiteSpace = 'pre-line';
  }

  function bits(entry, isTable) {
    const row = (name, on) => `<tr><td>${name}</td><td>${on}</td><td>${word(name[0] + on)}</td></tr>`;
    return `<table>${row('P', entry & 1)}${row('W', (entry >>> 1) & 1).replace('<td>W', '<td>R/W')}${row('U', (entry >>> 2) & 1).replace('<td>U', '<td>U/S')}${row('A', (entry >>> 5) & 1)}${isTable ? row('D', (entry >>> 6) & 1) : ''}</table>`;
  }

  function showWalk() {
    const touched = state.touched.lins;
    if (view.follow && touched.length) {
      view.walkSlot = touched[0] >>> 14;
      view.address = (touched[0] & 0x3fff) * PAGE;
    }
    if (document.activeElement !== $('walk-slot')) $('walk-slot').value = view.walkSlot;
    if (document.activeElement !== $('walk-address')) $('walk-address').value = hex(view.address);
    const linear = view.walkSlot * SLOT + view.address,
      { dir, entry, identity } = walkTables(state.now, linear);
    const box = (title, lines) => `<div><h3>${title}</h3>${lines}</div>`;
    let html = box(
      word('linear'),
      `<code>${hex(linear)}</code><br>${linear >>> 22} · ${(linear >>> 12) & 1023} · ${hex(linear & 0xfff)}`,
    );
    const none = `<p>${word('absent')}</p>`;
    html += box(
      `${word('directory')} ${linear >>> 22}`,
      dir === undefined ? none : `<code id="walk-dir">${hex(dir)}</code>${bits(dir, false)}`,
    );
    if (dir !== undefined)
      html += box(
        `${word('table')} ${(linear >>> 12) & 1023}`,
        entry === undefined ? none : `<code id="walk-entry">${hex(entry)}</code>${bits(entry, true)}`,
      );
    if (entry !== undefined)
      html += box(
        word('page'),
        `<code>${hex(entry & ~0xfff)} + ${hex(linear & 0xfff)} = ${hex((entry & ~0xfff) + (linear & 0xfff))}</code><br>${word('count')} <b id="walk-count">${identity && linear < LOW ? '–' : state.now.counts.get(entry >>> 12) || 0}</b>`,
      );
    html += `<div class="note">${identity ? word('low') : word('ad_note')}</div>`;
    $('walk').innerHTML = html;
  }

  function laneName(nr) {
    const task = state.now.tasks[nr];
    return task ? `${nr} ${task.name}[${task.pid}]` : String(nr);
  }

  function showPictures() {
    const mappers = state.now.mappers();
    if (view.follow) view.slot = state.touched.slots.length ? state.touched.slots[0] : records.nr(view.at);
    if (view.follow && state.touched.pages.length) view.page = state.touched.pages[0];
    showSlots(mappers);
    memory.draw(state.now, mappers, state.touched.pages, view.page, view.dark);
    showPage(mappers);
    showWalk();
    timeline.keep(view.at);
    timeline.draw(view.at, view.story ? view.story.steps.map(step => step.event) : [], view.dark, laneName);
    const check = history.checks.filter(([event]) => event === view.at)[0];
    const agreed = word('agreed').replace(/\{(\w+)\}/g, (all, name) => data.checked[name]);
    $('checked').textContent = agreed + (check ? ' ' + word(check[1] ? 'differs' : 'agrees') : '');
  }

  function showStory() {
    const story = view.story,
      list = $('story-steps');
    $('story-next').disabled = !story || view.step >= story.steps.length - 1;
    $('story-back').disabled = !story || view.step <= 0;
    $('story-where').textContent = story ? `${view.step + 1} / ${story.steps.length}` : '';
    $('story-text').textContent = story
      ? `${story.steps[view.step].section}  ${pick(story.steps[view.step].text)}`
      : '';
    list.textContent = '';
    if (!story) return;
    story.steps.forEach((step, n) => {
      const item = document.createElement('li'),
        button = document.createElement('button'),
        section = document.createElement('b');
      section.textContent = step.section;
      button.append(section, pick(step.text));
      item.append(button);
      if (n === view.step) item.className = 'now';
      button.onclick = () => {
        storyStep(n);
        list.children[n].firstChild.focus();
      };
      list.append(item);
    });
    const now = list.children[view.step];
    list.scrollTop = now.offsetTop - list.offsetTop - 40;
  }

  function goto(i) {
    view.at = Math.max(0, Math.min(records.length - 1, i));
    state = history.goto(view.at);
    showEvent();
    showPictures();
  }

  /** The next event of the chosen kind. */
  function move(by) {
    let i = view.at,
      left = Math.abs(by);
    const way = Math.sign(by);
    while (left > 0) {
      i += way;
      if (i < 0 || i >= records.length) break;
      if (!view.kind || records.info(i).class === view.kind) left--;
      if (left === 0) return goto(i);
    }
    if (!view.kind) goto(way < 0 ? 0 : records.length - 1);
  }

  function storyStep(n) {
    if (!view.story) return;
    view.step = Math.max(0, Math.min(view.story.steps.length - 1, n));
    showStory();
    goto(view.story.steps[view.step].event);
  }

  function chooseStory(key) {
    view.story = stories.find(story => story.key === key) || null;
    view.step = 0;
    $('stories').value = view.story ? view.story.key : '';
    if (view.story) {
      const first = view.story.steps[0].event,
        last = view.story.steps[view.story.steps.length - 1].event;
      timeline.show(first - 30, last + 30);
      storyStep(0);
    } else {
      timeline.show(0, records.length);
      showStory();
      showPictures();
    }
  }

  function words() {
    document.documentElement.lang = view.chinese ? 'zh' : 'en';
    for (const item of document.querySelectorAll('[data-word]')) item.textContent = word(item.dataset.word);
    $('stories').textContent = '';
    $('kind').textContent = '';
    const option = (select, value, text) => {
      const o = document.createElement('option');
      o.value = value;
      o.textContent = text;
      select.append(o);
    };
    option($('stories'), '', word('free_run'));
    stories.forEach(story => option($('stories'), story.key, pick(story.title)));
    $('stories').value = view.story ? view.story.key : '';
    option($('kind'), '', word('all'));
    [...new Set(Object.values(data.events).map(info => info.class))]
      .filter(Boolean)
      .forEach(kind => option($('kind'), kind, view.chinese ? `${kind} ${KINDS[kind]}` : kind));
    $('kind').value = view.kind;
    $('legend').innerHTML = MODES.map(
      mode => `<span><i style="background:${MODE_COLORS[mode]}"></i>${word(mode)}</span>`,
    ).join('');
    $('memory-legend').innerHTML =
      `<span>■ ${word('task_page')}</span><span>━ ${word('table_page')}</span><span>▀ ${word('shared')} (${word('count')} &gt; 1)</span><span>2 = ${word('count')}</span>`;
    showStory();
    showEvent();
  }

  function setDark(dark) {
    view.dark = dark;
    document.documentElement.classList.toggle('dark', dark);
  }

  function start() {
    $('program').textContent = data.program;
    $('slider').max = records.length - 1;
    for (let nr = 0; nr < 64; nr++) {
      const cell = document.createElement('button');
      cell.onclick = () => {
        stay();
        view.slot = nr;
        view.walkSlot = nr;
        showPictures();
      };
      $('slots').append(cell);
    }
    $('slider').oninput = () => goto(+$('slider').value);
    $('first').onclick = () => goto(0);
    $('last').onclick = () => goto(records.length - 1);
    $('back').onclick = () => move(-1);
    $('forth').onclick = () => move(1);
    $('kind').onchange = () => {
      view.kind = $('kind').value;
    };
    $('stories').onchange = () => chooseStory($('stories').value);
    $('story-next').onclick = () => storyStep(view.step + 1);
    $('story-back').onclick = () => storyStep(view.step - 1);
    $('language').onclick = () => {
      view.chinese = !view.chinese;
      words();
      showPictures();
    };
    $('dark').onclick = () => {
      setDark(!view.dark);
      showPictures();
    };
    $('memory').onclick = event => choosePage(memory.at(event));
    $('memory').onkeydown = event => {
      const page = memory.beside(view.page, event.key);
      if (page === null) return;
      event.preventDefault();
      event.stopPropagation();
      choosePage(page);
    };
    $('timeline').onclick = event => {
      const i = timeline.at(event);
      if (i !== null) goto(i);
    };
    $('timeline').onwheel = event => {
      event.preventDefault();
      timeline.zoom(event.deltaY > 0 ? 1.4 : 1 / 1.4, timeline.at(event) ?? view.at);
      showPictures();
    };
    $('follow').onchange = () => {
      view.follow = $('follow').checked;
      showPictures();
    };
    const typed = () => {
      const slot = parseInt($('walk-slot').value, 10),
        address = Number($('walk-address').value);
      if (slot >= 0 && slot < 64 && address >= 0 && address < SLOT) {
        stay();
        view.walkSlot = slot;
        view.address = address;
        showPictures();
      }
    };
    $('walk-slot').onchange = $('walk-address').onchange = typed;
    window.onresize = showPictures;
    document.onkeydown = event => {
      if (
        (/^(INPUT|SELECT)$/.test(event.target.tagName) && event.target.type !== 'range') ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey
      )
        return;
      const keys = {
        ArrowRight: () => move(event.shiftKey ? 10 : 1),
        ArrowLeft: () => move(event.shiftKey ? -10 : -1),
        PageDown: () => move(100),
        PageUp: () => move(-100),
        Home: () => goto(0),
        End: () => goto(records.length - 1),
        n: () => storyStep(view.step + 1),
        p: () => storyStep(view.step - 1),
        l: () => $('language').click(),
        d: () => $('dark').click(),
        '+': () => {
          timeline.zoom(0.5, view.at);
          showPictures();
        },
        '-': () => {
          timeline.zoom(2, view.at);
          showPictures();
        },
      };
      const action = keys[event.key];
      if (action) {
        event.preventDefault();
        action();
      }
    };
    view.chinese = /^zh/.test(navigator.language || '');
    setDark(window.matchMedia && matchMedia('(prefers-color-scheme: dark)').matches);
    // #story=cow&step=3&at=100&lang=zh&theme=dark: a place in the page, to link to.
    const place = new URLSearchParams(location.hash.slice(1));
    if (place.has('lang')) view.chinese = place.get('lang') === 'zh';
    if (place.has('theme')) setDark(place.get('theme') === 'dark');
    words();
    if (stories.length) chooseStory(place.get('story') || stories[0].key);
    if (place.has('step')) storyStep(place.get('step') - 1);
    if (place.has('at')) goto(place.get('at') - 1);
    if (!stories.length && !place.has('at')) goto(0);
    // For tests.
    window.traceApp = {
      records,
      history,
      stories,
      goto,
      chooseStory,
      storyStep,
      view,
      walkTables,
      state: () => state,
      milliseconds: performance.now() - began,
    };
    document.documentElement.dataset.ready = 'yes';
  }

  start();
})();
