'use strict';
// Ready-made stories: the notes' chapters, each step an event of this very trace.
// A step: section, event, [English, Chinese].

/** Looks for events: `find(from, name, test)` gives the first index or -1. */
class Finder {
  constructor(records) { this.r = records; }
  find(from, name, test) {
    const id = this.r.id[name];
    for (let i = Math.max(0, from); i < this.r.length; i++) if (this.r.event(i) === id && (!test || test(i))) return i;
    return -1;
  }
  last(before, name, test) {
    const id = this.r.id[name];
    for (let i = before - 1; i >= 0; i--) if (this.r.event(i) === id && (!test || test(i))) return i;
    return -1;
  }
}

/** Chapter 4: one program from fork to exit. */
function lifeStory(records, program) {
  const r = records, f = new Finder(r), name = program.trim().split(/\s+/)[0].split('/').pop().slice(0, 15);
  const exec = f.find(0, 'ExecFile', i => r.text(i) === name);
  if (exec < 0) return null;
  const pid = r.pid(exec), nr = r.nr(exec), own = i => r.pid(i) === pid;
  const slot = f.last(exec, 'ForkSlot', i => r.arg(i, 1) === pid);
  if (slot < 0) return null;
  const father = r.pid(slot), steps = [];
  const his = i => r.pid(i) === father;
  let at = slot;
  const step = (section, index, en, zh) => { if (index >= 0) { steps.push({ section, event: index, text: [en, zh] }); at = index; } return index; };
  const next = (section, ev, en, zh, test) => step(section, f.find(at, ev, test), en, zh);
  const after = (section, ev, en, zh, test) => step(section, f.find(at + 1, ev, test), en, zh);

  step('4.1.1', f.last(slot, 'SysEnter', i => his(i) && r.arg(i, 0) === 2), `The shell (process ${father}) is to run ${name}. It calls fork; int 0x80 leads to sys_fork.`, `shell（进程 ${father}）要执行 ${name}，调用 fork，产生 int 0x80 软中断，最终映射到 sys_fork。`);
  step('4.1.1', slot, `find_empty_process finds slot ${nr} of task[64] and the number ${pid}. From the slot follow the 64 MB of linear space from ${hex(nr * SLOT)} and the GDT entries.`, `find_empty_process 在 task[64] 中找到空闲项 ${nr}，进程号 ${pid}。由项号决定 ${name} 处于从 ${hex(nr * SLOT)} 开始的 64 MB 线性地址空间，以及 LDT、TSS 与 GDT 哪两项挂接。`);
  next('4.1.2', 'ForkPage', 'The first thing copy_process does: a page for task_struct and kernel stack. Only the kernel reaches it.', 'copy_process 首先申请一个页面，用来承载 task_struct 和内核栈，只能由内核代码访问。', his);
  next('4.1.3', 'ForkCopied', 'The shell\'s task_struct is copied. The child is uninterruptible meanwhile: half-made, it must not be switched to.', 'shell 把自己的 task_struct 复制给子进程，并先设为不可中断状态，以免初始化未完成就被切换到。', his);
  step('4.1.4', at, 'What is the child\'s own: its number, its father, a full time slice by its priority, an empty signal bitmap.', '个性化设置：进程号、父进程号，按优先级给足时间片，信号位图清 0。');
  next('4.1.4', 'ForkTss', 'The TSS: the registers with which the child will go on where its father\'s call returns, with 0 in eax.', '设置 TSS 字段：子进程将在父进程系统调用返回处继续执行，eax 为 0。', his);
  next('4.1.5', 'ForkSegments', 'copy_mem gives the child its segments; the limit came with the LDT.', 'copy_mem 为子进程分段，设置段基址；段限长随 LDT 复制而来。', his);
  next('4.1.5', 'TableMade', 'A page for the child\'s page table; the kernel\'s, not the child\'s.', '为子进程的页表申请页面，归内核管理，子进程不能访问。', his);
  next('4.1.5', 'ForkShared', 'Entry by entry the child gets its father\'s pages. Both are read-only now, the count in mem_map is one more.', '逐项复制页表：子进程指向父进程的页面，双方都变为只读，mem_map 引用计数加 1。', his);
  next('4.1.5', 'ForkTables', 'Father and child share all pages.', '父子进程共享全部页面。', his);
  next('4.1.5', 'ForkFiles', 'The child inherits the shell\'s open files: counts of files and inodes rise.', '继承 shell 打开的文件：文件引用计数和 i 节点引用计数加 1。', his);
  next('4.1.6', 'ForkGdt', `TSS and LDT go into GDT entries ${4 + 2 * nr} and ${5 + 2 * nr}.`, `把 TSS 和 LDT 挂接到 GDT 的第 ${4 + 2 * nr} 项和第 ${5 + 2 * nr} 项。`, his);
  next('4.1.7', 'ForkReady', 'All is done: the child is runnable.', '创建工作结束，设置为就绪态，可以参与轮转。', his);

  step('4.2.1', exec, `The child calls execve for ${name}; the file is found.`, `子进程调用 execve 执行 ${name}，找到程序文件。`);
  next('4.2.1', 'ExecInode', 'Its inode tells whether it may be executed.', '通过 i 节点检测文件自身是否有问题。', own);
  next('4.2.1', 'ExecHeader', 'The header: code and data must fit 64 MB.', '通过文件头检测代码长度、数据长度能否容纳在 64 MB 线性地址空间内。', own);
  next('4.2.1', 'ExecArgs', 'Pages for arguments and environment.', '管理参数和环境变量所占用的页面。', own);
  next('4.2.1', 'ExecSignals', 'What was inherited of the shell\'s signal handling is cleared.', '把从 shell 继承的信号字段清 0。', own);
  next('4.2.2', 'Unmap', 'The sharing with the shell ends, page by page; the shell keeps its pages.', '逐页解除与 shell 的共享关系，不影响 shell 的运行。', own);
  next('4.2.2', 'TableFreed', 'The directory entry is cleared: P is 0.', '页目录项清零，P 位为 0。', own);
  next('4.2.2', 'TablesFreed', `The slot from ${hex(nr * SLOT)} maps nothing.`, `从 ${hex(nr * SLOT)} 开始的线性地址空间不再映射任何页面。`, own);
  next('4.2.3', 'ExecLdt', 'The LDT gets the new program\'s code and data segment.', '重新设置 LDT 的代码段和数据段。', own);
  next('4.2.4', 'ExecTask', 'brk, start_stack and the like are set: bookkeeping, not protection.', '设置 brk、start_stack 等字段，本质上是管理，不是保护。', own);
  next('4.2.4', 'ExecDone', `eip and esp are changed: the call returns into ${name}, whose pages are not there.`, `调整 EIP、ESP，使软中断返回后直接从 ${name} 开始位置执行，此时页目录项为 0。`, own);

  const fault = after('4.3.1', 'Fault', 'The first instruction: no page, page_fault, do_no_page. Not in memory yet, and no one else runs it.', '第一条指令就产生缺页中断，page_fault 调用 do_no_page：程序尚未加载，也没有别的进程可共享。', own);
  if (fault >= 0) {
    next('4.3.2', 'PageAlloc', 'A free page, noted in mem_map.', '在主内存申请空闲页面，在 mem_map 中登记。', own);
    next('4.3.3', 'LoadPage', 'Four blocks, 4 KB, of the program go into the page.', '一次加载 4 KB：从设备读入 4 块。', own);
    next('4.3.4', 'PutPage', 'The page table entry now leads from the linear address to the page.', '把物理页面与线性地址空间的地址对应起来。', own);
    for (let n = 0; n < 3; n++) after('4.3.5', 'LoadPage', 'And so on: each part of the program comes when it is touched.', '不断通过缺页中断加载程序的其余部分。', own);
  }
  after('4.3.6', 'StackGrow', 'The program runs; its stack grows into a new page.', '程序运行，压栈使栈增长到新的页面。', own);
  after('4.3.6', 'SysEnter', 'It prints something. What it pops from the stack frees no page.', '程序输出文字。清栈并不会立即回收页面。', i => own(i) && r.arg(i, 0) === 4);

  const exit = f.find(at, 'ExitBegin', own);
  if (exit >= 0) {
    step('4.4.1', f.last(exit, 'SysEnter', own), 'exit: sys_exit calls do_exit.', '调用 exit()，映射到 sys_exit()，由 do_exit() 处理。');
    step('4.4.1', exit, 'do_exit begins.', '进入 do_exit。');
    next('4.4.2', 'Unmap', 'Its pages are given back; what is in them stays there as garbage.', '释放程序占用的页面；页面中的数据成为垃圾。', own);
    next('4.4.2', 'TablesFreed', 'Tables and directory entries are cleared: it cannot find those pages any more.', '页表项和页目录项清零，进程再也找不到这些页面。', own);
    next('4.4.3', 'ExitFiles', 'It lets go of its files.', '解除与文件的关系。', own);
    next('4.4.3', 'ExitZombie', 'It is a zombie now.', '设置为僵死状态。', own);
    step('4.4.3', f.find(at, 'Wake', i => own(i) && r.arg(i, 1) === father), 'The shell, its father, is told and wakes up.', '通知父进程 shell，shell 被唤醒。');
    next('4.4.4', 'Switch', 'The last schedule: it never comes back.', '执行进程调度，从此不再返回。', own);
    next('4.4.4', 'WaitFound', 'The shell finds its dead child.', 'shell 发现子进程已退出。', i => r.arg(i, 1) === pid);
    next('4.4.4', 'Release', `It frees the page of the task_struct and task[${nr}], which the next process may have.`, `shell 释放 task_struct 所占的页面，task[${nr}] 清空，可被后续进程使用。`, i => r.arg(i, 1) === pid);
    next('4.4.4', 'PageFree', 'The last page is free.', '最后一个页面也归还了。');
  }
  return { key: 'life', title: [`Life of ${name}`, `${name} 的一生（第 4 章）`], steps, pid, nr };
}

