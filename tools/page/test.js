'use strict';
// Added to the page by `xtask trace-browser`: uses it as a person would, by keys
// and clicks, and compares what it shows with EXPECT, which the host has read from
// the records by itself. What is wrong goes into the element #result.
(function () {
  const wrong = [],
    $ = id => document.getElementById(id),
    app = window.traceApp;
  const is = (what, got, want) => {
    if (got !== want)
      wrong.push(`${what}: the page has ${JSON.stringify(got)}, the trace ${JSON.stringify(want)}`);
  };
  const key = (name, shift) =>
    document.dispatchEvent(
      new KeyboardEvent('keydown', { key: name, shiftKey: !!shift, bubbles: true, cancelable: true }),
    );
  const hex = n => '0x' + (n >>> 0).toString(16);
  let steps = 0,
    numbers = 0;

  /** The event that is shown is event i of the trace, and its numbers are right. */
  function shown(i, what) {
    const [name, nr, pid, args] = EXPECT.records[i];
    const where = $('where').textContent.split(' · ');
    is(`${what}: number`, where[0].replace(/\D+/g, ' ').trim(), `${i + 1} ${EXPECT.records.length}`);
    is(`${what}: name`, where[1], name);
    is(`${what}: process`, /\[(\d+)\]/.exec(where[2])[1], String(pid));
    const forms = new Set();
    for (const n of args.concat([nr, pid]))
      [n, n | 0, hex(n), '0' + n.toString(8), `${n & 0xffff}, ${n >>> 16}`, n >>> 26].forEach(form =>
        forms.add(String(form)),
      );
    for (const bold of $('sentence').querySelectorAll('b')) {
      const text = bold.textContent;
      if (!/^-?(0x)?[0-9a-f]+(, \d+)?$/.test(text)) continue;
      numbers++;
      if (!forms.has(text)) wrong.push(`${what}: ${text} is not in the record ${name} ${args}`);
    }
    const link = app.records.info(i).link;
    is(`${what}: links`, $('source').querySelectorAll('a').length, link ? 2 : 0);
    if (link && $('source').querySelector('a').getAttribute('href') !== link)
      wrong.push(`${what}: the link does not lead to ${link}`);
    if (!$('sentence').textContent) wrong.push(`${what}: no sentence for ${name}`);
    const [, , , [a, b, c, d]] = EXPECT.records[i];
    const entry = { PutPage: b, WpCopied: b, WpGivenBack: b, ForkShared: c, SharePage: c }[name];
    if (entry !== undefined) is(`${what}: table entry`, $('walk-entry').textContent, hex(entry));
    const count = { PutPage: c, WpCopied: 1, WpGivenBack: 1, ForkShared: d, SharePage: d }[name];
    if (count !== undefined && count !== 100)
      is(`${what}: count`, $('walk-count').textContent, String(count));
    if (name === 'TableMade') is(`${what}: directory entry`, $('walk-dir').textContent, hex(b));
    steps++;
  }

  try {
    for (const name of EXPECT.stories) {
      $('stories').value = name;
      $('stories').dispatchEvent(new Event('change'));
      is('story', app.view.story && app.view.story.key, name);
      const story = app.view.story;
      if (!story) continue;
      if (story.steps.length < (name === 'life' ? 35 : 7))
        wrong.push(`${name} has only ${story.steps.length} steps`);
      for (let n = 0; n < story.steps.length; n++) {
        is(`${name} step`, $('story-where').textContent, `${n + 1} / ${story.steps.length}`);
        if (!$('story-text').textContent.includes(story.steps[n].section))
          wrong.push(`${name} ${n}: no section`);
        shown(story.steps[n].event, `${name} step ${n + 1}`);
        if (n % 2) $('story-next').click();
        else key('n');
      }
      is(`${name}: at its end`, $('story-next').disabled, true);
      key('p');
      is(`${name}: back`, app.view.step, story.steps.length - 2);
      const sections = new Set(story.steps.map(step => step.section));
      for (const section of EXPECT.sections[name])
        if (!sections.has(section)) wrong.push(`${name}: section ${section} is missing`);
    }
    // Every event by key, from the middle of the trace, forth and back.
    $('stories').value = '';
    $('stories').dispatchEvent(new Event('change'));
    const middle = EXPECT.records.length >> 1;
    app.goto(middle);
    for (let i = 1; i <= 40; i++) {
      key('ArrowRight');
      shown(middle + i, `event ${middle + i}`);
    }
    for (let i = 39; i >= 0; i--) {
      key('ArrowLeft');
      shown(middle + i, `event ${middle + i} again`);
    }
    key('ArrowRight', true);
    is('ten further', app.view.at, middle + 10);
    key('Home');
    is('home', app.view.at, 0);
    // The end: slots, pages and counts are those of the kernel's last tables.
    key('End');
    is('end', app.view.at, EXPECT.records.length - 1);
    const checks = app.history.checks;
    is(
      "differences from the kernel's tables",
      checks.length > 0 && checks.every(check => check[1] === 0),
      true,
    );
    const cells = [...$('slots').children];
    is(
      'slots in use',
      cells.filter(cell => cell.className.includes('used')).length,
      Object.keys(EXPECT.slots).length,
    );
    for (const nr in EXPECT.slots)
      is(`pages of slot ${nr}`, /\D(\d*)$/.exec(cells[nr].textContent)[1] || '0', String(EXPECT.slots[nr]));
    const now = app.state().now;
    is('pages counted', now.counts.size, EXPECT.counts.length);
    for (const [page, count] of EXPECT.counts)
      if (now.counts.get(page >>> 12) !== count)
        wrong.push(`count of ${hex(page)}: ${now.counts.get(page >>> 12)}, kernel ${count}`);
    // By hand: an entry of a slot, a page of mem_map by arrow keys, a step of a story.
    key('Home');
    app.chooseStory('life');
    const shell = app.records.nr(app.view.story.steps[0].event);
    $('slots').children[shell].click();
    const entries = [...$('slot-detail').querySelectorAll('button')];
    is('entries of the shell', entries.length > 0, true);
    entries[entries.length - 1].click();
    is('the page of an entry', $('page-detail').textContent.startsWith(hex(app.view.page * 4096)), true);
    is('the walk of an entry', $('walk-slot').value, String(shell));
    is('the keyboard stays', document.activeElement.dataset.lin, entries[entries.length - 1].dataset.lin);
    const page = app.view.page;
    const arrow = { key: 'ArrowLeft', bubbles: true, cancelable: true };
    $('memory').dispatchEvent(new KeyboardEvent('keydown', arrow));
    is('the page before', app.view.page, page - 1);
    is('no event further', app.view.at, app.view.story.steps[0].event);
    $('story-steps').children[4].firstChild.click();
    is('a step that is clicked', app.view.step, 4);
    $('follow').click();
    // Where exec ends nothing is mapped at the program's first instruction.
    const done = app.view.story.steps.findIndex(step => app.records.name(step.event) === 'ExecDone');
    app.storyStep(done);
    is('after exec', $('walk').querySelectorAll('#walk-entry').length, 0);
    is('after exec, the slot', $('walk-slot').value, String(app.view.story.nr));
    key('End');
    // Both languages, both colours.
    const english = $('sentence').textContent;
    key('l');
    is(
      'language',
      english !== $('sentence').textContent && document.querySelectorAll('h1')[0].textContent.length > 0,
      true,
    );
    key('l');
    is('language again', $('sentence').textContent, english);
    const dark = document.documentElement.className;
    key('d');
    is('dark', document.documentElement.className !== dark, true);
  } catch (error) {
    wrong.push(`exception: ${error.stack}`);
  }

  // Speed: a step, wherever it leads.
  const began = performance.now(),
    jumps = 40;
  for (let i = 0; i < jumps; i++) app.goto(Math.floor(app.records.length * ((i * 0.618) % 1)));
  const out = document.createElement('pre');
  out.id = 'result';
  out.textContent = JSON.stringify({
    wrong: wrong.slice(0, 20),
    steps,
    numbers,
    open: Math.round(app.milliseconds),
    step: (performance.now() - began) / jumps,
    events: app.records.length,
  });
  document.body.append(out);
})();