/** Chapter 5: A and B share a page, A pushes, B pushes. */
function cowStory(records) {
  const r = records, f = new Finder(r);
  let best = null;
  for (let i = f.find(0, 'WpCopied'); i >= 0; i = f.find(i + 1, 'WpCopied')) {
    const lin = r.arg(i, 0), old = r.arg(i, 2), who = r.pid(i);
    const shared = f.last(i, 'ForkShared', k => r.arg(k, 2) >>> 12 === old >>> 12 && (r.arg(k, 0) >>> 12 === lin >>> 12 || r.arg(k, 1) >>> 12 === lin >>> 12));
    if (shared < 0 || r.arg(shared, 3) !== 2) continue;
    const isFather = r.arg(shared, 0) >>> 12 === lin >>> 12;
    const other = isFather ? r.arg(shared, 1) : r.arg(shared, 0);
    const back = f.find(i, 'WpGivenBack', k => r.arg(k, 0) >>> 12 === other >>> 12 && r.arg(k, 1) >>> 12 === old >>> 12);
    if (back < 0 || f.find(shared + 1, 'Release', k => k < i && r.arg(k, 1) === who) >= 0) continue;
    const inStack = lin % SLOT >= SLOT - (8 << 20);
    const score = (isFather ? 2 : 0) + (inStack ? 1 : 0);
    if (!best || score > best.score) best = { score, copied: i, shared, back, lin, other, old };
  }
  if (!best) return null;
  const { copied, shared, back, lin, other, old } = best, steps = [];
  const A = r.pid(copied), B = r.pid(back), nrA = lin >>> 26, nrB = other >>> 26;
  const step = (section, event, en, zh) => { if (event >= 0) steps.push({ section, event, text: [en, zh] }); };
  const faultA = f.last(copied, 'Fault', i => r.pid(i) === A && r.arg(i, 0) >>> 12 === lin >>> 12);
  const faultB = f.last(back, 'Fault', i => r.pid(i) === B && r.arg(i, 0) >>> 12 === other >>> 12);
  step('5.1', shared, `A (process ${A}, slot ${nrA}) and B (process ${B}, slot ${nrB}) share page ${hex(old)}: its count is 2, and it is read-only for both.`, `进程 A（${A}，任务 ${nrA}）和进程 B（${B}，任务 ${nrB}）共享页面 ${hex(old)}：引用计数为 2，双方都只读。`);
  step('5.2', Math.max(shared, faultA - 1), `A is about to push onto its stack, at ${hex(lin)}. Its entry is read-only.`, `进程 A 准备压栈，地址在 ${hex(lin)} 所在页面，页表项为只读。`);
  step('5.3', faultA, 'The push: a write-protection fault. do_wp_page calls un_wp_page.', '压栈产生“页写保护”中断，服务程序 un_wp_page 开始执行。');
  step('5.3', f.last(copied, 'PageAlloc', i => r.pid(i) === A), 'A free page is taken for A: the new page.', '在主内存中为 A 申请一个空闲页面（新页面）。');
  step('5.5', f.last(copied, 'CopyPage', i => r.pid(i) === A), 'The old page\'s contents are copied to it. (0.11 turns the entry first, then copies; nobody runs in between.)', '把原页面的内容复制到新页面。（0.11 先改页表项再复制，其间没有其他进程运行。）');
  step('5.4', copied, `A's entry leads to the new page, readable and writable. The old page's count is ${r.arg(copied, 3)}.`, `A 的页表项指向新页面，可读可写；原页面引用计数减为 ${r.arg(copied, 3)}。`);
  step('5.6', faultB, `B pushes: the same fault at ${hex(other)}.`, `轮到进程 B 压栈，在 ${hex(other)} 同样产生页写保护中断。`);
  step('5.6', back, 'The old page\'s count is 1: B is alone with it and simply gets write access back.', '原页面引用计数已是 1，只需把它改为可读可写，B 继续使用原页面。');
  return { key: 'cow', title: ['Copy on write', '写时复制（第 5 章）'], steps, pid: A, nr: nrA };
}

function hex(n) { return '0x' + (n >>> 0).toString(16); }

if (typeof module !== 'undefined') module.exports = { lifeStory, cowStory };
